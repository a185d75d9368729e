import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Load } from '../../src/server/load.ts'

const MIB = 1024 * 1024
const PATIENT = 1_000

test('a thousand reviews are judged at once; one more is turned away until one leaves', () => {
  const load = new Load(() => 0)
  const shares = Array.from({ length: 1_000 }, () => load.enter())
  for (const share of shares) assert.equal(share.judge(0, PATIENT), undefined)
  assert.equal(load.enter().judge(0, PATIENT), 'reviews')
  shares[0]?.leave()
  assert.equal(load.enter().judge(0, PATIENT), undefined)
  assert.deepEqual(load.shed, { reviews: 1, memory: 0, late: 0 })
  assert.equal(load.held.reviews, 1_000)
})

test('what arrives takes room for its bytes, and what is judged for its values too', () => {
  const load = new Load(() => 0)
  const large = load.enter()
  assert.equal(large.hold(60 * MIB), undefined)
  assert.equal(load.enter().hold(5 * MIB), 'memory')
  const small = load.enter()
  assert.equal(small.hold(3 * MIB), undefined)
  assert.equal(small.judge(100_000, PATIENT), 'memory')
  // What was turned away holds nothing.
  assert.deepEqual(load.held, { reviews: 0, weight: 60 * MIB })
  large.leave()
  large.leave()
  assert.deepEqual(load.held, { reviews: 0, weight: 0 })
})

test('whose client has left while it waited takes nothing any more', () => {
  const load = new Load(() => 0)
  const share = load.enter()
  share.hold(MIB)
  share.leave()
  assert.equal(share.judge(1, PATIENT), 'late')
  assert.equal(share.hold(1), 'late')
  assert.deepEqual(load.held, { reviews: 0, weight: 0 })
})

test('a review that has taken longer than its patience to get here is turned away', () => {
  let now = 0
  const load = new Load(() => now)
  const [one, other] = [load.enter(), load.enter()]
  now = 2_000
  assert.equal(one.judge(0, 1_999), 'late')
  assert.equal(other.judge(0, 2_000), undefined)
  assert.equal(load.enter().judge(0, 1), undefined)
  assert.deepEqual(load.shed, { reviews: 0, memory: 0, late: 1 })
})

test('bodies have their turns in order, and between two the network has one for each ms that the first took', async () => {
  let now = 0
  let turns = 0
  const load = new Load(() => now)
  const bodies = [load.turn(MIB), load.turn(1), load.turn(MIB)]
  let counting = true
  const count = () => {
    turns += 1
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  const taken: [body: number, turn: number][] = []
  const all = bodies.map(async (body, index) => {
    await body
    taken.push([index, turns])
    now += 5
  })
  await Promise.all(all)
  now += 1_000
  const before = turns
  await load.turn(MIB)
  counting = false
  assert.deepEqual(
    taken.map(([body]) => body),
    [0, 1, 2],
  )
  const [first, second, third] = taken.map(([, turn]) => turn) as [number, number, number]
  assert.deepEqual([second - first, third - second], [6, 6])
  assert.ok(turns - before <= 2, 'one that comes alone has its turn at once')
})

test('small bodies share a turn', async () => {
  let turns = 0
  const load = new Load(() => 0)
  const taken: number[] = []
  const all = [1, 30_000, 30_000, 6_000, 70_000, 1].map(async (bytes) => {
    await load.turn(bytes)
    taken.push(turns)
  })
  const count = () => {
    turns += 1
    if (taken.length < all.length) setImmediate(count)
  }
  setImmediate(count)
  await Promise.all(all)
  assert.deepEqual(taken, [0, 0, 0, 1, 2, 3])
})
