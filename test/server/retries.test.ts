import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Retries } from '../../src/server/retries.ts'

test('a request is invited to come back twice', () => {
  const retries = new Retries()
  assert.deepEqual(
    Array.from({ length: 5 }, () => retries.invite('a')),
    [true, true, false, false, false],
  )
})

test('each request is counted for itself', () => {
  const retries = new Retries()
  for (const uid of ['a', 'b', 'a', 'b']) assert.equal(retries.invite(uid), true)
  for (const uid of ['a', 'b']) assert.equal(retries.invite(uid), false)
})

test('the 4,096 requests seen last are remembered, others are as new', () => {
  const retries = new Retries()
  for (const uid of ['seen again', 'forgotten']) for (let tries = 0; tries < 3; tries += 1) retries.invite(uid)
  for (let other = 0; other < 4_094; other += 1) retries.invite(`${other}`)
  assert.equal(retries.invite('seen again'), false)
  assert.equal(retries.invite('one more'), true)
  assert.equal(retries.invite('seen again'), false)
  assert.equal(retries.invite('forgotten'), true)
})
