import type { Coverage } from '../policy/coverage.ts'
import { type GrantKind, REFERENCE_GRANT, REFERENCE_POLICY } from '../policy/grant-kinds.ts'
import type { Candidate } from '../policy/near-miss.ts'
import { presets } from '../policy/presets.ts'
import { quote } from '../wording/quote.ts'
import type { Api } from './api.ts'
import { ApiError } from './api-error.ts'
import { discover } from './discovery.ts'
import { grantResource } from './grant-resource.ts'
import { listObjects } from './inventory.ts'
import { listPath } from './paths.ts'
import { nameOf } from './resource.ts'

/** The grants that a caller may read. */
export interface ReadableGrants {
  /** The grants of every kind, those that count and those that do not. */
  readonly candidates: readonly Candidate[]
  /** The namespaces of which not every grant that counts was read. */
  readonly unknown: ReadonlySet<string>
  /** The version of each kind that the cluster serves. */
  readonly versions: ReadonlyMap<GrantKind, string>
  /** Sentences about what the caller may not list, and what could not be read. */
  readonly unread: readonly string[]
}

/**
 * Lists the grants of all namespaces or, if the caller may not do so, those of the given ones.
 *
 * @param namespaces the namespaces that matter most
 * @param tell called with the resource before each list
 * @throws ApiError or Error if the API server cannot be reached, or fails for another reason than missing rights
 */
export async function readableGrants(
  api: Api,
  coverage: Coverage,
  namespaces: ReadonlySet<string>,
  tell: (what: string) => void,
  signal: AbortSignal,
): Promise<ReadableGrants> {
  const candidates: Candidate[] = []
  const unknown = new Set<string>()
  const versions = new Map<GrantKind, string>()
  const unread: string[] = []
  for (const kind of new Set([...coverage.grantKinds, ...others()])) {
    tell(kind.plural)
    const path = await discover(api, grantResource(kind), signal)
    if (path === undefined) {
      if (kind === REFERENCE_GRANT)
        unread.push(`the cluster does not serve ${nameOf(kind)}, so it has no grants of this kind`)
      continue
    }
    versions.set(kind, path.slice(path.lastIndexOf('/') + 1))
    const read = await listWhereAllowed(api, path, kind, namespaces, signal)
    // A call takes only some 100,000 arguments, and a cluster may have more grants.
    for (const one of read.candidates) candidates.push(one)
    for (const one of read.unread) unread.push(one)
    if (coverage.grantKinds.includes(kind)) for (const namespace of read.unknown) unknown.add(namespace)
  }
  return { candidates, unknown, versions, unread }
}

/** The kinds whose objects are taken for grants by mistake: the old name of ReferenceGrant, and those of presets. */
const others = (): GrantKind[] => [
  REFERENCE_POLICY,
  ...Object.values(presets).flatMap((one): readonly GrantKind[] => one.grantKinds),
]

async function listWhereAllowed(
  api: Api,
  path: string,
  kind: GrantKind,
  namespaces: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Omit<ReadableGrants, 'versions'>> {
  const all = await unlessForbidden(() => listObjects(api, listPath(path, kind.plural), kind, [], signal))
  const unread: string[] = []
  const unknown = new Set<string>()
  const lists = [all]
  // Without a namespace, no grant is needed.
  if (!all && namespaces.size > 0) {
    const read: string[] = []
    for (const namespace of namespaces) {
      const list = await unlessForbidden(() =>
        listObjects(api, listPath(path, kind.plural, namespace), kind, [], signal),
      )
      lists.push(list)
      if (list) read.push(quote(namespace))
      else unknown.add(namespace)
    }
    unread.push(forbidden(kind, read, [...unknown].map(quote)))
  }
  // A list names the version and the kind of its items once.
  const apiVersion = path.split('/').slice(2).join('/')
  const candidates: Candidate[] = []
  for (const list of lists) {
    for (const { name, object } of list?.read ?? [])
      candidates.push({ name, object: { apiVersion, kind: kind.kind, ...(object as object) } })
    for (const { name, problem } of list?.unread ?? []) {
      unknown.add(name.namespace)
      unread.push(problem)
    }
  }
  return { candidates, unknown, unread }
}

/** Returns a sentence about the namespaces whose grants may not be listed. */
function forbidden(kind: GrantKind, read: readonly string[], not: readonly string[]): string {
  const resource = nameOf(kind)
  const named = (names: readonly string[]) => `namespace${names.length === 1 ? '' : 's'} ${names.join(', ')}`
  if (not.length > 0) return `you may not list ${resource} in ${named(not)}`
  return `you may not list ${resource} in all namespaces; this searched only ${named(read)}`
}

/** Returns undefined if the API server answers that the caller lacks the right. */
export async function unlessForbidden<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
  }
}
