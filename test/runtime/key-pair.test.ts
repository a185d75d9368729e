import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type CertificateOptions, isSelfManaged } from '../../src/runtime/key-pair.ts'

suite('a server issues its certificate itself', () => {
  const cases: [title: string, options: Partial<CertificateOptions>, inPod: boolean, expected: boolean | RegExp][] = [
    ['in a Pod', {}, true, true],
    ['not outside of one', {}, false, false],
    ['not if a flag names a file', { key: 'tls.key' }, true, false],
    ['not with grants from a folder', { grants: 'grants' }, true, false],
    ['not if files are chosen', { certificates: 'files' }, true, false],
    ['outside of a Pod if that is chosen', { certificates: 'self-managed' }, false, true],
    [
      'and not from files at once',
      { certificates: 'self-managed', cert: 'tls.crt' },
      true,
      /leave out --cert and --key/,
    ],
    ['and not without a cluster', { certificates: 'self-managed', grants: 'grants' }, false, /leave out --grants/],
  ]
  for (const [title, options, inPod, expected] of cases)
    test(title, () => {
      const decide = () => isSelfManaged(options as CertificateOptions, inPod)
      if (expected instanceof RegExp) assert.throws(decide, { message: expected })
      else assert.equal(decide(), expected)
    })
})
