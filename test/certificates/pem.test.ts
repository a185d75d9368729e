import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { issueAuthority } from '../../src/certificates/issue.ts'
import { pemBlocks } from '../../src/certificates/pem.ts'
import { A_DAY } from '../harness/validities.ts'

const BEGIN = '-----BEGIN CERTIFICATE-----\n'
const END = '-----END CERTIFICATE-----\n'
const [one, other] = [1, 2].map((n) => issueAuthority(`refgrant ${n}`, A_DAY).cert) as [string, string]
const trusted = one.replaceAll(' CERTIFICATE', ' TRUSTED CERTIFICATE')

suite('the certificates of a text are found', () => {
  const texts: Record<string, [text: string, found: readonly string[]]> = {
    'one after the other': [one + other, [one, other]],
    'with text around them': [`a\n${one}b\n${other}c`, [one, other]],
    'with lines of Windows': [one.replaceAll('\n', '\r\n'), [one.replaceAll('\n', '\r\n')]],
    'with a label of OpenSSL': [trusted + one, [trusted, one]],
    'beside other blocks': [`-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${one}`, [one]],
    'after a first line without a last one': [BEGIN + one, [one]],
    'after a last line without a first one': [END + one, [one]],
    'after a last line with another label': [`${BEGIN}-----END X509 CERTIFICATE-----\n${one}`, [one]],
  }
  for (const [title, [text, found]] of Object.entries(texts))
    test(title, () => assert.equal(pemBlocks(text).join('\n'), found.map((pem) => pem.trimEnd()).join('\n')))
})

test('a text without certificates is returned whole', () => {
  for (const text of ['', 'none', BEGIN, END]) assert.deepEqual(pemBlocks(text), [text])
})

// A search for the last line from each first line would take minutes.
test('a text of many first lines is read once', { timeout: 60_000 }, () => {
  const text = BEGIN.repeat((1024 * 1024) / BEGIN.length)
  assert.deepEqual(pemBlocks(text), [text])
})
