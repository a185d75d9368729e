import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Retries } from '../../src/server/retries.ts'

/** Counts tries that take no time, within a timeout that is long enough for many. */
const start = () => {
  const retries = new Retries(() => 0)
  return { invite: (uid: string) => retries.invite(uid, 0, '10s') }
}

test('a request is invited to come back twice', () => {
  const retries = start()
  assert.deepEqual(
    Array.from({ length: 5 }, () => retries.invite('a')),
    [true, true, false, false, false],
  )
})

test('each request is counted for itself', () => {
  const retries = start()
  for (const uid of ['a', 'b', 'a', 'b']) assert.equal(retries.invite(uid), true)
  for (const uid of ['a', 'b']) assert.equal(retries.invite(uid), false)
})

test('the 4,096 requests seen last are remembered, others are as new', () => {
  const retries = start()
  for (const uid of ['seen again', 'forgotten']) for (let tries = 0; tries < 3; tries += 1) retries.invite(uid)
  for (let other = 0; other < 4_094; other += 1) retries.invite(`${other}`)
  assert.equal(retries.invite('seen again'), false)
  assert.equal(retries.invite('one more'), true)
  assert.equal(retries.invite('seen again'), false)
  assert.equal(retries.invite('forgotten'), true)
})

test('a request is invited back only while the API server would still wait for the answer', () => {
  let now = 2_375
  const retries = new Retries(() => now)
  assert.equal(retries.spent('a'), 0)
  assert.equal(retries.invite('a', 2_375, '5s'), true)
  now = 3_375
  assert.equal(retries.spent('a'), 3_375)
  now = 4_062
  assert.equal(retries.invite('a', 687, '5s'), false)
  assert.equal(retries.invite('another', 0, '1s'), false)
})
