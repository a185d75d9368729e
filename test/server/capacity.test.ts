import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Capacity } from '../../src/server/capacity.ts'
import { MARGIN } from '../../src/server/deadline.ts'
import { limitsIn } from '../../src/server/limits.ts'
import { ServerRecorder } from '../harness/stand-ins/server-recorder.ts'

const MIB = 1024 * 1024
const NONE = { bodies: 0, values: 0, answers: 0 }

/** The capacity of a container of 256 MiB, with a clock that a test sets. */
function start() {
  const clock = { now: 0 }
  const observer = new ServerRecorder()
  return {
    clock,
    capacity: new Capacity(() => clock.now, observer, limitsIn(256 * MIB)),
    turnedAway: observer.turnedAway,
  }
}

test('a thousand reviews are in flight at once; one more is dropped until one is finished', () => {
  const { capacity, turnedAway } = start()
  const allowances = Array.from({ length: 1_000 }, () => capacity.enter(10_000 - MARGIN))
  for (const allowance of allowances) assert.equal(allowance.startReview(), undefined)
  assert.equal(capacity.enter(10_000 - MARGIN).startReview(), 'reviews')
  allowances[0]?.finish()
  assert.equal(capacity.enter(10_000 - MARGIN).startReview(), undefined)
  assert.deepEqual(turnedAway, ['reviews'])
  assert.equal(capacity.counts.reviews, 1_000)
})

test('requests together have 64 MiB, and bodies a quarter of it; a dropped request holds nothing', () => {
  const { capacity } = start()
  const large = capacity.enter(10_000 - MARGIN)
  assert.equal(large.reserve('bodies', 14 * MIB), undefined)
  assert.equal(capacity.enter(10_000 - MARGIN).reserve('bodies', 5 * MIB), 'memory')
  assert.equal(large.reserve('values', 49 * MIB), undefined)
  const other = capacity.enter(10_000 - MARGIN)
  assert.equal(other.reserve('bodies', MIB), undefined)
  assert.equal(capacity.enter(10_000 - MARGIN).reserve('values', 1), 'memory')
  other.leave(true)
  assert.deepEqual(capacity.held, { ...NONE, bodies: 14 * MIB, values: 49 * MIB })
  large.leave(false)
  large.leave(false)
  assert.deepEqual(capacity.held, NONE)
})

test('a smaller body evicts the largest incoming one, but not one that has arrived', () => {
  const { capacity, turnedAway } = start()
  const dropped: string[] = []
  const arriving = (name: string, bytes: number) => {
    const allowance = capacity.enter(10_000 - MARGIN)
    allowance.startArrival((evicted) => dropped.push(`${name}: ${evicted}`))
    assert.equal(allowance.reserve('bodies', bytes), undefined)
    return allowance
  }
  const arrived = arriving('arrived', 6 * MIB)
  arrived.endArrival()
  arriving('larger', 3 * MIB)
  arriving('largest', 5 * MIB)
  arriving('small', 2 * MIB)
  const next = arriving('next', MIB)
  assert.deepEqual(dropped, ['largest: memory'])
  assert.equal(next.reserve('bodies', 4 * MIB), undefined)
  assert.equal(next.reserve('bodies', 4 * MIB), 'memory', 'none on its way is larger')
  assert.deepEqual(turnedAway, ['memory', 'memory'])
  assert.equal(capacity.held.bodies, 11 * MIB)
})

test('a smaller review evicts the largest one that waits for look-ups', () => {
  const { capacity, turnedAway } = start()
  const reviewing = (bytes: number) => {
    const allowance = capacity.enter(10_000 - MARGIN)
    assert.equal(allowance.startReview(), undefined)
    assert.equal(allowance.reserve('values', bytes), undefined)
    return { allowance, signal: allowance.startLookUps(Infinity) }
  }
  const [large, largest, small] = [reviewing(20 * MIB), reviewing(30 * MIB), reviewing(14 * MIB - 1_000)]
  const next = capacity.enter(10_000 - MARGIN)
  assert.equal(next.reserve('bodies', 1_000), undefined)
  assert.equal(next.reserve('values', 10_000), undefined)
  assert.deepEqual([large.signal.aborted, largest.signal.aborted, small.signal.aborted], [false, true, false])
  assert.deepEqual([largest.allowance.evicted, largest.allowance.holds('all'), capacity.counts.reviews], [true, 0, 2])
  assert.equal(capacity.enter(10_000 - MARGIN).reserve('values', 60 * MIB), 'memory', 'none is larger')
  assert.deepEqual(turnedAway, ['memory', 'memory'])
  // Its judgement ends when its look-ups have.
  largest.allowance.finish()
  large.allowance.finish()
  assert.equal(capacity.enter(10_000 - MARGIN).reserve('values', 21 * MIB), undefined)
  assert.deepEqual([small.signal.aborted, capacity.counts.reviews], [false, 1])
})

test('a review that waits for look-ups keeps only the memory that it names, and never more than it had', () => {
  const { capacity } = start()
  const reviewing = capacity.enter(10_000 - MARGIN)
  reviewing.startReview()
  reviewing.reserve('values', MIB)
  reviewing.startLookUps(1_000)
  assert.deepEqual([capacity.held, reviewing.holds('all')], [{ ...NONE, values: 1_000 }, 1_000])
  reviewing.finish()
  assert.deepEqual(capacity.held, NONE)
  const small = capacity.enter(10_000 - MARGIN)
  small.startReview()
  small.reserve('values', 100)
  small.startLookUps(1_000)
  assert.deepEqual(capacity.held, { ...NONE, values: 100 })
})

test('a body beyond the memory for bodies does not evict a review that waits for look-ups', () => {
  const { capacity } = start()
  const reviewing = capacity.enter(10_000 - MARGIN)
  assert.equal(reviewing.startReview(), undefined)
  assert.equal(reviewing.reserve('values', 20 * MIB), undefined)
  const signal = reviewing.startLookUps(Infinity)
  assert.equal(capacity.enter(10_000 - MARGIN).reserve('bodies', 16 * MIB), undefined)
  assert.equal(capacity.enter(10_000 - MARGIN).reserve('bodies', MIB), 'memory')
  assert.deepEqual([signal.aborted, capacity.counts.reviews], [false, 1])
})

test('an answer counts until it is sent', () => {
  const { capacity } = start()
  const allowance = capacity.enter(10_000 - MARGIN)
  allowance.startReview()
  allowance.reserve('values', MIB)
  allowance.holdAnswer(1_000)
  allowance.finish()
  assert.deepEqual(capacity.held, { ...NONE, answers: 1_000 })
  allowance.leave(true)
  assert.deepEqual(capacity.held, NONE)
})

test('a request holds nothing after its client closes the connection while it is read or waits', () => {
  const { capacity } = start()
  const allowance = capacity.enter(10_000 - MARGIN)
  let told = 0
  allowance.startArrival(() => {
    told += 1
  })
  allowance.reserve('bodies', MIB)
  allowance.leave(false)
  assert.equal(told, 1)
  assert.equal(allowance.startTurn(), 'gone')
  assert.equal(allowance.reserve('bodies', 1), 'gone')
  assert.deepEqual(capacity.held, NONE)
})

test('a review in flight holds its memory after its client closes the connection, but its look-ups end', () => {
  const { capacity } = start()
  const allowance = capacity.enter(10_000 - MARGIN)
  allowance.startReview()
  allowance.reserve('values', MIB)
  const signal = allowance.startLookUps(Infinity)
  assert.equal(signal.aborted, false)
  allowance.leave(false)
  assert.equal(signal.aborted, true)
  assert.deepEqual([capacity.held.values, capacity.counts.reviews], [MIB, 1])
  allowance.finish()
  assert.deepEqual([capacity.held.values, capacity.counts.reviews], [0, 0])
})

test('a client that closes the connection after its answer does not end anything', () => {
  const { capacity } = start()
  const allowance = capacity.enter(10_000 - MARGIN)
  allowance.startReview()
  const signal = allowance.startLookUps(Infinity)
  allowance.leave(true)
  assert.equal(signal.aborted, false)
  allowance.finish()
})

test('a review that has waited for half of its time is dropped', () => {
  const { clock, capacity, turnedAway } = start()
  const [one, other] = [capacity.enter(4_000 - MARGIN), capacity.enter(4250 - MARGIN)]
  clock.now = 1_876
  assert.equal(one.startTurn(), 'late')
  assert.equal(other.startTurn(), undefined)
  assert.equal(capacity.enter(1 - MARGIN).startTurn(), undefined)
  assert.deepEqual(turnedAway, ['late'])
})

test('a later try has half of the remaining time for its turn, and for its look-ups', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { clock, capacity } = start()
  const first = capacity.enter(5_000 - MARGIN)
  clock.now = 3_400
  const [late, second] = [capacity.enter(5_000 - MARGIN), capacity.enter(5_000 - MARGIN)]
  for (const allowance of [late, second]) allowance.continue(first.begun)
  assert.equal(second.left, 1_350)
  clock.now = 3_400 + 675
  assert.equal(second.startTurn(), undefined)
  const signal = second.startLookUps(Infinity)
  t.mock.timers.tick(336)
  assert.equal(signal.aborted, false)
  t.mock.timers.tick(1)
  assert.equal((signal.reason as Error).name, 'TimeoutError')
  clock.now = 3_400 + 676
  assert.equal(late.startTurn(), 'late')
})

test('four oversized bodies are read at once', () => {
  const { capacity } = start()
  const allowances = Array.from({ length: 4 }, () => capacity.enter(10_000 - MARGIN))
  for (const allowance of allowances) assert.equal(allowance.startOversized(), undefined)
  assert.equal(capacity.enter(10_000 - MARGIN).startOversized(), 'reviews')
  allowances[0]?.leave(false)
  assert.equal(capacity.enter(10_000 - MARGIN).startOversized(), undefined)
})

test('the limits grow with the memory, from 256 MiB to 1 GiB', () => {
  assert.deepEqual(limitsIn(64 * MIB), limitsIn(256 * MIB))
  assert.deepEqual(limitsIn(512 * MIB), { bytes: 128 * MIB, connections: 512 })
  assert.deepEqual(limitsIn(64 * 1024 * MIB), limitsIn(1024 * MIB))
})

test('a request has its full time if the timeout of an earlier one with its uid has passed', () => {
  const { capacity, clock } = start()
  const first = capacity.enter(10_000 - MARGIN)
  clock.now = 10_000
  const other = capacity.enter(10_000 - MARGIN)
  other.continue(first.begun)
  assert.equal(other.begun, 10_000)
  assert.equal(other.startTurn(), undefined)
})
