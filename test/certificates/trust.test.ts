import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { suite, test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { hostProblem, trustProblem } from '../../src/certificates/trust.ts'
import { issue } from '../harness/stand-ins/certificates.ts'

const root = issue({ name: 'root', ca: true })
const other = issue({ name: 'other', ca: true })
const namesake = issue({ name: 'root', ca: true })
const expired = issue({ name: 'expired', ca: true, from: -3, to: -1 })
const future = issue({ name: 'future', ca: true, from: 1, to: 3 })
const middle = issue({ name: 'middle', by: root, ca: true })
const lower = issue({ name: 'lower', by: middle, ca: true })
const stale = issue({ name: 'stale', by: root, ca: true, from: -3, to: -1 })
const noAuthority = issue({ name: 'no authority', by: root })
const oldRoot = issue({ name: 'old root', version1: true })
const leaf = issue({ name: 'leaf', by: root, hosts: ['localhost'] })
const alone = issue({ name: 'alone', hosts: ['localhost'] })
const aloneAsAuthority = issue({ name: 'alone', ca: true, hosts: ['localhost'] })
const by = (authority: typeof root) => issue({ name: 'leaf', by: authority })
const deep = by(lower)
const garbage = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const pem = (...all: { cert: string }[]) => all.map(({ cert }) => cert).join('')

suite('the served certificate is trusted', () => {
  const cases: Record<string, [chain: string, caBundle: string]> = {
    'by its authority': [pem(leaf), pem(root)],
    'by one authority of several': [pem(leaf), pem(other, expired, root)],
    'by an authority beside another of the same name': [pem(leaf), pem(namesake, root)],
    'by an authority among unreadable PEM': [pem(leaf), `none\n${garbage}${root.key}${pem(root)}${garbage}`],
    'through served intermediates': [pem(deep, lower, middle), pem(root)],
    'through intermediates in another order, with unrelated ones': [pem(deep, middle, other, lower, middle), pem(root)],
    'by an intermediate alone': [pem(deep, lower), pem(middle)],
    'as its own authority': [pem(aloneAsAuthority), pem(aloneAsAuthority)],
    'as it is, although it is not an authority': [pem(alone), pem(alone)],
    'as it is, although its authority is unknown': [pem(leaf), pem(leaf)],
    'by an authority of version 1': [pem(by(oldRoot)), pem(oldRoot)],
    'with Windows line ends': [pem(leaf).replaceAll('\n', '\r\n'), pem(root).replaceAll('\n', '\r\n')],
  }
  for (const [title, [chain, caBundle]] of Object.entries(cases))
    test(title, () => assert.equal(trustProblem(chain, caBundle), undefined))

  test('by a public authority, without a bundle', () => {
    const now = new Date()
    const authority = rootCertificates.find((one) => {
      const { validFromDate, validToDate } = new X509Certificate(one)
      return validFromDate <= now && now <= validToDate
    })
    assert.equal(trustProblem(authority ?? '', ''), undefined)
  })
})

suite('the served certificate is not trusted', () => {
  const cases: Record<string, [chain: string, caBundle: string, problem: RegExp]> = {
    'without a bundle': [pem(leaf), '', /^is empty, and the served certificate does not lead to a public authority/],
    'by a bundle that is not PEM': [pem(leaf), 'none', /^holds no certificate that can be read$/],
    'by a bundle of garbage': [pem(leaf), garbage, /^holds no certificate that can be read$/],
    'by a bundle of a key': [pem(leaf), root.key, /^holds no certificate that can be read$/],
    'by a certificate that only OpenSSL would trust': [
      pem(leaf),
      pem(root).replaceAll(' CERTIFICATE', ' TRUSTED CERTIFICATE'),
      /^holds no certificate that can be read$/,
    ],
    'by another authority': [
      pem(leaf),
      pem(other),
      /^does not verify .*: it holds "CN=other" \(SHA-256 .*the issuer is "CN=root"$/,
    ],
    'by another authority of the same name': [pem(leaf), pem(namesake), /^does not verify /],
    'by an authority that has expired': [
      pem(by(expired)),
      pem(expired),
      /^verifies .* only by an authority that is not valid now: "CN=expired"/,
    ],
    'by an authority of the future': [pem(by(future)), pem(future), /only by an authority that is not valid now/],
    'if the intermediate is not served': [pem(deep, lower), pem(root), /^does not verify /],
    'if the intermediate has expired': [pem(by(stale), stale), pem(root), /only by an authority that is not valid now/],
    'if the intermediate is not an authority': [pem(by(noAuthority), noAuthority), pem(root), /^does not verify /],
    'by a certificate that is not an authority': [pem(by(noAuthority)), pem(noAuthority), /^does not verify /],
    'with a signature by SHA-1': [
      pem(issue({ name: 'leaf', by: root, digest: 'sha1' })),
      pem(root),
      /^does not verify /,
    ],
    'if it has expired': [
      pem(issue({ name: 'leaf', by: root, from: -3, to: -1 })),
      pem(root),
      /^cannot verify the server: .*valid from .* to /,
    ],
    'if it is for clients': [
      pem(issue({ name: 'leaf', by: root, clientOnly: true })),
      pem(root),
      /not for server authentication/,
    ],
    'if no certificate is served': ['none', pem(root), /^cannot be compared/],
  }
  for (const [title, [chain, caBundle, problem]] of Object.entries(cases))
    test(title, () => assert.match(trustProblem(chain, caBundle) ?? 'trusted', problem))

  test('by many other authorities, of which the first are listed', () => {
    const many = Array.from({ length: 6 }, (_, index) => issue({ name: `n${index}`, ca: true }))
    const problem = trustProblem(pem(leaf), pem(...many, ...many)) ?? ''
    assert.match(problem, /"CN=n3" \(SHA-256 [^)]*\) and 2 more, and the issuer is "CN=root"$/)
  })

  test('by authorities that sign each other', () => {
    const one = issue({ name: 'one', ca: true })
    const two = issue({ name: 'two', by: one, ca: true })
    const oneAgain = { ...issue({ name: 'one', by: two, ca: true }) }
    assert.match(trustProblem(pem(by(two), two, one, oneAgain, two), pem(other)) ?? '', /^does not verify /)
  })
})

suite('the served certificate is valid for a host', () => {
  const served = pem(
    issue({
      name: 'common.example',
      hosts: ['refgrant.refgrant-system.svc', '*.wild.example', 'part*.example'],
      ips: ['127.0.0.1', '::1'],
    }),
  )
  const valid = [
    'refgrant.refgrant-system.svc',
    'REFGRANT.refgrant-system.svc',
    'a.wild.example',
    '127.0.0.1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    'a.wild.example.',
  ]
  for (const host of valid) test(`it is: ${host}`, () => assert.equal(hostProblem(served, host), undefined))
  for (const host of [
    'refgrant.other.svc',
    'common.example',
    'a.b.wild.example',
    'wild.example',
    'partial.example',
    '127.0.0.2',
    '[::2]',
  ])
    test(`it is not valid for ${host}`, () =>
      assert.match(
        hostProblem(served, host) ?? '',
        /^names host ".*", but the served certificate is valid only for "DNS:refgrant/,
      ))
  test('without a name it is valid for none', () =>
    assert.match(hostProblem(pem(issue({ name: 'localhost' })), 'localhost') ?? '', /valid for no name$/))
})
