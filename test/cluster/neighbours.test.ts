import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { LookupFailed } from '../../src/admission/grant-source.ts'
import type { Api, RequestOptions } from '../../src/cluster/api.ts'
import { ClusterGrants } from '../../src/cluster/grants.ts'
import type { ProjectorOptions } from '../../src/json/projector.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'

const GROUP = 'gateway.networking.k8s.io'

/** The namespaces of a tenant; each refers to another namespace, which is the tenant's, too. */
const NAMESPACES = 200

/** More than a small list has, in bytes. */
const MANY = 1024 * 1024

/** How many large lists are made at once. */
const LARGE = 4

const SECOND = 1_000

/** A list in flight. */
interface List {
  readonly namespace: string
  readonly signal: AbortSignal
  readonly received: (bytes: number) => void
  readonly end: () => void
}

/** A cluster whose lists the test ends, and a timer that only the test moves. */
function start(t: TestContext) {
  const clock = { now: 0 }
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const open = new Set<List>()
  const api = {
    get: async (path: string) =>
      path === '/apis'
        ? { groups: [{ name: GROUP, versions: [{ version: 'v1' }] }] }
        : { resources: [{ name: 'referencegrants', kind: 'ReferenceGrant', namespaced: true }] },
    project(path: string, keep: ProjectorOptions, signal: AbortSignal, options: RequestOptions) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const [, namespace = ''] = /namespaces\/([^/]+)\//.exec(path) ?? []
      const fail = (error: unknown) => {
        open.delete(list)
        reject(error)
      }
      const received = (bytes: number) => {
        try {
          options.received?.(bytes)
        } catch (error) {
          fail(error)
        }
      }
      const end = () => {
        open.delete(list)
        keep.document({ metadata: { resourceVersion: '1' }, items: 0 }, true, { bytes: 0, values: 0, nesting: 0 })
        resolve()
      }
      const list = { namespace, signal, received, end }
      open.add(list)
      signal.addEventListener('abort', () => fail(signal.reason))
      return promise
    },
  }
  const rate = { burst: 20, perSecond: 5 }
  const grants = new ClusterGrants({
    api: api as unknown as Api,
    logger: pino({ level: 'silent' }),
    now: () => clock.now,
    kinds: [REFERENCE_GRANT],
    limits: { knowledgeAge: 40_000, eachNamespace: rate, allNamespaces: rate },
  })
  const stay = new AbortController()
  /** Begins a fresh read for a review, and returns how it ended. */
  const review = (namespace: string, referrer: string) =>
    grants
      .fresh([{ namespace, kinds: [REFERENCE_GRANT] }], referrer, () => {}, stay.signal)
      .then(
        () => 'read',
        (error) => (error instanceof LookupFailed ? 'failed' : error),
      )
  const flood = (target: string) => {
    for (let at = 0; at < NAMESPACES; at += 1) void review(`${target}-${at}`, `tenant-${at}`)
  }
  const settle = async () => {
    for (let turns = 0; turns < 20; turns += 1) await turn()
  }
  const pass = async (ms: number) => {
    clock.now += ms
    t.mock.timers.tick(ms)
    await settle()
  }
  const openOf = (namespace: string) => [...open].filter((list) => list.namespace.startsWith(namespace))
  return { review, flood, settle, pass, openOf }
}

/** Ends all lists of these namespaces, which are large. */
async function endLarge({ settle, openOf }: ReturnType<typeof start>, namespace: string): Promise<void> {
  for (; openOf(namespace).length > 0; await settle()) {
    for (const { received } of openOf(namespace)) received(MANY)
    for (const { end } of openOf(namespace)) end()
  }
}

/** Lets a review of a neighbour read a namespace with few grants, while the lists of the tenant stay open. */
async function assertReads({ review, settle, openOf }: ReturnType<typeof start>, referrer: string): Promise<void> {
  const neighbour = review('billing', referrer)
  await settle()
  const [list, ...more] = openOf('billing')
  assert.ok(list && more.length === 0, 'the read of the neighbour has begun')
  list.end()
  assert.equal(await neighbour, 'read')
}

test('lists of 200 namespaces that turn out large do not delay the read of a neighbour', async (t) => {
  const started = start(t)
  const { flood, settle, openOf } = started
  flood('full')
  await settle()
  for (; openOf('full').length > LARGE; await settle()) for (const { received } of openOf('full')) received(MANY)
  await assertReads(started, 'shop')
})

test('lists of 200 namespaces that were large before do not delay the read of a neighbour, and few are made at once', async (t) => {
  const started = start(t)
  const { flood, settle, openOf } = started
  flood('full')
  await settle()
  await endLarge(started, 'full')
  flood('full')
  await settle()
  assert.equal(openOf('full').length, LARGE)
  for (let at = 0; at < 5; at += 1) await assertReads(started, 'shop')
})

test('a namespace that is small again is read without a wait for large ones', async (t) => {
  const started = start(t)
  const { review, flood, settle, openOf } = started
  const large = review('billing', 'shop')
  await settle()
  await endLarge(started, 'billing')
  assert.equal(await large, 'read')
  const small = review('billing', 'shop')
  await settle()
  for (const { end } of openOf('billing')) end()
  assert.equal(await small, 'read')
  flood('full')
  await settle()
  await endLarge(started, 'full')
  flood('full')
  await settle()
  await assertReads(started, 'shop')
})

test('where no list is answered, no read waits for one that is older than a second', async (t) => {
  const { review, flood, pass, openOf } = start(t)
  // Each second, the tenant's reviews want reads of further namespaces; in the end, each of its namespaces had a turn.
  for (let second = 0; second < 15; second += 1) {
    flood(`silent-${second}`)
    await pass(SECOND)
  }
  // Its namespace has caused no read, so it goes first.
  void review('billing', 'shop')
  await pass(SECOND)
  assert.equal(openOf('billing').length, 1)
  assert.ok(openOf('').length <= 64, `${openOf('').length} reads at once`)
})

test('where each list takes longer than a second, a burst of first reads does not delay the first read of a neighbour', async (t) => {
  const { review, flood, settle, pass, openOf } = start(t)
  flood('slow')
  await settle()
  void review('billing', 'shop')
  await pass(SECOND)
  assert.equal(openOf('billing').length, 1)
})
