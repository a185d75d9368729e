import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from '../../src/server/pace.ts'

test('a hundred lines are logged at once, and then one a second with the number of suppressed ones', () => {
  let now = 0
  const pace = new Pace(() => now)
  for (let count = 0; count < 100; count += 1) assert.equal(pace.take(), 0)
  assert.deepEqual([pace.take(), pace.take()], [undefined, undefined])
  now = 999
  assert.equal(pace.take(), undefined)
  now = 1_000
  assert.deepEqual([pace.take(), pace.take()], [3, undefined])
  now = 1_000_000
  assert.equal(pace.take(), 1)
  for (let count = 1; count < 100; count += 1) assert.equal(pace.take(), 0)
  assert.equal(pace.take(), undefined)
})
