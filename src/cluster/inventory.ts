import type { Shape } from '../json/shape.ts'
import type { Coverage } from '../policy/coverage.ts'
import { type Grant, parseGrant } from '../policy/grant.ts'
import type { GroupKind, ObjectName } from '../policy/reference.ts'
import type { NamedObject } from '../policy/survey.ts'
import { objectTitle } from '../wording/objects.ts'
import { listRights } from '../wording/rights.ts'
import type { Api } from './api.ts'
import { ApiError } from './api-error.ts'
import { discover, discoverKinds } from './discovery.ts'
import { grantResource } from './grant-resource.ts'
import { listPages } from './list.ts'
import { listPath } from './paths.ts'

/** The most that is kept of one object, in MiB of its JSON: twice what etcd stores by default. */
const LARGEST_OBJECT = 3

/** The objects of a cluster whose kinds are judged, and its grants. */
export interface Inventory {
  readonly objects: readonly NamedObject[]
  readonly grants: readonly { readonly grant: Grant; readonly object: unknown }[]
  /** Namespaces with a grant that could not be read: it may permit a reference that no other grant permits. */
  readonly unknown: ReadonlySet<string>
  /** A sentence for each kind that could not be listed, one for all that the caller may not list, and one for each object that could not be read. */
  readonly problems: readonly string[]
}

/** Which objects to list. */
export interface Scope {
  /** Lists only this namespace; without it, the whole cluster. */
  readonly namespace?: string | undefined
}

/**
 * Lists the objects of every judged kind that the cluster serves, and all grants, with the caller's rights.
 * It keeps the name and the judged parts of each object.
 *
 * @param tell called with the resource before each list
 * @throws ApiError or Error if the grants cannot be listed or the API server cannot be reached: a verdict is not
 *   possible
 */
export async function takeInventory(
  api: Api,
  coverage: Coverage,
  tell: (what: string) => void,
  signal: AbortSignal,
  scope: Scope = {},
): Promise<Inventory> {
  const problems: string[] = []
  const { grants, unknown } = await takeGrants(api, coverage, tell, problems, signal, scope)
  const objects: NamedObject[] = []
  const forbidden: { what: string; error: ApiError }[] = []
  for (const [group, referrers] of Map.groupBy(coverage.referrers(), (referrer) => referrer.group)) {
    const served = await discoverKinds(api, group, signal)
    for (const referrer of referrers) {
      const kind = served.find(({ kind }) => kind === referrer.kind)
      if (!kind) continue
      tell(referrer.plural)
      const roots = coverage.fieldsOf(referrer).map(({ steps: [root = ''] }) => root)
      try {
        const listed = await listObjects(
          api,
          listPath(kind.path, kind.plural, scope.namespace),
          referrer,
          roots,
          signal,
        )
        for (const object of listed.read) objects.push(object)
        for (const { problem } of listed.unread) problems.push(problem)
      } catch (error) {
        const what = `${referrer.plural}.${group}`
        if (error instanceof ApiError && error.status === 403) forbidden.push({ what, error })
        else problems.push(cannotList(what, error as Error))
      }
    }
  }
  problems.push(...forbiddenLines(forbidden, scope))
  return { objects, grants, unknown, problems }
}

const cannotList = (what: string, { message }: Error) => `cannot list ${what}: ${message}`

/** Returns one line for all kinds that the API server does not let the caller list. */
function forbiddenLines(forbidden: readonly { what: string; error: ApiError }[], { namespace }: Scope): string[] {
  const [first, ...others] = forbidden
  if (!first) return []
  const all = forbidden.map(({ what }) => what).join(', ')
  const reason = `HTTP 403: the API server does not permit the user to list these ${forbidden.length} kinds`
  const line = others.length === 0 ? cannotList(first.what, first.error) : `cannot list ${all}: ${reason}`
  return [`${line}; ${listRights(namespace)}`]
}

async function takeGrants(
  api: Api,
  { grantKinds }: Coverage,
  tell: (what: string) => void,
  problems: string[],
  signal: AbortSignal,
  scope: Scope,
): Promise<Pick<Inventory, 'grants' | 'unknown'>> {
  const grants: Inventory['grants'][number][] = []
  const unknown = new Set<string>()
  for (const kind of grantKinds) {
    tell(kind.plural)
    const path = await discover(api, grantResource(kind), signal)
    if (path === undefined) continue
    const { read, unread } = await listObjects(api, listPath(path, kind.plural, scope.namespace), kind, [], signal)
    for (const { object } of read) {
      const grant = parseGrant(object, kind)
      if (grant) grants.push({ grant, object })
    }
    for (const { name, problem } of unread) {
      unknown.add(name.namespace)
      problems.push(problem)
    }
  }
  return { grants, unknown }
}

/** The objects of a kind that could be read, and those that could not, each with the problem. */
interface Objects {
  readonly read: NamedObject[]
  readonly unread: { readonly name: ObjectName; readonly problem: string }[]
}

/** Lists the objects of a kind, each with its name and these parts. */
export async function listObjects(
  api: Api,
  path: string,
  { group, kind }: GroupKind,
  roots: readonly string[],
  signal: AbortSignal,
): Promise<Objects> {
  // `spec` tells whether a route is a mesh route, wherever its guarded fields are.
  const judged = [...roots, 'spec'].map((root): [string, Shape] => [root, 'whole'])
  const shape: Shape = { metadata: { name: 'whole', namespace: 'whole' }, ...Object.fromEntries(judged) }
  let listed: Objects = { read: [], unread: [] }
  const sink = {
    begin: () => {
      listed = { read: [], unread: [] }
    },
    take: (object: unknown, whole: boolean) => {
      const { metadata } = (object ?? {}) as { metadata?: { name?: unknown; namespace?: unknown } }
      const { name = '', namespace = '' } = metadata ?? {}
      const named = { group, kind, namespace: String(namespace), name: String(name) }
      if (whole && named.name !== '' && named.namespace !== '') listed.read.push({ name: named, object })
      else listed.unread.push({ name: named, problem: unreadable(named, whole) })
    },
  }
  await listPages(api, path, shape, sink, signal, { most: LARGEST_OBJECT * 1024 * 1024 })
  return listed
}

function unreadable(name: ObjectName, whole: boolean): string {
  const problem = whole ? 'it lacks a name or a namespace' : `its judged part is larger than ${LARGEST_OBJECT} MiB`
  return `cannot read ${objectTitle(name)}: ${problem}`
}
