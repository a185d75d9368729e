import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { endsRequest, grantedTime, halfOf } from '../../src/server/deadline.ts'

suite('an answer may take the timeout minus a margin of 250 ms,', () => {
  const timeouts: Record<string, [timeout: unknown, milliseconds: number]> = {
    '5s': ['5s', 4_750],
    '30s': ['30s', 29_750],
    'a fraction of a second': ['1.5s', 1_250],
    'a fraction of a millisecond': ['1.2345s', 984.5],
    milliseconds: ['750ms', 500],
    'minutes and seconds': ['0m20s', 19_750],
    'seconds and milliseconds': ['2s500ms', 2_250],
  }
  for (const [title, [timeout, milliseconds]] of Object.entries(timeouts)) {
    test(`of ${title}`, () => assert.equal(grantedTime(timeout), milliseconds))
  }
})

suite('an answer may take 10 s, the default of the API server,', () => {
  const timeouts = { nothing: undefined, 'an empty text': '', 'no duration': 'soon', 'no unit': '5', 'no time': '0s' }
  for (const [title, timeout] of Object.entries<unknown>({ ...timeouts, 'a list': ['5s'] })) {
    test(`if the timeout is ${title}`, () => assert.equal(grantedTime(timeout), 9_750))
  }
})

test('a timeout beyond the longest of a webhook counts as the longest', () => {
  for (const timeout of ['31s', '1m0s', '99m9999s']) assert.equal(grantedTime(timeout), 29_750)
})

test('half of the remaining time is a whole number, and never too short for an attempt', () => {
  assert.equal(halfOf(984.5), 492)
  for (const left of [-60_000, 0, 1, 250]) assert.equal(halfOf(left), 125)
})

test('a timeout below that of the webhook is that of the request', () => {
  assert.deepEqual(
    ['1s', '4s', '5s', '30s', undefined].map((timeout) => endsRequest(timeout, 5_000)),
    [true, true, false, false, false],
  )
})
