import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, suite, test } from 'node:test'
import { readClientAuthorities, readKeyPair } from '../../src/certificates/files.ts'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { A_DAY, EXPIRED } from '../harness/validities.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'refgrant-'))
after(() => rmSync(folder, { recursive: true }))
const [certFile, keyFile] = [path.join(folder, 'tls.crt'), path.join(folder, 'tls.key')]
const authority = issueAuthority('test', A_DAY)
const pair = issueServer(authority, ['localhost'], A_DAY)

/** Reads a key pair from files with these contents. */
function read({ cert, key }: { cert: string; key: string }) {
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key)
  return readKeyPair(certFile, keyFile)
}

test('a certificate with its key is read, with or without intermediates', async () => {
  assert.deepEqual(await read(pair), pair)
  const chain = { ...pair, cert: pair.cert + authority.cert }
  assert.deepEqual(await read(chain), chain)
})

suite('a key pair that cannot be used is an error that names the file:', () => {
  const { key } = issueServer(authority, ['localhost'], A_DAY)
  const pairs: Record<string, [pair: { cert: string; key: string }, message: string | RegExp]> = {
    'no certificate': [{ ...pair, cert: 'none' }, new RegExp(`^${certFile} does not hold usable PEM: `)],
    'no key': [{ ...pair, key: 'none' }, new RegExp(`^${keyFile} does not hold usable PEM: `)],
    'the key of another certificate': [{ ...pair, key }, `the key in ${keyFile} does not belong to ${certFile}`],
    'an expired certificate': [
      issueServer(authority, ['localhost'], EXPIRED),
      new RegExp(`^the certificate in ${certFile} expired on .*: renew it$`),
    ],
  }
  for (const [title, [pair, message]] of Object.entries(pairs)) {
    test(title, () => assert.rejects(read(pair), { message }))
  }

  test('a file that does not exist', async () => {
    await assert.rejects(readKeyPair(path.join(folder, 'gone.crt'), keyFile), /gone\.crt": no such file or directory/)
  })
})

test('the authorities of clients are read, and a file without one is an error', async () => {
  const ca = path.join(folder, 'client-ca.crt')
  writeFileSync(ca, authority.cert)
  assert.equal(await readClientAuthorities(ca), authority.cert)
  writeFileSync(ca, 'none')
  await assert.rejects(readClientAuthorities(ca), /client-ca\.crt does not hold usable PEM/)
})
