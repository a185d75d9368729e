import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { LookupFailed } from '../../src/admission/grant-source.ts'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { ClusterGrants } from '../../src/cluster/grants.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { FakeApiServer, grantPage, grantsPath } from '../harness/stand-ins/fake-api-server.ts'
import { until } from '../harness/until.ts'

const LIMITS = {
  knowledgeAge: 40_000,
  eachNamespace: { burst: 1, perSecond: 1 },
  allNamespaces: { burst: 0, perSecond: 0 },
}
const ignore = () => {}
const LIST = `${grantsPath('v1', 'billing')}?limit=500`

/** Grants of an API server that the test answers for, on a clock that only it moves. */
async function start(t: TestContext) {
  const server = await FakeApiServer.start()
  t.after(() => server.close())
  const clock = { now: 0 }
  const grants = new ClusterGrants({
    api: new Api(connectionFrom({ kubeconfig: server.kubeconfig() })),
    logger: pino({ level: 'silent' }),
    now: () => clock.now,
    kinds: [REFERENCE_GRANT],
    limits: LIMITS,
  })
  return { server, grants, clock }
}

test('where the budget is spent, it matters whether the last reads failed', { timeout: 30_000 }, async (t) => {
  const { server, grants, clock } = await start(t)
  const read = async () => {
    const taken: string[] = []
    await grants.fresh(['billing'], 'shop', (namespace) => taken.push(namespace), new AbortController().signal)
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

  // The read before has cost a little more than its token.
  clock.now += 2_000
  const client = new AbortController()
  const left = assert.rejects(grants.fresh(['billing'], 'shop', ignore, client.signal), LookupFailed)
  const list = await server.expect(LIST)
  client.abort()
  await left
  assert.deepEqual(await read(), [], 'a client that left while it waited is no failure')
  list.answer(grantPage('1', []))
})

test('reviews of made-up namespaces share one budget', { timeout: 30_000 }, async (t) => {
  const { grants } = await start(t)
  const leaving = new AbortController()
  const first = grants.fresh(['billing'], 'x'.repeat(1_000), ignore, leaving.signal).catch(ignore)
  await grants.fresh(['other'], 'y'.repeat(1_000), ignore, leaving.signal)
  assert.equal(grants.freshReads.over_budget, 1)
  leaving.abort()
  await first
})

test("a read that fails when nobody waits for it any more is nobody's failure", { timeout: 30_000 }, async (t) => {
  const unhandled = t.mock.fn()
  process.on('unhandledRejection', unhandled)
  t.after(() => process.off('unhandledRejection', unhandled))
  const { server, grants } = await start(t)
  const late = grants.fresh(['billing'], 'shop', ignore, AbortSignal.abort(new Error('too late')))
  const leaving = new AbortController()
  const left = grants.fresh(['other'], 'store', ignore, leaving.signal)
  await assert.rejects(late, LookupFailed)
  const asked = [await server.expect('/apis'), await server.expect('/apis')]
  leaving.abort()
  await assert.rejects(left, LookupFailed)
  for (const exchange of asked) exchange.cut()
  await until('both have failed', () => grants.freshReads.failed === 2)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(unhandled.mock.callCount(), 0)
})
