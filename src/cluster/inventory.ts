import type { Catalogue, ReferrerKind } from '../policy/catalogue.ts'
import { type Grant, parseGrant } from '../policy/grant.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import type { ObjectName } from '../policy/reference.ts'
import type { NamedObject } from '../policy/survey.ts'
import type { Api } from './api.ts'
import { discoverGrants, discoverKinds } from './discovery.ts'
import { listPages } from './list.ts'

/** What a cluster holds of the catalogue's kinds, and its grants. */
export interface Inventory {
  readonly objects: readonly NamedObject[]
  readonly grants: readonly { readonly grant: Grant; readonly object: unknown }[]
  /** What could not be listed, in words; the rest is complete without it. */
  readonly problems: readonly string[]
}

/**
 * Lists the objects of every kind of the catalogue that the cluster serves, and all grants, with the caller's rights.
 *
 * @param tell called with what is going to be listed
 * @throws ApiError, or Error, if the grants cannot be listed or the API server cannot be reached: no verdict is possible
 */
export async function takeInventory(
  api: Api,
  catalogue: Catalogue,
  tell: (what: string) => void,
  signal: AbortSignal,
): Promise<Inventory> {
  const grants: Inventory['grants'][number][] = []
  for (const kind of catalogue.grantKinds) {
    tell(kind.plural)
    const path = await discoverGrants(api, kind, signal)
    if (path) grants.push(...(await listPages(api, `${path}/${kind.plural}`, grantOf(kind), signal)).items.flat())
  }
  const objects: NamedObject[] = []
  const problems: string[] = []
  for (const [group, referrers] of Map.groupBy(catalogue.referrers(), (referrer) => referrer.group)) {
    const served = await discoverKinds(api, group, signal)
    for (const referrer of referrers) {
      const kind = served.find(({ kind }) => kind === referrer.kind)
      if (!kind) continue
      tell(referrer.plural)
      try {
        const { items } = await listPages(api, `${kind.path}/${kind.plural}`, named(referrer), signal)
        objects.push(...items)
      } catch (error) {
        problems.push(`cannot list ${referrer.plural}.${group}: ${(error as Error).message}`)
      }
    }
  }
  return { objects, grants, problems }
}

function grantOf(kind: GrantKind): (object: unknown) => Inventory['grants'] {
  return (object) => {
    const grant = parseGrant(object, kind)
    return grant ? [{ grant, object }] : []
  }
}

function named({ group, kind }: ReferrerKind): (item: unknown) => NamedObject {
  return (item) => {
    const { namespace, name } = (item as { metadata: Pick<ObjectName, 'namespace' | 'name'> }).metadata
    // Managed fields are half of an object, and nothing reads them.
    const { spec, metadata: _, ...rest } = item as Record<string, unknown>
    return { name: { group, kind, namespace, name }, object: { ...rest, spec } }
  }
}
