import { type GrantKind, REFERENCE_GRANT } from '../policy/grant-kinds.ts'
import type { GroupKind } from '../policy/reference.ts'
import { type Api, ApiError } from './api.ts'

/**
 * Versions of ReferenceGrant that are known to have one shape, the best first; v1beta1 is served by every release since
 * v0.6.
 */
const VERSIONS = ['v1', 'v1beta1', 'v1alpha2']

/** The versions in which grants of a kind can be read, the best first; undefined for any that its group has. */
function readable(kind: GrantKind): readonly string[] | undefined {
  if (kind === REFERENCE_GRANT) return VERSIONS
  return kind.version === undefined ? undefined : [kind.version]
}

const ABSENT = Symbol('absent')

/** A kind as the API server serves it in one version. */
export interface ServedKind extends GroupKind {
  readonly plural: string
  readonly namespaced: boolean
  /** The API path of its group and version. */
  readonly path: string
}

/**
 * The API path at which the best version of a grant kind is listed, or undefined if discovery lists none, which proves
 * nothing by itself (see `confirmAbsent`).
 *
 * @throws ApiError, or Error if the API server cannot be reached
 */
export async function discoverGrants(api: Api, grants: GrantKind, signal: AbortSignal): Promise<string | undefined> {
  const served = await versionsOf(api, grants.group, signal)
  const best = readable(grants)?.filter((known) => served.includes(known)) ?? served
  for (const version of best) {
    const kinds = await kindsOf(api, grants.group, version, signal)
    const kind = kinds.find(({ plural }) => plural === grants.plural)
    if (kind) return kind.path
  }
  return undefined
}

/**
 * Makes sure that the resource itself answers 404 in every version that it could have: those that can be read, and those
 * that its group has. Discovery alone proves no absence: for a moment a starting API server lists the groups without those
 * of CRDs.
 *
 * @throws Error if it is there, or the API server cannot be reached; ApiError for any other failure: nothing is known then
 */
export async function confirmAbsent(api: Api, grants: GrantKind, signal: AbortSignal): Promise<void> {
  const group = `/apis/${grants.group}`
  const known = readable(grants) ?? []
  for (const version of new Set([...known, ...(await versionsAt(api, group, signal))])) {
    const path = `${group}/${version}/${grants.plural}`
    if ((await unlessAbsent(api, `${path}?limit=1`, signal)) !== ABSENT)
      throw new Error(`${path} is served, but discovery lists no version of it that can be read`)
  }
}

/** The versions of a group, by the group's own answer; none where that is 404. */
async function versionsAt(api: Api, path: string, signal: AbortSignal): Promise<string[]> {
  const answer = await unlessAbsent(api, path, signal)
  return answer === ABSENT ? [] : listIn<{ version: string }>(answer, 'versions', path).map(({ version }) => version)
}

/** What is at a path, or ABSENT if the answer is 404. */
async function unlessAbsent(api: Api, path: string, signal: AbortSignal): Promise<unknown> {
  try {
    return await api.get(path, signal)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return ABSENT
    throw error
  }
}

/** The kinds of a group, each in the first version that serves it, the preferred one first; none for an absent group. */
export async function discoverKinds(api: Api, group: string, signal: AbortSignal): Promise<ServedKind[]> {
  const kinds = new Map<string, ServedKind>()
  for (const version of await versionsOf(api, group, signal)) {
    for (const kind of await kindsOf(api, group, version, signal)) if (!kinds.has(kind.kind)) kinds.set(kind.kind, kind)
  }
  return [...kinds.values()]
}

async function versionsOf(api: Api, group: string, signal: AbortSignal): Promise<string[]> {
  if (group === '') return ['v1']
  const path = '/apis'
  const groups = listIn<{ name: string; versions: { version: string }[] }>(await api.get(path, signal), 'groups', path)
  return groups.find(({ name }) => name === group)?.versions.map(({ version }) => version) ?? []
}

async function kindsOf(api: Api, group: string, version: string, signal: AbortSignal): Promise<ServedKind[]> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const answer = await api.get(path, signal)
  return listIn<{ name: string; kind: string; namespaced: boolean }>(answer, 'resources', path)
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced }) => ({ group, kind, plural: name, namespaced, path }))
}

/** The list under a name in an answer of discovery; without one, nothing is known. */
function listIn<T>(answer: unknown, name: string, path: string): T[] {
  const list = (answer as Record<string, unknown> | null)?.[name]
  if (!Array.isArray(list)) throw new Error(`${path}: the answer has no list of ${name}`)
  return list
}
