import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { NearMissSearch } from '../../src/policy/near-miss-search.ts'
import type { Reference } from '../../src/policy/reference.ts'
import { patchCommand } from '../../src/wording/explain.ts'

const GROUP = 'gateway.networking.k8s.io'

const REFERENCE: Reference = {
  from: { group: GROUP, kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' },
  to: { group: '', kind: 'Service', namespace: 'billing', name: 'payments' },
  path: 'spec.rules[0].backendRefs[1]',
}

test('the correction in the README is the one that explain prints', () => {
  const name = { group: GROUP, kind: 'ReferenceGrant', namespace: 'billing', name: 'shop' }
  const spec = {
    from: [{ group: GROUP, kind: 'HTTPRoute', namespace: 'shop' }],
    to: [{ group: 'core', kind: 'Service', name: 'payments' }],
  }
  const object = { apiVersion: `${GROUP}/v1`, kind: 'ReferenceGrant', metadata: { name: 'shop' }, spec }
  const [miss] = new NearMissSearch([{ name, object, refused: undefined }]).of(REFERENCE).misses
  const command = miss && patchCommand(miss, REFERENCE, '')
  assert.ok(readFileSync('README.md', 'utf8').includes(`\n       To correct it: ${command}\n`), command)
})
