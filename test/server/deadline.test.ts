import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { halfOf, leftOf } from '../../src/server/deadline.ts'

suite('fresh reads may take half of what is left of the timeout', () => {
  const timeouts: Record<string, [timeout: unknown, milliseconds: number]> = {
    '5s': ['5s', 2_375],
    '30s': ['30s', 14_875],
    'a fraction of a second': ['1.5s', 625],
    'a fraction of a millisecond': ['1.2345s', 492],
    milliseconds: ['750ms', 250],
    'minutes and seconds': ['0m20s', 9_875],
    'seconds and milliseconds': ['2s500ms', 1_125],
  }
  for (const [title, [timeout, milliseconds]] of Object.entries(timeouts)) {
    test(`of ${title}`, () => assert.equal(halfOf(timeout), milliseconds))
  }
})

suite('fresh reads may take as long as in 10 s, the default of the API server,', () => {
  const timeouts = { nothing: undefined, 'an empty text': '', 'no duration': 'soon', 'no unit': '5', 'no time': '0s' }
  for (const [title, timeout] of Object.entries<unknown>({ ...timeouts, 'a list': ['5s'] })) {
    test(`where the timeout is ${title}`, () => assert.equal(halfOf(timeout), 4_875))
  }
})

test('no timeout gives more than the longest that a webhook can have', () => {
  for (const timeout of ['31s', '1m0s', '99m9999s']) assert.equal(halfOf(timeout), 14_875)
})

test('no timeout is too short for an attempt', () => {
  for (const timeout of ['1ms', '250ms', '400ms']) assert.equal(halfOf(timeout), 125)
})

test('a later try has half of what the earlier ones left', () => {
  assert.equal(leftOf('5s', 3_375), 1_375)
  assert.equal(halfOf('5s', 3_375), 687)
  assert.equal(halfOf('5s', 60_000), 125)
})
