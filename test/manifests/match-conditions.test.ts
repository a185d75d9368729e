import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchConditions } from '../../src/manifests/match-conditions.ts'
import { Coverage } from '../../src/policy/coverage.ts'

/** Source: k8s.io/apimachinery, pkg/util/validation (IsQualifiedName). */
const QUALIFIED = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/

test('every name of a condition is one that the API server takes, however long the names of a kind are', () => {
  const plural = 'a'.repeat(63)
  const kinds = ['', 'example.com', `${'b'.repeat(60)}.example.com`].map((group) => ({ group, kind: 'A', plural }))
  const names = matchConditions(new Coverage(kinds.map((from) => ({ from, path: 'spec.ref' })))).map(({ name }) => name)
  for (const name of names) assert.match(name, QUALIFIED)
  assert.equal(new Set(names).size, names.length)
})
