import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Api } from '../../src/cluster/api.ts'
import { Trial } from '../../src/cluster/trial.ts'

const { signal } = new AbortController()

/** The wait for an outcome, in ms: longer than any test. */
const MINUTE = 60_000

for (const [way, jump] of [
  ['forwards', 3_600_000],
  ['backwards', -3_600_000],
] as const)
  test(`a trial waits as long as it was asked to, even if the clock of the machine is set ${way}`, async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) })
    let tries = 0
    const api = {
      async warningsOf() {
        tries += 1
        t.mock.timers.setTime(Date.UTC(2026, 0, 1) + tries * jump)
        return tries < 3 ? [] : ['seen']
      },
    }
    const awaited = new Trial(api as unknown as Api, 'shop', 'billing', MINUTE)
    assert.deepEqual(await awaited.until(({ warnings }) => warnings.length > 0, signal), { warnings: ['seen'] })
    assert.equal(tries, 3)
    const ended = new Trial(api as unknown as Api, 'shop', 'billing', 0)
    await ended.until(() => tries > 5, signal)
    assert.ok(tries <= 5, 'it ends after its time')
  })
