import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Retries } from '../../src/server/retries.ts'

/** Time for many tries. */
const LONG = { begun: 0, left: 9_750 }

test('a request is retried twice', () => {
  const retries = new Retries()
  assert.deepEqual(
    Array.from({ length: 5 }, () => retries.invite('a', LONG)),
    [true, true, false, false, false],
  )
})

test('the tries of each request are counted separately', () => {
  const retries = new Retries()
  for (const uid of ['a', 'b', 'a', 'b']) assert.equal(retries.invite(uid, LONG), true)
  for (const uid of ['a', 'b']) assert.equal(retries.invite(uid, LONG), false)
})

test('the last 4,096 requests are remembered, and others count as new', () => {
  const retries = new Retries()
  for (const uid of ['seen again', 'forgotten']) for (let tries = 0; tries < 3; tries += 1) retries.invite(uid, LONG)
  for (let other = 0; other < 4_094; other += 1) retries.invite(`${other}`, LONG)
  assert.equal(retries.invite('seen again', LONG), false)
  assert.equal(retries.invite('one more', LONG), true)
  assert.equal(retries.invite('seen again', LONG), false)
  assert.equal(retries.invite('forgotten', LONG), true)
})

test('the time of the first try is remembered', () => {
  const retries = new Retries()
  assert.equal(retries.begun('a'), undefined)
  retries.invite('a', { begun: 7, left: 5_000 })
  retries.invite('a', { begun: 7, left: 4_000 })
  assert.equal(retries.begun('a'), 7)
})

test('a different request with a known uid counts as new', () => {
  const retries = new Retries()
  for (let tries = 0; tries < 3; tries += 1) retries.invite('a', LONG)
  const next = { begun: 60_000, left: 9_750 }
  assert.deepEqual([retries.invite('a', next), retries.begun('a')], [true, 60_000])
})

test('a request is retried only while the API server would still wait for the answer', () => {
  const retries = new Retries()
  assert.equal(retries.invite('a', { begun: 0, left: 1_001 }), true)
  assert.equal(retries.invite('b', { begun: 0, left: 1_000 }), false)
})
