import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from '../../src/server/pace.ts'

test('one line a second is let through, and tells how many were not', () => {
  let now = 0
  const pace = new Pace(() => now)
  assert.deepEqual([pace.take(), pace.take(), pace.take()], [0, undefined, undefined])
  now = 999
  assert.equal(pace.take(), undefined)
  now = 1_000
  assert.deepEqual([pace.take(), pace.take()], [3, undefined])
  now = 5_000
  assert.equal(pace.take(), 1)
})
