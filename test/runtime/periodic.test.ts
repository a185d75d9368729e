import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Periodic } from '../../src/runtime/periodic.ts'

/** Longer than any test lasts, in ms. */
const NEVER = 1_000_000_000

suite('work that is done again and again', () => {
  test('is done after each pause, until the signal', async () => {
    const stop = new AbortController()
    let times = 0
    const work = new Periodic(0, () => {
      times += 1
      if (times === 3) stop.abort()
    })
    const running = work.run(stop.signal)
    // A pause keeps no process alive.
    const alive = setInterval(() => {}, NEVER)
    await running
    clearInterval(alive)
    assert.equal(times, 3)
  })

  test('is done without the pause when it is asked for, before the start too', async () => {
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

  test('is never done twice at once, and once more if it is asked for meanwhile', async () => {
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

  test('is not begun after the signal', async () => {
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
