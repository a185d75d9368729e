import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { FairQueue } from '../../src/cluster/fair-queue.ts'
import { NamespaceReads } from '../../src/cluster/namespace-reads.ts'
import type { ReadResult } from '../../src/cluster/shared-read.ts'
import { GrantIndex } from '../../src/policy/grant-index.ts'

/** The time after which a read is slow, in ms. */
const SLOW = 1_000

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Reads that the test ends, on a clock that only the test moves. */
function start(t: TestContext, queue = new FairQueue(8, 60_000)) {
  const clock = { now: 0 }
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const begun: { own: boolean; signal: AbortSignal; end: (bytes: number) => void; fail: (error: Error) => void }[] = []
  const reads = new NamespaceReads(
    (signal, own) => {
      const { promise, resolve, reject } = Promise.withResolvers<ReadResult>()
      signal.addEventListener('abort', () => reject(signal.reason))
      begun.push({ own, signal, end: (bytes) => resolve({ grants: new GrantIndex(), bytes }), fail: reject })
      return promise
    },
    () => queue,
    () => clock.now,
    () => {},
  )
  const pass = async (ms: number) => {
    clock.now += ms
    t.mock.timers.tick(ms)
    await turn()
  }
  /** Joins a read, and records its result. */
  const join = (owner = 'shop', signal?: AbortSignal) => {
    const state: { bytes?: number; error?: unknown } = {}
    reads.join(owner, signal).then(
      ({ bytes }) => {
        state.bytes = bytes
      },
      (error) => {
        state.error = error
      },
    )
    return state
  }
  const running = () => begun.filter(({ signal }) => !signal.aborted).length
  return { reads, begun, pass, join, running }
}

suite('reads of one namespace', () => {
  test('a second read begins beside a slow one, on its own connection, and answers for both', async (t) => {
    const { begun, pass, join, reads } = start(t)
    const first = join()
    await pass(SLOW - 1)
    assert.equal(begun.length, 1)
    await pass(1)
    assert.deepEqual(
      begun.map(({ own }) => own),
      [false, true],
    )
    begun[1]?.end(2)
    await turn()
    assert.deepEqual(first, { bytes: 2 })
    assert.equal(begun[0]?.signal.aborted, true, 'the slow one is given up')
    await turn()
    assert.ok(reads.idle)
  })

  test('readers do not wait for a slow read: those who come meanwhile share the one that begins beside it', async (t) => {
    const { begun, pass, join } = start(t)
    join()
    await pass(SLOW / 2)
    const [second, third] = [join(), join('store')]
    assert.equal(begun.length, 1)
    await pass(SLOW / 2)
    assert.equal(begun.length, 2)
    begun[1]?.end(2)
    await turn()
    assert.deepEqual([second, third], [{ bytes: 2 }, { bytes: 2 }])
  })

  test('at most two reads are in flight, and a third one replaces the younger', async (t) => {
    const { begun, pass, join, running } = start(t)
    const first = join()
    await pass(SLOW)
    const second = join()
    await pass(SLOW)
    const third = join()
    await pass(SLOW)
    assert.equal(begun.length, 4)
    assert.equal(running(), 2)
    assert.deepEqual(
      begun.map(({ signal }) => signal.aborted),
      [false, true, true, false],
    )
    begun[0]?.end(1)
    await turn()
    assert.deepEqual([first, second, third], [{ bytes: 1 }, {}, {}])
    begun[3]?.end(4)
    await turn()
    assert.deepEqual([second, third], [{ bytes: 4 }, { bytes: 4 }])
  })

  test('readers of a read that fails get the result of the one beside it', async (t) => {
    const { begun, pass, join } = start(t)
    const first = join()
    await pass(SLOW)
    begun[0]?.fail(new Error('broken'))
    await turn()
    assert.deepEqual(first, {})
    begun[1]?.end(2)
    await turn()
    assert.deepEqual(first, { bytes: 2 })
  })

  test('where all reads fail, their readers get the failure, and a new read begins for the next ones', async (t) => {
    const { begun, pass, join } = start(t)
    const first = join()
    await pass(SLOW)
    begun[1]?.fail(new Error('two'))
    await turn()
    assert.deepEqual(first, {}, 'the first may still end')
    const error = new Error('one')
    begun[0]?.fail(error)
    await turn()
    assert.deepEqual(first, { error })
    await turn()
    const second = join()
    begun[2]?.end(3)
    await turn()
    assert.deepEqual(second, { bytes: 3 })
  })

  test('a third read does not begin without a new reader', async (t) => {
    const { begun, pass, join } = start(t)
    join()
    for (let second = 0; second < 8; second += 1) await pass(SLOW)
    assert.equal(begun.length, 2)
  })

  test('a read does not begin after all its readers left', async (t) => {
    const { begun, pass, join, reads } = start(t)
    join()
    const [one, other] = [new AbortController(), new AbortController()]
    for (const { signal } of [one, other]) void reads.join('store', signal).catch(() => {})
    one.abort()
    begun[0]?.end(1)
    await turn()
    assert.equal(begun.length, 1, 'it waits for its turn')
    other.abort()
    await turn()
    await pass(SLOW)
    assert.deepEqual([begun.length, reads.idle], [1, true])
  })

  test('the signal of a reader does not keep its reads in memory once they have ended', async (t) => {
    const review = new AbortController()
    const queue = new FairQueue(8, 60_000)
    const { promise: others, resolve: othersEnd } = Promise.withResolvers<void>()
    for (let other = 0; other < 8; other += 1) queue.add(['other'], { begin: () => others, giveUp() {} })
    const read = t.mock.fn(async () => ({ grants: new GrantIndex(), bytes: 1 }))
    for (let namespace = 0; namespace < 8; namespace += 1) {
      const reads = new NamespaceReads(
        read,
        () => queue,
        () => 0,
        () => {},
      )
      void reads.join('shop', review.signal)
    }
    assert.equal(getEventListeners(review.signal, 'abort').length, 8)
    // After this, objects with only weak references are gone.
    await turn()
    collectGarbage()
    othersEnd()
    // A turn to begin the reads, and one to end them.
    await turn()
    await turn()
    assert.equal(read.mock.callCount(), 8)
    assert.equal(getEventListeners(review.signal, 'abort').length, 0)
  })

  test('the second read beside a slow one is made even if a later reader leaves', async (t) => {
    const { begun, pass, join } = start(t, new FairQueue(1, 2 * SLOW))
    const first = join()
    await pass(SLOW)
    assert.equal(begun.length, 1, 'the second one waits for its turn')
    const leaving = new AbortController()
    join('other', leaving.signal)
    leaving.abort()
    await pass(SLOW)
    assert.equal(begun.length, 2)
    begun[1]?.end(2)
    await turn()
    assert.deepEqual(first, { bytes: 2 })
  })

  test('the second read beside a slow one is not made if all readers left', async (t) => {
    const { begun, pass, reads } = start(t, new FairQueue(1, 2 * SLOW))
    const review = new AbortController()
    void reads.join('shop', review.signal).catch(() => {})
    await pass(SLOW)
    review.abort()
    await pass(SLOW)
    assert.equal(begun.length, 1)
    begun[0]?.end(1)
    await pass(0)
    assert.ok(reads.idle)
  })
})
