import type { GroupKind } from '../policy/reference.ts'
import { type Api, ApiError } from './api.ts'
import { nameOf, type Resource } from './resource.ts'

/** The versions of the core group, which discovery tells in a form of its own. */
const CORE = ['v1']

const ABSENT = Symbol('absent')

/** A kind as the API server serves it in one version. */
export interface ServedKind extends GroupKind {
  readonly plural: string
  readonly namespaced: boolean
  /** The API path of its group and version. */
  readonly path: string
}

/** What is looked for. */
type Sought = Pick<Resource<unknown>, 'group' | 'plural' | 'versions'>

/**
 * The API path at which the best version of a resource is listed, or undefined if discovery lists none, which proves
 * nothing by itself (see `confirmAbsent`).
 *
 * @throws ApiError, or Error if the API server cannot be reached
 */
export async function discover(api: Api, sought: Sought, signal: AbortSignal): Promise<string | undefined> {
  const served = await versionsOf(api, sought.group, signal)
  const best = sought.versions?.filter((known) => served.includes(known)) ?? served
  for (const version of best) {
    const kinds = await kindsOf(api, sought.group, version, signal)
    const kind = kinds.find(({ plural }) => plural === sought.plural)
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
export async function confirmAbsent(api: Api, sought: Sought, signal: AbortSignal): Promise<void> {
  const { group, plural, versions = [] } = sought
  for (const version of new Set([...versions, ...(await versionsAt(api, group, signal))])) {
    const path = `${pathOf(group, version)}/${plural}`
    if ((await unlessAbsent(api, `${path}?limit=1`, signal)) !== ABSENT)
      throw new Error(`${path} is served, but discovery lists no version of ${nameOf(sought)} that can be read`)
  }
}

/** The versions of a group, by the group's own answer; none where that is 404. */
async function versionsAt(api: Api, group: string, signal: AbortSignal): Promise<readonly string[]> {
  if (group === '') return CORE
  const path = `/apis/${group}`
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

async function versionsOf(api: Api, group: string, signal: AbortSignal): Promise<readonly string[]> {
  if (group === '') return CORE
  const path = '/apis'
  const groups = listIn<{ name: string; versions: { version: string }[] }>(await api.get(path, signal), 'groups', path)
  return groups.find(({ name }) => name === group)?.versions.map(({ version }) => version) ?? []
}

async function kindsOf(api: Api, group: string, version: string, signal: AbortSignal): Promise<ServedKind[]> {
  const path = pathOf(group, version)
  const answer = await api.get(path, signal)
  return listIn<{ name: string; kind: string; namespaced: boolean }>(answer, 'resources', path)
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced }) => ({ group, kind, plural: name, namespaced, path }))
}

function pathOf(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`
}

/** The list under a name in an answer of discovery; without one, nothing is known. */
function listIn<T>(answer: unknown, name: string, path: string): T[] {
  const list = (answer as Record<string, unknown> | null)?.[name]
  if (!Array.isArray(list)) throw new Error(`${path}: the answer has no list of ${name}`)
  return list
}
