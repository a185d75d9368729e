import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ServerClock } from '../../src/cluster/server-clock.ts'

const DATE = 'Thu, 01 Jan 2026 00:00:00 GMT'
const SERVER = Date.UTC(2026, 0, 1)

/** A clock of the API server, and the monotonic clock of this machine. */
function clock() {
  const machine = { now: 1_000 }
  return { clock: new ServerClock(() => machine.now), machine }
}

suite('the clock of the API server', () => {
  test('is that of this machine before the first answer', () => {
    const { clock: unknown } = clock()
    assert.ok(Math.abs(unknown.now() - Date.now()) < 60_000)
    assert.equal(unknown.ahead, undefined)
  })

  test('goes on from the date of the last answer, whatever happens to the clock of this machine', (context) => {
    const { clock: known, machine } = clock()
    context.mock.timers.enable({ apis: ['Date'], now: SERVER + 5_000 })
    known.heard(DATE, 1_000)
    assert.deepEqual([known.now(), known.ahead], [SERVER, 5_000])
    context.mock.timers.setTime(SERVER + 500_000)
    machine.now += 7_000
    assert.deepEqual([known.now(), known.ahead], [SERVER + 7_000, 493_000])
  })

  test('is not told by an answer without a date, and by one that took long', () => {
    for (const [date, took] of [
      [undefined, 0],
      ['', 0],
      ['soon', 0],
      [DATE, 5_001],
    ] as const) {
      const { clock: unknown, machine } = clock()
      machine.now += took
      unknown.heard(date, 1_000)
      assert.equal(unknown.ahead, undefined)
    }
  })
})
