import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { FairQueue, type Job } from '../../src/cluster/fair-queue.ts'

/** Jobs that the test ends, and the order in which they began. */
function jobs() {
  const begun: string[] = []
  const givenUp: string[] = []
  const endings = new Map<string, () => void>()
  const job = (name: string): Job => ({
    begin() {
      begun.push(name)
      const { promise, resolve } = Promise.withResolvers<void>()
      endings.set(name, resolve)
      return promise
    },
    giveUp() {
      givenUp.push(name)
    },
  })
  const end = async (name: string) => {
    endings.get(name)?.()
    await turn()
  }
  return { begun, givenUp, job, end }
}

suite('a fair queue', () => {
  test('runs up to its limit of jobs at once, and the next when one ends', async () => {
    const { begun, job, end } = jobs()
    const queue = new FairQueue(2, 60_000)
    for (const name of ['a', 'b', 'c']) queue.add(['shop'], job(name))
    assert.deepEqual(begun, ['a', 'b'])
    await end('b')
    assert.deepEqual(begun, ['a', 'b', 'c'])
    for (const name of begun) await end(name)
  })

  test('lets owners take turns, even if one has many jobs', async () => {
    const { begun, job, end } = jobs()
    const queue = new FairQueue(1, 60_000)
    for (let at = 0; at < 5; at += 1) queue.add(['greedy'], job(`g${at}`))
    queue.add(['shop'], job('s'))
    queue.add(['store'], job('t'))
    while (begun.length < 7) await end(begun.at(-1) as string)
    assert.deepEqual(begun, ['g0', 't', 's', 'g1', 'g2', 'g3', 'g4'])
    await end('g4')
  })

  test('begins a job of two owners once, with the first of them that has its turn', async () => {
    const { begun, job, end } = jobs()
    const queue = new FairQueue(1, 60_000)
    for (let at = 0; at < 3; at += 1) queue.add(['greedy'], job(`g${at}`))
    const shared = job('shared')
    queue.add(['greedy', 'shop'], shared)
    while (begun.length < 4) await end(begun.at(-1) as string)
    assert.deepEqual(begun, ['g0', 'shared', 'g1', 'g2'])
    await end('g2')
  })

  test('prefers an owner with few jobs to owners with many', async () => {
    const { begun, job, end } = jobs()
    const queue = new FairQueue(1, 60_000)
    for (const round of [0, 1])
      for (let owner = 0; owner < 10; owner += 1) queue.add([`o${owner}`], job(`${owner}-${round}`))
    while (begun.length < 10) await end(begun.at(-1) as string)
    queue.add(['seldom'], job('seldom'))
    await end(begun.at(-1) as string)
    assert.equal(begun.at(-1), 'seldom')
    while (begun.length < 21) await end(begun.at(-1) as string)
    await end(begun.at(-1) as string)
  })

  test('begins a first job before those of owners that wait for theirs, so that a burst does not delay it', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { begun, job, end } = jobs()
    const queue = new FairQueue(1, 60_000)
    for (let owner = 0; owner < 200; owner += 1) queue.add([`burst-${owner}`], job(`b${owner}`))
    queue.add(['shop'], job('shop'))
    await end('b0')
    assert.deepEqual(begun, ['b0', 'shop'])
    // Afterwards, its turn is the last.
    queue.add(['shop'], job('again'))
    for (let ended = 1; ended < 202; ended += 1) await end(begun.at(-1) as string)
    assert.deepEqual([begun.length, begun.at(-1)], [202, 'again'])
    await end('again')
  })

  test('forgets the turns when no job waits', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { begun, job, end } = jobs()
    const queue = new FairQueue(1, 60_000)
    queue.add(['shop'], job('before'))
    await end('before')
    for (let owner = 0; owner < 200; owner += 1) queue.add([`burst-${owner}`], job(`b${owner}`))
    queue.add(['shop'], job('shop'))
    await end('b0')
    assert.deepEqual(begun, ['before', 'b0', 'shop'])
  })

  test('does not begin a removed job, for any of its owners', async () => {
    const { begun, job, end } = jobs()
    const queue = new FairQueue(1, 60_000)
    queue.add(['greedy'], job('a'))
    const removed = job('removed')
    queue.add(['greedy', 'shop'], removed)
    queue.add(['greedy'], job('b'))
    queue.remove(removed)
    queue.add(['shop'], job('c'))
    while (begun.length < 3) await end(begun.at(-1) as string)
    assert.deepEqual(begun, ['a', 'c', 'b'])
    await end('b')
  })

  test('ends the oldest slow job when there are more than three for each place', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { begun, givenUp, job, end } = jobs()
    const queue = new FairQueue(1, 1_000)
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) queue.add(['shop'], job(name))
    for (let second = 0; second < 3; second += 1) t.mock.timers.tick(1_000)
    assert.deepEqual([begun, givenUp], [['a', 'b', 'c', 'd'], []])
    await end('b')
    t.mock.timers.tick(1_000)
    assert.deepEqual([begun, givenUp], [['a', 'b', 'c', 'd', 'e'], []])
    t.mock.timers.tick(1_000)
    assert.deepEqual([begun, givenUp], [['a', 'b', 'c', 'd', 'e', 'f'], ['a']])
    for (const name of begun) await end(name)
  })

  test('gives the place of a slow job to another', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { begun, job, end } = jobs()
    const queue = new FairQueue(1, 1_000)
    queue.add(['shop'], job('slow'))
    queue.add(['shop'], job('next'))
    assert.deepEqual(begun, ['slow'])
    t.mock.timers.tick(1_000)
    await turn()
    assert.deepEqual(begun, ['slow', 'next'])
    await end('slow')
    await end('next')
  })
})

test("in any order, each job begins once, in its owner's turn, and each place is used again", async () => {
  const arrival = fc.record({ owners: fc.subarray(['a', 'b', 'c'], { minLength: 1 }), ends: fc.nat(3) })
  await fc.assert(
    fc.asyncProperty(fc.array(arrival, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (arrivals, most) => {
      const { begun, job, end } = jobs()
      const queue = new FairQueue(most, 60_000)
      const ended = new Set<string>()
      const endOldest = async () => {
        const oldest = begun.find((name) => !ended.has(name))
        if (oldest === undefined) return
        ended.add(oldest)
        await end(oldest)
      }
      for (const [at, { owners, ends }] of arrivals.entries()) {
        const one = job(`${at}`)
        queue.add(owners, one)
        for (let ending = 0; ending < ends; ending += 1) await endOldest()
        assert.equal(begun.length - ended.size, Math.min(most, at + 1 - ended.size), 'all places are taken')
      }
      // The last owner is served after one job of each other owner, whatever else they have waiting.
      const before = begun.length
      queue.add(['last'], job('last'))
      while (!begun.includes('last')) await endOldest()
      assert.ok(begun.length - before <= 4, 'an owner does not wait for all jobs of another')
      while (ended.size < begun.length) await endOldest()
      assert.deepEqual([...begun].sort(), [...arrivals.keys(), 'last'].map(String).sort())
    }),
  )
})
