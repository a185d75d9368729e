import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { LookupFailed } from '../../src/admission/grant-source.ts'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { ClusterGrants, type ClusterGrantsOptions } from '../../src/cluster/grants.ts'
import { type ClusterObserver, UNOBSERVED } from '../../src/cluster/observer.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { ClusterRecorder } from '../harness/stand-ins/cluster-recorder.ts'
import { FakeApiServer, grantPage, grantsPath, storedGrant } from '../harness/stand-ins/fake-api-server.ts'
import { until } from '../harness/until.ts'

const LIMITS = {
  knowledgeAge: 40_000,
  eachNamespace: { burst: 1, perSecond: 1 },
  allNamespaces: { burst: 0, perSecond: 0 },
}
const ignore = () => {}
const into = (namespace: string) => [{ namespace, kinds: [REFERENCE_GRANT] }]
const LIST = `${grantsPath('v1', 'billing')}?limit=500`

/** Returns the names of the cached grants that permit a route of `shop` to refer to a Service of `billing`. */
function namesIn(grants: ClusterGrants, service: string) {
  const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }
  const found = grants
    .cached()
    .grants.of(REFERENCE_GRANT)
    .permitting(from, 'billing', [{ group: '', kind: 'Service', name: service }])
  return found.grants.flatMap((grant) => grant?.name ?? [])
}

/** Grants of an API server whose answers the test gives, on a clock that only the test moves. */
async function start(t: TestContext, options: Partial<ClusterGrantsOptions> = {}) {
  const server = await FakeApiServer.start()
  t.after(() => server.close())
  const clock = { now: 0 }
  const counts = new ClusterRecorder()
  const grants = new ClusterGrants({
    observer: counts,
    api: new Api(connectionFrom({ kubeconfig: server.kubeconfig() })),
    logger: pino({ level: 'silent' }),
    now: () => clock.now,
    kinds: [REFERENCE_GRANT],
    limits: LIMITS,
    ...options,
  })
  return { server, grants, counts, clock }
}

test('where the budget is spent, it matters whether the last reads failed', { timeout: 300_000 }, async (t) => {
  const { server, grants, clock } = await start(t)
  const read = async () => {
    const taken: string[] = []
    await grants.fresh(into('billing'), 'shop', (namespace) => taken.push(namespace), new AbortController().signal)
    return taken
  }

  const failing = assert.rejects(read, LookupFailed)
  await server.discover({ v1: ['referencegrants'] })
  ;(await server.expect(LIST)).refuse(500)
  await failing
  await assert.rejects(read, LookupFailed, 'the budget is spent, and what is known may lack what is new')

  clock.now += 1_000
  const succeeding = read()
  ;(await server.expect(LIST)).answer(grantPage('1', []))
  assert.deepEqual(await succeeding, ['billing'])
  assert.deepEqual(await read(), [], 'the budget is spent, and what is known has to do')

  // The previous read has cost a little more than its token.
  clock.now += 2_000
  const client = new AbortController()
  const left = assert.rejects(grants.fresh(into('billing'), 'shop', ignore, client.signal), LookupFailed)
  const list = await server.expect(LIST)
  client.abort()
  await left
  assert.deepEqual(await read(), [], 'a client that left while it waited is no failure')
  list.answer(grantPage('1', []))
})

test('a failure names what the API server did, and only that', { timeout: 300_000 }, async (t) => {
  const limits = { ...LIMITS, eachNamespace: { burst: 10, perSecond: 1 } }
  const { server, grants } = await start(t, { limits })
  const reasonOf = (signal = new AbortController().signal) =>
    grants.fresh(into('billing'), 'shop', ignore, signal).then(
      () => assert.fail('the read succeeded'),
      (error) => {
        assert.ok(error instanceof LookupFailed)
        return error.message
      },
    )

  const absent = reasonOf()
  await server.discover({ v1: ['httproutes'] })
  assert.equal(await absent, 'the API server does not serve kind ReferenceGrant now')

  const forbidden = reasonOf()
  await server.discover({ v1: ['referencegrants'] })
  ;(await server.expect(LIST)).refuse(403)
  assert.equal(await forbidden, 'the API server answered HTTP 403')

  const foreign = { metadata: { namespace: 'shop', name: 'x' }, spec: {} }
  for (const other of [{ kind: 'Status' }, 'no list', grantPage('1', [foreign])]) {
    const unusable = reasonOf()
    ;(await server.expect(LIST)).answer(other)
    assert.equal(await unusable, 'the API server did not answer with a list of grants')
  }

  const late = new AbortController()
  const waiting = reasonOf(late.signal)
  const list = await server.expect(LIST)
  late.abort(new DOMException('as scripted', 'TimeoutError'))
  assert.equal(await waiting, 'the API server did not answer in time')
  list.answer(grantPage('1', []))

  const broken = reasonOf()
  ;(await server.expect(LIST)).begin(200).cut()
  assert.equal(await broken, 'the API server could not be reached')
})

test('reviews of invalid namespaces share one budget', { timeout: 300_000 }, async (t) => {
  const { grants, counts } = await start(t)
  const leaving = new AbortController()
  const first = grants.fresh(into('billing'), 'x'.repeat(1_000), ignore, leaving.signal).catch(ignore)
  await grants.fresh(into('other'), 'y'.repeat(1_000), ignore, leaving.signal)
  assert.equal(counts.freshReads.over_budget, 1)
  leaving.abort()
  await first
})

test('a read that fails after its readers left does not end the process', { timeout: 300_000 }, async (t) => {
  const unhandled = t.mock.fn()
  process.on('unhandledRejection', unhandled)
  t.after(() => process.off('unhandledRejection', unhandled))
  const { server, grants, counts } = await start(t)
  const late = grants.fresh(into('billing'), 'shop', ignore, AbortSignal.abort(new Error('too late')))
  const leaving = new AbortController()
  const left = grants.fresh(into('other'), 'store', ignore, leaving.signal)
  await assert.rejects(late, LookupFailed)
  const asked = [await server.expect('/apis'), await server.expect('/apis')]
  leaving.abort()
  await assert.rejects(left, LookupFailed)
  for (const exchange of asked) exchange.cut()
  await until('both have failed', () => counts.freshReads.failed === 2)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(unhandled.mock.callCount(), 0)
})

test('who follows a namespace hears of each change of its cached grants', { timeout: 300_000 }, async (t) => {
  const { server, grants } = await start(t)
  const stop = new AbortController()
  const ended = grants.run(stop.signal)
  const heard: string[] = []
  const leave = grants.onAdded('billing', () => heard.push(namesIn(grants, 'payments').join()))
  grants.onAdded('other', () => heard.push('of another namespace'))
  await server.discover({ v1: ['referencegrants'] })
  ;(await server.expect(`${grantsPath('v1')}?limit=500`)).answer(grantPage('1', [storedGrant('first', 'refunds', '1')]))
  const watch = (await server.next('a watch')).begin(200)
  const event = (type: string, ...grant: Parameters<typeof storedGrant>) => ({ type, object: storedGrant(...grant) })
  watch.send(event('MODIFIED', 'first', 'refunds', '2'), event('ADDED', 'second', 'payments', '3'))
  await until('the second is cached', () => grants.size === 2)
  watch.send(event('DELETED', 'second', 'payments', '4'))
  await until('the second is deleted', () => grants.size === 1)
  leave()
  watch.send(event('ADDED', 'third', 'payments', '5'))
  await until('the third is cached', () => grants.size === 2)
  assert.deepEqual(heard, ['', 'second'])
  stop.abort()
  await ended
})

test('each grant that is not cached is reported, and each incomplete namespace is logged once', {
  timeout: 300_000,
}, async (t) => {
  const told: string[] = []
  const tell = (what: string) => (resource: string, namespace: string) => told.push(`${what} ${namespace} ${resource}`)
  const observer: ClusterObserver = {
    ...UNOBSERVED,
    skipped: tell('skipped'),
    evicted: tell('evicted'),
  }
  const log: { msg: string; namespace?: string }[] = []
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line)) })
  const { server, grants } = await start(t, { observer, logger, indexLimits: { all: 4_000, eachNamespace: 2_000 } })
  const stop = new AbortController()
  const ended = grants.run(stop.signal)
  await server.discover({ v1: ['referencegrants'] })
  const items = Array.from({ length: 20 }, (_, at) => storedGrant(`grant-${at}`, 'x'.repeat(300), '1'))
  ;(await server.expect(`${grantsPath('v1')}?limit=500`)).answer(grantPage('1', items))
  await until('they are listed', () => grants.age < Infinity)
  stop.abort()
  await ended
  const resource = 'referencegrants.gateway.networking.k8s.io'
  const skipped = `skipped billing ${resource}`
  assert.ok(grants.size > 0 && grants.size < 20)
  assert.equal(told.filter((one) => one === skipped).length, 20 - grants.size)
  assert.deepEqual(
    told.filter((one) => one !== skipped),
    [],
  )
  assert.equal(log.filter(({ namespace }) => namespace === 'billing').length, 1)
})
