import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issueAuthority } from '../../src/certificates/issue.ts'
import { expiryOf, validFor, validityOf } from '../../src/certificates/validity.ts'

const HOUR = 60 * 60 * 1_000
const now = Date.UTC(2026, 0, 1)
const { cert } = issueAuthority('test', validFor(24 * HOUR, now))

test('a new certificate is valid from an hour ago, because the clocks of two machines differ', () => {
  assert.deepEqual(validityOf(cert), { from: new Date(now - HOUR), to: new Date(now + 24 * HOUR) })
})

test('the expiry of a certificate is said in words', () => {
  assert.equal(expiryOf(cert), 'expires 2026-01-02T00:00:00.000Z')
})
