import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { type Task, Tasks } from '../../src/runtime/task.ts'

const check = (name: string) => ({ name, ok: true })

/** A task that ends when it is stopped, and records that. */
function obedient(name: string, notes: string[] = []): Task {
  return {
    name,
    async run(signal) {
      notes.push(`${name} runs`)
      await once(signal, 'abort')
      notes.push(`${name} ends`)
    },
    checks: () => [check(name)],
  }
}

suite('tasks', () => {
  test('run until they are stopped, and have ended after that', async () => {
    const notes: string[] = []
    const tasks = new Tasks([obedient('a', notes), obedient('b', notes)])
    const running = tasks.run()
    assert.deepEqual(notes, ['a runs', 'b runs'])
    await tasks.stop()
    assert.deepEqual(notes, ['a runs', 'b runs', 'a ends', 'b ends'])
    await running
  })

  test('return their checks and remarks in order, whether they run or not', () => {
    const silent = { name: 'silent', run: async () => {} }
    const remarks = () => [check('remark')]
    const tasks = new Tasks([obedient('a'), silent, { ...obedient('b'), remarks }])
    assert.deepEqual(tasks.checks(), [check('a'), check('b')])
    assert.deepEqual(tasks.remarks(), [check('remark')])
  })

  test('end with the first that fails, and name it', async () => {
    const cause = new Error('out of luck')
    const failing = { name: 'failing', run: () => Promise.reject(cause) }
    const tasks = new Tasks([obedient('a'), failing])
    await assert.rejects(tasks.run(), { message: 'the task failing failed', cause })
    await tasks.stop()
  })

  test('end when one ends before it is stopped', async () => {
    const tasks = new Tasks([obedient('a'), { name: 'short', run: async () => {} }])
    await assert.rejects(tasks.run(), { message: 'the task short ended before it was stopped' })
    await tasks.stop()
  })

  test('may throw after they are stopped', async () => {
    const run = async (signal: AbortSignal) => {
      await once(signal, 'abort')
      throw signal.reason
    }
    const tasks = new Tasks([{ name: 'throwing', run }])
    const running = tasks.run()
    await tasks.stop()
    await running
  })

  test('do not delay the stop if they hang', async () => {
    const tasks = new Tasks([{ name: 'hanging', run: () => new Promise<void>(() => {}) }])
    void tasks.run()
    await tasks.stop()
  })

  test('can be stopped before they run', () => new Tasks([obedient('a')]).stop())
})
