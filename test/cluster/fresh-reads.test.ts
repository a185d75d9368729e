import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Api } from '../../src/cluster/api.ts'
import type { Charge } from '../../src/cluster/budget.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { FairQueue } from '../../src/cluster/fair-queue.ts'
import { FreshReads } from '../../src/cluster/fresh-reads.ts'
import { ReadingRoom } from '../../src/cluster/reading-room.ts'
import type { ReadResult } from '../../src/cluster/shared-read.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { judge } from '../../src/policy/judge.ts'
import { ClusterRecorder } from '../harness/stand-ins/cluster-recorder.ts'
import {
  type Exchange,
  FakeApiServer,
  grantPage,
  grantsPath,
  storedGrant,
} from '../harness/stand-ins/fake-api-server.ts'

const served = { v1: ['referencegrants'] }
const listOf = (namespace: string, version = 'v1') => `${grantsPath(version, namespace)}?limit=500`
const affordable = (): Charge => () => {}

async function start(t: TestContext) {
  const server = await FakeApiServer.start()
  t.after(() => server.close())
  const api = new Api(connectionFrom({ kubeconfig: server.kubeconfig() }))
  const known = { absent: false }
  const counts = new ClusterRecorder()
  const reads = new FreshReads({
    api,
    kind: REFERENCE_GRANT,
    queues: { small: new FairQueue(8, 1_000), large: new FairQueue(1, 1_000) },
    cached: () => 0,
    reading: new ReadingRoom(1024 * 1024),
    most: 1_000_000,
    observer: counts,
    now: () => performance.now(),
    absent: () => known.absent,
  })
  const read = (namespace: string, afford: () => Charge | undefined = affordable) => {
    const result = reads.read(namespace, 'shop', afford)
    assert.ok(result)
    return result
  }
  return { server, reads, counts, read, known }
}

/** Fresh reads that know the API's version, and have a first read of `billing` in flight. */
async function reading(t: TestContext) {
  const started = await start(t)
  const running = started.read('billing')
  await started.server.discover(served)
  return { ...started, running, list: await started.server.expect(listOf('billing')) }
}

const answer = (exchange: Exchange, name: string) =>
  exchange.answer(grantPage('1', [storedGrant(name, 'payments', '1')]))
const names = async (read: Promise<ReadResult>) => [...(await read).grants].map(({ name }) => name)

suite('a fresh read', { timeout: 300_000 }, () => {
  test('of a namespace with an invalid name sends no request', async (t) => {
    const { server, read } = await reading(t)
    for (const namespace of ['..', '.', '', 'a/../b?c=d', 'Shop'])
      assert.deepEqual(await Promise.race([names(read(namespace)), server.next()]), [])
  })

  test('without an answer fails after ten seconds', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { counts, running } = await reading(t)
    const failed = assert.rejects(running, { name: 'TimeoutError' })
    t.mock.timers.tick(10_000)
    await failed
    assert.equal(counts.freshReads.failed, 1)
  })

  test('returns the grants of its namespace', async (t) => {
    const { counts, running, list } = await reading(t)
    answer(list, 'first')
    const { grants } = await running
    assert.deepEqual([...grants], [{ namespace: 'billing', name: 'first' }])
    const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' }
    const to = { group: '', kind: 'Service', namespace: 'billing', name: 'payments' }
    const other = { ...to, name: 'ledger' }
    const verdicts = judge(
      [
        { from, to, path: '' },
        { from, to: other, path: '' },
      ],
      { of: () => grants },
    )
    assert.deepEqual(
      verdicts.map(({ permitted }) => permitted),
      [true, false],
    )
    assert.deepEqual(counts.freshReads, { started: 1, shared: 0, failed: 0, over_budget: 0 })
  })

  test('whose answer has a grant of another namespace fails', async (t) => {
    const { running, list } = await reading(t)
    list.answer(grantPage('1', [storedGrant('first', 'payments', '1'), { metadata: { namespace: 'shop', name: 'x' } }]))
    await assert.rejects(running, { message: /the answer for namespace billing has a ReferenceGrant of another one$/ })
  })

  test('of a namespace that turns out large begins again among the large ones, and then goes on', async (t) => {
    const { server, counts, running, list } = await reading(t)
    const large = storedGrant('first', 'x'.repeat(300_000), '1')
    list.answer(grantPage('1', [large]))
    const again = await server.expect(listOf('billing'))
    again.answer(grantPage('1', [large, storedGrant('second', 'payments', '1')]))
    assert.deepEqual(await names(running), ['second'])
    assert.equal(counts.freshReads.failed, 0)
  })

  test('that began before a reader came does not answer that reader; all who come meanwhile share the next', async (t) => {
    const { server, counts, read, running, list } = await reading(t)
    const [second, third, fourth] = [read('billing'), read('billing'), read('billing')]
    assert.deepEqual(counts.freshReads, { started: 1, shared: 2, failed: 0, over_budget: 0 })
    answer(list, 'before')
    assert.deepEqual(await names(running), ['before'])
    answer(await server.expect(listOf('billing')), 'after')
    assert.deepEqual(await Promise.all([second, third, fourth].map(names)), [['after'], ['after'], ['after']])
    assert.deepEqual(counts.freshReads, { started: 2, shared: 2, failed: 0, over_budget: 0 })
    assert.equal(server.asked.filter((path) => path === listOf('billing')).length, 2)
  })

  test('that is about to begin also answers readers that come as the one before it ends', async (t) => {
    const { server, counts, read, running, list } = await reading(t)
    const second = read('billing')
    const third = running.then(() => read('billing'))
    answer(list, 'before')
    answer(await server.expect(listOf('billing')), 'after')
    assert.deepEqual(await Promise.all([second, third].map(names)), [['after'], ['after']])
    assert.deepEqual(counts.freshReads, { started: 2, shared: 1, failed: 0, over_budget: 0 })
  })

  test('that waited does not answer readers that come after it began', async (t) => {
    const { server, read, list } = await reading(t)
    const second = read('billing')
    answer(list, 'one')
    const next = await server.expect(listOf('billing'))
    const third = read('billing')
    answer(next, 'two')
    assert.deepEqual(await names(second), ['two'])
    answer(await server.expect(listOf('billing')), 'three')
    assert.deepEqual(await names(third), ['three'])
  })

  test('begins immediately when no other is in flight', async (t) => {
    const { server, counts, read, running, list } = await reading(t)
    answer(list, 'one')
    await running
    const second = read('billing')
    assert.equal(counts.freshReads.started, 2)
    answer(await server.expect(listOf('billing')), 'two')
    assert.deepEqual(await names(second), ['two'])
  })

  test('does not wait for the read of another namespace', async (t) => {
    const { server, read, running, list } = await reading(t)
    const other = read('shop')
    ;(await server.expect(listOf('shop'))).answer(grantPage('1', [{ metadata: { namespace: 'shop', name: 'other' } }]))
    assert.deepEqual(await names(other), ['other'])
    answer(list, 'first')
    assert.deepEqual(await names(running), ['first'])
  })

  test('that fails does not fail the one that waits for it or a later one', async (t) => {
    const { server, counts, read, running, list } = await reading(t)
    const second = read('billing')
    list.refuse(500)
    await assert.rejects(running, { status: 500 })
    answer(await server.expect(listOf('billing')), 'second')
    assert.deepEqual(await names(second), ['second'])
    const third = read('billing')
    ;(await server.expect(listOf('billing'))).refuse(403)
    await assert.rejects(third, { status: 403 })
    const fourth = read('billing')
    ;(await server.expect(listOf('billing'))).cut()
    await assert.rejects(fourth, { code: 'ECONNRESET' })
    const fifth = read('billing')
    answer(await server.expect(listOf('billing')), 'fifth')
    assert.deepEqual(await names(fifth), ['fifth'])
    assert.deepEqual(counts.freshReads, { started: 5, shared: 0, failed: 3, over_budget: 0 })
  })
})

suite('the budget of fresh reads', { timeout: 300_000 }, () => {
  test('is not charged for readers that share a read', async (t) => {
    const { server, counts, read, list } = await reading(t)
    let asked = 0
    const afford = () => {
      asked += 1
      return asked === 1 ? affordable() : undefined
    }
    const waiting = [read('billing', afford), read('billing', afford)]
    assert.equal(asked, 1)
    answer(list, 'one')
    answer(await server.expect(listOf('billing')), 'two')
    assert.deepEqual(await Promise.all(waiting.map(names)), [['two'], ['two']])
    assert.deepEqual(counts.freshReads, { started: 2, shared: 1, failed: 0, over_budget: 0 })
  })

  test('when spent prevents a read, now and later', async (t) => {
    const { server, reads, counts, running, list } = await reading(t)
    assert.equal(
      reads.read('shop', 'store', () => undefined),
      undefined,
    )
    assert.equal(
      reads.read('billing', 'store', () => undefined),
      undefined,
    )
    answer(list, 'first')
    await running
    assert.deepEqual(counts.freshReads, { started: 1, shared: 0, failed: 0, over_budget: 2 })
    assert.deepEqual(server.asked.slice(2), [listOf('billing')])
  })
})

suite('when the version that was known is not served any more, a fresh read', { timeout: 300_000 }, () => {
  /** A read that a server that served v1 refuses with 404. */
  async function refused(t: TestContext) {
    const { server, read, running, list, known } = await reading(t)
    answer(list, 'first')
    await running
    const second = read('billing')
    ;(await server.expect(listOf('billing'))).refuse(404)
    return { server, read, second, known }
  }

  test('fails if a new discovery does not list the API: one answer may be incomplete', async (t) => {
    const { server, second } = await refused(t)
    await server.discover({ v1: ['httproutes'] })
    await assert.rejects(second, /does not serve kind ReferenceGrant/)
  })

  const group = '/apis/gateway.networking.k8s.io'

  test('returns no grants if the API is known to be absent, and the resource itself answers 404', async (t) => {
    const { server, read, second, known } = await refused(t)
    known.absent = true
    await server.discover({ v1: ['httproutes'] })
    ;(await server.expect(group)).answer({ versions: [{ version: 'v1' }] })
    for (const version of ['v1', 'v1beta1', 'v1alpha2'])
      (await server.expect(`${grantsPath(version)}?limit=1`)).refuse(404)
    assert.deepEqual(await names(second), [])
    const third = read('billing')
    await server.discover(served)
    answer(await server.expect(listOf('billing')), 'third')
    assert.deepEqual(await names(third), ['third'])
  })

  for (const status of [200, 403, 503])
    test(`fails if the API was absent, but the resource answers ${status}: an API server may be starting`, async (t) => {
      const { server, second, known } = await refused(t)
      known.absent = true
      await server.discover({})
      ;(await server.expect(group)).refuse(404)
      ;(await server.expect(`${grantsPath('v1')}?limit=1`)).answer({}, status)
      await assert.rejects(
        second,
        status === 200 ? /is served, but discovery does not list a supported version/ : { status },
      )
    })

  test('uses the version that a new discovery finds, and later reads use it too', async (t) => {
    const { server, read, second } = await refused(t)
    await server.discover({ v1beta1: ['referencegrants'] })
    answer(await server.expect(listOf('billing', 'v1beta1')), 'second')
    assert.deepEqual(await names(second), ['second'])
    const third = read('billing')
    answer(await server.expect(listOf('billing', 'v1beta1')), 'third')
    assert.deepEqual(await names(third), ['third'])
  })

  test('fails if discovery fails', async (t) => {
    const { server, second } = await refused(t)
    ;(await server.expect('/apis')).refuse(503)
    await assert.rejects(second, { status: 503 })
  })

  test('fails if discovery lists a version that is not served', async (t) => {
    const { server, second } = await refused(t)
    await server.discover(served)
    ;(await server.expect(listOf('billing'))).refuse(404)
    await assert.rejects(second, { status: 404 })
  })
})
