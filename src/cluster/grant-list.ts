import { type Grant, parseGrant } from '../policy/grant.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import type { Api } from './api.ts'
import { GRANT_SHAPE, LARGEST_GRANT } from './grant-shape.ts'
import { listPages } from './list.ts'

/** All grants at one moment, and the resource version of that moment. */
export interface GrantList {
  readonly grants: Grant[]
  readonly resourceVersion: string
}

/**
 * A consistent list, as new as its request: no resource version is named, so the API server makes sure that it has
 * seen all writes before. Source: Kubernetes API concepts, "Semantics for get and list".
 *
 * @param kind the kind of grants
 * @param path the API path of its version, as discovered
 * @param namespace one namespace, or undefined for all
 * @throws ApiError, or Error if the API server cannot be reached
 */
export async function listGrants(
  api: Api,
  kind: GrantKind,
  path: string,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<GrantList> {
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  let grants: Grant[] = []
  const sink = {
    begin: () => {
      grants = []
    },
    take: (object: unknown, whole: boolean) => {
      const grant = parseGrant(object, kind)
      // Missing in the list of all, it costs a read of its namespace, and then it is not known what that permits.
      if (!whole && namespace !== undefined)
        throw new Error(`a ${kind.kind} in namespace ${namespace} is too large to read`)
      if (whole && grant) grants.push(grant)
    },
  }
  const options = { most: LARGEST_GRANT }
  const { resourceVersion } = await listPages(api, `${path}${place}/${kind.plural}`, GRANT_SHAPE, sink, signal, options)
  return { grants, resourceVersion }
}
