import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from '../../src/server/turns.ts'

const MIB = 1024 * 1024

test('bodies have turns in order, and between two of them the network has one turn for each ms of the first', async () => {
  let now = 0
  let count = 0
  const turns = new Turns(() => now)
  const bodies = [turns.next(MIB, Infinity), turns.next(2 * MIB, Infinity), turns.next(MIB, Infinity)]
  let counting = true
  const step = () => {
    count += 1
    if (counting) setImmediate(step)
  }
  setImmediate(step)
  const taken: [body: number, turn: number][] = []
  const all = bodies.map(async (body, index) => {
    await body
    taken.push([index, count])
    now += 5
  })
  await Promise.all(all)
  now += 1_000
  const before = count
  await turns.next(MIB, Infinity)
  counting = false
  assert.deepEqual(
    taken.map(([body]) => body),
    [0, 1, 2],
  )
  const [first, second, third] = taken.map(([, turn]) => turn) as [number, number, number]
  assert.deepEqual([second - first, third - second], [6, 6])
  assert.ok(count - before <= 2, 'one that comes alone has its turn at once')
})

test('the network has at most the time of the bodies before it', async () => {
  let now = 0
  const turns = new Turns(() => now)
  const starts: number[] = []
  let busy = true
  // What is read of the network takes 30 ms in each turn.
  const network = () => {
    now += 30
    if (busy) setImmediate(network)
  }
  setImmediate(network)
  const bodies = [1, 2, 3].map(async () => {
    await turns.next(MIB, Infinity)
    starts.push(now)
    now += 100
  })
  await Promise.all(bodies)
  busy = false
  const [first = 0, second = 0, third = 0] = starts
  for (const pause of [second - first, third - second]) assert.ok(pause >= 200 && pause <= 300, `${pause} ms`)
})

test('small bodies share a turn', async () => {
  let count = 0
  const turns = new Turns(() => 0)
  const taken: number[] = []
  const all = [1, 30_000, 30_000, 6_000, 65_000, 1_000].map(async (bytes) => {
    await turns.next(bytes, Infinity)
    taken.push(count)
  })
  const step = () => {
    count += 1
    if (taken.length < all.length) setImmediate(step)
  }
  setImmediate(step)
  await Promise.all(all)
  assert.deepEqual(taken, [0, 0, 0, 0, 1, 2])
})

test('small and large bodies alternate', async () => {
  const turns = new Turns(() => 0)
  const taken: string[] = []
  const take = async (name: string, bytes: number) => {
    await turns.next(bytes, Infinity)
    taken.push(name)
  }
  const large = ['A', 'B', 'C'].map((name) => take(name, MIB))
  const small = ['a', 'b', 'c', 'd', 'e'].map((name) => take(name, 40_000))
  await Promise.all([...large, ...small])
  assert.equal(taken.join(''), 'aAbBcCde')
})

test('the smallest of the small bodies goes first, and the first arrival of the same size', async () => {
  const turns = new Turns(() => 0)
  const taken: string[] = []
  const bodies: [name: string, bytes: number][] = [
    ['a', 60_000],
    ['b', 2_000],
    ['c', 60_000],
    ['d', 1_000],
    ['e', 2_000],
  ]
  await Promise.all(
    bodies.map(async ([name, bytes]) => {
      await turns.next(bytes, Infinity)
      taken.push(name)
    }),
  )
  assert.equal(taken.join(''), 'dbeac')
})

test('a body has its turn, however many smaller ones keep coming', async () => {
  const turns = new Turns(() => 0)
  let isTaken = false
  let smaller = 0
  const one = turns.next(60_000, Infinity).then(() => {
    isTaken = true
  })
  // Each of these is followed by another, as on connections that never pause.
  const flood = Array.from({ length: 100 }, async () => {
    while (!isTaken && smaller < 10_000) {
      await turns.next(4_000, Infinity)
      smaller += 1
    }
  })
  await Promise.all([one, ...flood])
  assert.ok(smaller < 200, `${smaller} smaller ones went first`)
})

test('bodies whose turn would come too late stop waiting', async () => {
  let now = 0
  const turns = new Turns(() => now)
  const taken: string[] = []
  const take = async (name: string, bytes: number, until: number) => {
    await turns.next(bytes, until)
    taken.push(name)
    now += 1_000
  }
  await Promise.all([
    take('first', MIB, 5_000),
    take('second', MIB, 5_000),
    take('late', MIB, 500),
    take('small', 1_000, 5_000),
  ])
  assert.deepEqual(taken.slice(0, 3), ['small', 'late', 'first'])
})
