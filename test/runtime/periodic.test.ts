import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Periodic } from '../../src/runtime/periodic.ts'

/** Longer than any test lasts, in ms. */
const NEVER = 1_000_000_000

suite('periodic work', () => {
  test('runs after each pause, until the signal', async () => {
    const stop = new AbortController()
    let times = 0
    const work = new Periodic(0, () => {
      times += 1
      if (times === 3) stop.abort()
    })
    const running = work.run(stop.signal)
    // A pause does not keep the process alive.
    const alive = setInterval(() => {}, NEVER)
    await running
    clearInterval(alive)
    assert.equal(times, 3)
  })

  test('asks for the pause before each run', async () => {
    const stop = new AbortController()
    const notes: string[] = []
    const pause = () => {
      notes.push('pause')
      return 0
    }
    const work = new Periodic(pause, () => {
      notes.push('work')
      if (notes.length === 4) stop.abort()
    })
    const running = work.run(stop.signal)
    const alive = setInterval(() => {}, NEVER)
    await running
    clearInterval(alive)
    assert.deepEqual(notes, ['pause', 'work', 'pause', 'work'])
  })

  test('runs without the pause on request, including a request before the start', async () => {
    const stop = new AbortController()
    let times = 0
    const work = new Periodic(NEVER, () => {
      times += 1
      if (times === 3) stop.abort()
      else work.soon()
    })
    work.soon()
    await work.run(stop.signal)
    assert.equal(times, 3)
  })

  test('never overlaps, and runs once more after a request during work', async () => {
    const stop = new AbortController()
    const notes: string[] = []
    const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const work = new Periodic(NEVER, async () => {
      notes.push('begins')
      begun.resolve()
      await go.promise
      notes.push('ends')
      if (notes.length === 4) stop.abort()
    })
    work.soon()
    const running = work.run(stop.signal)
    await begun.promise
    work.soon()
    work.soon()
    go.resolve()
    await running
    assert.deepEqual(notes, ['begins', 'ends', 'begins', 'ends'])
  })

  test('does not begin after the signal', async () => {
    const stop = new AbortController()
    const work = new Periodic(NEVER, () => assert.fail('it was begun'))
    const running = work.run(stop.signal)
    stop.abort()
    await running
    await work.run(stop.signal)
  })

  test('ends with what it throws', async () => {
    const work = new Periodic(NEVER, () => {
      throw new Error('no')
    })
    work.soon()
    await assert.rejects(work.run(new AbortController().signal), { message: 'no' })
  })
})
