import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { FairQueue, type Job } from '../../src/cluster/fair-queue.ts'

/** Jobs that end when the test says so, and the order in which they began. */
function jobs() {
  const begun: string[] = []
  const endings = new Map<string, () => void>()
  const job = (name: string): Job => ({
    get begun() {
      return begun.includes(name)
    },
    begin() {
      begun.push(name)
      const { promise, resolve } = Promise.withResolvers<void>()
      endings.set(name, resolve)
      return promise
    },
  })
  const end = async (name: string) => {
    endings.get(name)?.()
    await turn()
  }
  return { begun, job, end }
}

suite('a fair queue', () => {
  test('runs as many jobs at once as it may, and the next when one ends', async () => {
    const { begun, job, end } = jobs()
    const queue = new FairQueue(2, 60_000)
    for (const name of ['a', 'b', 'c']) queue.add('shop', job(name))
    assert.deepEqual(begun, ['a', 'b'])
    await end('b')
    assert.deepEqual(begun, ['a', 'b', 'c'])
    for (const name of begun) await end(name)
  })

  test('lets owners take turns, however many jobs one has', async () => {
    const { begun, job, end } = jobs()
    const queue = new FairQueue(1, 60_000)
    for (let at = 0; at < 5; at += 1) queue.add('greedy', job(`g${at}`))
    queue.add('shop', job('s'))
    queue.add('store', job('t'))
    while (begun.length < 7) await end(begun.at(-1) as string)
    assert.deepEqual(begun, ['g0', 'g1', 's', 't', 'g2', 'g3', 'g4'])
    await end('g4')
  })

  test('begins a job of two owners once, with the first whose turn it is', async () => {
    const { begun, job, end } = jobs()
    const queue = new FairQueue(1, 60_000)
    for (let at = 0; at < 3; at += 1) queue.add('greedy', job(`g${at}`))
    const shared = job('shared')
    queue.add('greedy', shared)
    queue.add('shop', shared)
    while (begun.length < 4) await end(begun.at(-1) as string)
    assert.deepEqual(begun, ['g0', 'g1', 'shared', 'g2'])
    await end('g2')
  })

  test('gives the place of a slow job to another', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { begun, job, end } = jobs()
    const queue = new FairQueue(1, 1_000)
    queue.add('shop', job('slow'))
    queue.add('shop', job('next'))
    assert.deepEqual(begun, ['slow'])
    t.mock.timers.tick(1_000)
    await turn()
    assert.deepEqual(begun, ['slow', 'next'])
    await end('slow')
    await end('next')
  })
})
