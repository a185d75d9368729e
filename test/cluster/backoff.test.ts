import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Backoff } from '../../src/cluster/backoff.ts'

/** The waits after so many failures, `every` ms apart on the clock, with a constant random number. */
function waits(t: TestContext, dice: number, failures: number, every = 0) {
  t.mock.method(Math, 'random', () => dice)
  const clock = { now: 1_000_000 }
  const backoff = new Backoff(() => clock.now)
  const waits = Array.from({ length: failures }, () => {
    clock.now += every
    return backoff.failure()
  })
  return { waits, clock, backoff }
}

suite('the wait after a failure', () => {
  test('doubles with each, up to 5 s', (t) => {
    assert.deepEqual(waits(t, 0.5, 5).waits, [400, 800, 1_600, 2_500, 2_500])
  })

  test('is between 0 and its bound', (t) => {
    assert.deepEqual(waits(t, 0, 3).waits, [0, 0, 0])
    assert.deepEqual(waits(t, 0.75, 3).waits, [600, 1_200, 2_400])
  })

  test('starts again from the first after two minutes without one', (t) => {
    const { clock, backoff } = waits(t, 0.5, 8)
    clock.now += 120_001
    assert.equal(backoff.failure(), 400)
    assert.equal(backoff.failure(), 800)
  })

  test('keeps doubling while failures are less than two minutes apart', (t) => {
    assert.deepEqual(waits(t, 0.5, 3, 119_999).waits, [400, 800, 1_600])
  })
})
