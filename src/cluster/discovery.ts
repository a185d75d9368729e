import type { GroupKind } from '../policy/reference.ts'
import type { Api } from './api.ts'
import { ApiError } from './api-error.ts'
import { nameOf, type Resource } from './resource.ts'

/** The versions of the core group, which `/apis` does not list. */
const CORE = ['v1']

const ABSENT = Symbol('absent')

/** A kind that the API server serves in one version. */
export interface ServedKind extends GroupKind {
  readonly plural: string
  readonly namespaced: boolean
  /** The API path of its group and version. */
  readonly path: string
}

/** The resource to look for. */
type Target = Pick<Resource<unknown>, 'group' | 'plural' | 'versions'>

/**
 * Returns the API path of the best version of a resource, or undefined if discovery lists none. That alone does not
 * prove that the resource is absent (see `confirmAbsent`).
 *
 * @throws ApiError, or Error if the API server cannot be reached
 */
export async function discover(api: Api, target: Target, signal: AbortSignal): Promise<string | undefined> {
  const served = await versionsOf(api, target.group, signal)
  const best = target.versions?.filter((known) => served.includes(known)) ?? served
  for (const version of best) {
    const kinds = await kindsOf(api, target.group, version, signal)
    const kind = kinds.find(({ plural }) => plural === target.plural)
    if (kind) return kind.path
  }
  return undefined
}

/**
 * Confirms that a resource is absent: it answers 404 in every supported version and in every version of its group.
 * Discovery alone is not a proof: an API server that starts lists its groups without those of CRDs for a moment.
 *
 * @throws Error if the resource is served or the API server cannot be reached; ApiError for any other failure
 */
export async function confirmAbsent(api: Api, target: Target, signal: AbortSignal): Promise<void> {
  const { group, plural, versions = [] } = target
  for (const version of new Set([...versions, ...(await versionsAt(api, group, signal))])) {
    const path = `${pathOf(group, version)}/${plural}`
    if ((await getUnlessAbsent(api, `${path}?limit=1`, signal)) !== ABSENT)
      throw new Error(`${path} is served, but discovery does not list a supported version of ${nameOf(target)}`)
  }
}

/** Returns the versions of a group from its own path; none if that answers 404. */
async function versionsAt(api: Api, group: string, signal: AbortSignal): Promise<readonly string[]> {
  if (group === '') return CORE
  const path = `/apis/${group}`
  const answer = await getUnlessAbsent(api, path, signal)
  return answer === ABSENT ? [] : listIn<{ version: string }>(answer, 'versions', path).map(({ version }) => version)
}

/** Returns the JSON at a path, or ABSENT if the answer is 404. */
async function getUnlessAbsent(api: Api, path: string, signal: AbortSignal): Promise<unknown> {
  try {
    return await api.get(path, signal)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return ABSENT
    throw error
  }
}

/**
 * Returns the kinds of a group, each in the first version that serves it. The preferred version comes first. An absent
 * group has none.
 */
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

/**
 * Returns the list under a name in an answer of discovery.
 *
 * @throws Error if the answer does not have it
 */
function listIn<T>(answer: unknown, name: string, path: string): T[] {
  const list = (answer as Record<string, unknown> | null)?.[name]
  if (!Array.isArray(list)) throw new Error(`${path}: the answer has no list of ${name}`)
  return list
}
