import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { pino } from 'pino'
import { FailureLog } from '../../src/cluster/failure-log.ts'

/** A log of failures with a clock, and the reasons that it has logged. */
function failureLog() {
  const lines: string[] = []
  const clock = { now: 0 }
  const logger = pino({ base: null }, { write: (line: string) => lines.push(line) })
  const log = new FailureLog(logger, () => clock.now)
  const failed = (reason: string) => log.failed(new Error(reason), { kind: 'ReferenceGrant' }, 'watching failed')
  return { log, failed, clock, lines, reasons: () => lines.map((line) => JSON.parse(line).reason) }
}

suite('a failure of a repeated try', () => {
  test('is logged in one line with its reason and without a stack', () => {
    const { failed, lines } = failureLog()
    failed('connection refused')
    const { level, time, ...said } = JSON.parse(lines[0] ?? '')
    assert.deepEqual(said, { reason: 'connection refused', kind: 'ReferenceGrant', msg: 'watching failed' })
  })

  test('is logged once a minute while it repeats', () => {
    const { failed, clock, reasons } = failureLog()
    for (clock.now = 0; clock.now < 120_000; clock.now += 5_000) failed('connection refused')
    assert.equal(reasons().length, 2)
  })

  test('is logged if its reason is new, or if a try succeeded before', () => {
    const { log, failed, reasons } = failureLog()
    failed('connection refused')
    failed('HTTP 403')
    log.succeeded()
    failed('HTTP 403')
    assert.deepEqual(reasons(), ['connection refused', 'HTTP 403', 'HTTP 403'])
  })
})
