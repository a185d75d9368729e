import assert from 'node:assert/strict'
import { test } from 'node:test'
import { syncedOnce } from '../../src/runtime/grant-supply.ts'
import type { Knowledge } from '../../src/runtime/metrics/knowledge.ts'

test('readiness says how many grants are cached, since when, and what is lacking', () => {
  let known: Knowledge = { grants: 0, ageSeconds: Infinity }
  const checks = syncedOnce(() => known)
  const told = (change: Partial<Knowledge>) => {
    known = { ...known, ...change }
    const [{ ok, detail } = {}] = checks()
    return [ok, detail]
  }
  assert.deepEqual(told({}), [false, 'waiting for the first list'])
  assert.deepEqual(told({ grants: 1, ageSeconds: 0.42 }), [true, '1 grant, as of 0.4 s ago'])
  assert.deepEqual(told({ lacking: '2 incomplete namespaces' }), [
    true,
    '1 grant, as of 0.4 s ago; 2 incomplete namespaces',
  ])
  assert.deepEqual(told({ grants: 3, ageSeconds: 90, lacking: undefined }), [true, '3 grants, as of 90.0 s ago'])
})
