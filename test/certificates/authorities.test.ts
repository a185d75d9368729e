import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { suite, test } from 'node:test'
import forge from 'node-forge'
import {
  type Authorities,
  authoritiesFrom,
  SECRET_KEYS,
  secretDataOf,
  trustBundle,
} from '../../src/certificates/authorities.ts'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { issue } from '../harness/stand-ins/certificates.ts'
import { A_DAY } from '../harness/validities.ts'

const [first, second, third] = [1, 2, 3].map((n) => issueAuthority(`refgrant ${n}`, A_DAY)) as [
  ReturnType<typeof issueAuthority>,
  ReturnType<typeof issueAuthority>,
  ReturnType<typeof issueAuthority>,
]
const all: Authorities = { current: first, next: second, previous: third.cert }
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** Authorities without their key objects, which cannot be compared. */
const texts = ({ current, next, previous }: Authorities) => [
  current.cert,
  current.key,
  current.name,
  next?.cert,
  next?.key,
  previous,
]

test('the Secret holds the authorities, and no key of the previous one', () => {
  assert.deepEqual(Object.keys(secretDataOf(all)), SECRET_KEYS)
  assert.deepEqual(texts(authoritiesFrom(secretDataOf(all)) as Authorities), texts(all))
  assert.deepEqual(Object.keys(secretDataOf({ current: first })), ['ca.crt', 'ca.key'])
})

test('an authority that was read signs certificates that it verifies', () => {
  const { current } = authoritiesFrom(secretDataOf(all)) as Authorities
  const server = new X509Certificate(issueServer(current, ['a.example'], A_DAY).cert)
  assert.ok(
    server.checkIssued(new X509Certificate(first.cert)) && server.verify(new X509Certificate(first.cert).publicKey),
  )
})

/** The name of an authority, in hexadecimal digits. */
const NAMED = Buffer.from('refgrant').toString('hex')

suite('a Secret has no authority if it holds', () => {
  const pair = ({ cert, key }: { cert: string; key: string }) => ({ 'ca.crt': base64(cert), 'ca.key': base64(key) })
  const named = issueAuthority('refgrant', A_DAY)
  /** The same authority with other bytes in its certificate, in hexadecimal digits. */
  const altered = (before: string, after: string) => {
    const hex = new X509Certificate(named.cert).raw.toString('hex')
    const cert = new X509Certificate(Buffer.from(hex.replaceAll(before, after), 'hex')).toString()
    assert.notEqual(cert, named.cert)
    return { cert, key: named.key }
  }
  const unsigned = (() => {
    const hex = new X509Certificate(named.cert).raw.toString('hex')
    const last = Number.parseInt(hex.slice(-2), 16) ^ 1
    const cert = new X509Certificate(Buffer.from(hex.slice(0, -2) + last.toString(16).padStart(2, '0'), 'hex'))
    return { cert: cert.toString(), key: named.key }
  })()
  const MIB = 1024 * 1024
  const encrypted = named.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const contents: Record<string, unknown> = {
    nothing: undefined,
    null: null,
    text: 'none',
    'an empty object': {},
    'values that are not text': { 'ca.crt': 1, 'ca.key': [] },
    'values that are not base64': { 'ca.crt': '%%%', 'ca.key': '%%%' },
    'broken PEM': pair({ cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', key: 'none' }),
    'a certificate without its key': { 'ca.crt': base64(first.cert) },
    'the key of another authority': pair({ cert: first.cert, key: second.key }),
    'a key of another curve': pair({ cert: first.cert, key: String(p384) }),
    'a certificate that is not an authority': pair(issueServer(named, ['a.example'], A_DAY)),
    'an authority with the name in another encoding': pair(altered(`1308${NAMED}`, `0c08${NAMED}`)),
    'an authority for other purposes': pair(altered('03020106', '03020102')),
    'an authority that did not sign itself': pair(unsigned),
    'a MiB of text': pair({ cert: 'x'.repeat(MIB), key: 'x'.repeat(MIB) }),
    'a MiB of unfinished certificates': pair({
      cert: '-----BEGIN CERTIFICATE-----\n'.repeat(MIB / 28),
      key: named.key,
    }),
    'an encrypted key': pair({ cert: named.cert, key: String(encrypted) }),
    'the authority as the second of 50 certificates': pair({
      cert: Array.from({ length: 49 }, () => named.cert).reduce((all, one) => all + one, second.cert),
      key: named.key,
    }),
    'an authority with an RSA key': pair(issue({ name: 'rsa', ca: true })),
  }
  for (const [title, data] of Object.entries(contents))
    test(title, () => assert.equal(authoritiesFrom(data), undefined))
})

test('text and certificates around an authority are left out, so that they take no room in the Secret', () => {
  const around = (text: string) => base64(`${'x'.repeat(1_000)}\n${text}${third.cert.repeat(49)}${'x'.repeat(1_000)}`)
  const padded = { 'ca.crt': around(first.cert), 'ca.key': around(first.key) }
  const { current } = authoritiesFrom(padded) as Authorities
  assert.deepEqual(texts({ current }), texts({ current: first }))
})

test('node-forge, which encodes certificates, parses none of what a Secret holds', (context) => {
  const parse = context.mock.method(forge.asn1, 'fromDer')
  assert.ok(authoritiesFrom(secretDataOf(all)))
  assert.equal(parse.mock.callCount(), 0)
})

test('what is broken beside a usable authority is left out', () => {
  const broken = { ...secretDataOf(all), 'next.key': base64('none'), 'previous.crt': base64('none') }
  assert.deepEqual(texts(authoritiesFrom(broken) as Authorities), texts({ current: first }))
})

test('the API server trusts all authorities, by the same text before and after a change over', () => {
  const before = trustBundle({ current: first, next: second })
  assert.equal(before, trustBundle({ current: second, previous: first.cert }))
  assert.equal(before.match(/BEGIN/g)?.length, 2)
  assert.equal(trustBundle({ current: first }), first.cert)
})
