import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { chmodSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, suite, test } from 'node:test'
import { readClientAuthorities, readKeyPair } from '../../src/certificates/files.ts'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { newFolder } from '../harness/folders.ts'
import { A_DAY, EXPIRED } from '../harness/validities.ts'

const folder = newFolder()
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
  const pkcs8 = (key: KeyObject, cipher = {}) => key.export({ type: 'pkcs8', format: 'pem', ...cipher }) as string
  const secret = { cipher: 'aes-256-cbc', passphrase: 'x' }
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const encrypted = `the private key in ${keyFile} is encrypted: store it without a passphrase`
  const pairs: Record<string, readonly [pair: { cert: string; key: string }, message: string | RegExp]> = {
    'no certificate': [{ ...pair, cert: 'none' }, new RegExp(`^${certFile} does not hold usable PEM: `)],
    'no key': [{ ...pair, key: 'none' }, new RegExp(`^${keyFile} does not hold usable PEM: `)],
    'an empty certificate': [{ ...pair, cert: '\n' }, `cannot read the certificate: "${certFile}": is empty`],
    'an empty key': [{ ...pair, key: '' }, `cannot read the private key: "${keyFile}": is empty`],
    'a certificate of more than 1 MiB': [
      { ...pair, cert: pair.cert + '\n'.repeat(1024 * 1024) },
      `cannot read the certificate: "${certFile}": is larger than 1 MiB`,
    ],
    'the authority before the certificate': [
      { ...pair, cert: `x\n${authority.cert}${authority.cert}${pair.cert}` },
      `${certFile} must begin with the certificate of the key in ${keyFile}, which is number 3 there`,
    ],
    'an encrypted key': [{ ...pair, key: pkcs8(ec, secret) }, encrypted],
    'an encrypted key in the older format': [
      { ...pair, key: ec.export({ type: 'sec1', format: 'pem', ...secret }) as string },
      encrypted,
    ],
    'a public key': [{ ...pair, key: pair.cert }, new RegExp(`^${keyFile} does not hold usable PEM: `)],
    ...Object.fromEntries(
      (['rsa', 'ed25519', 'x25519'] as const).map((type) => {
        const { privateKey } = generateKeyPairSync(type as 'rsa', { modulusLength: 2048 })
        return [
          `a key of the type ${type}`,
          [{ ...pair, key: pkcs8(privateKey) }, `the key in ${keyFile} does not belong to ${certFile}`] as const,
        ]
      }),
    ),
    'the key of another certificate': [{ ...pair, key }, `the key in ${keyFile} does not belong to ${certFile}`],
    'an expired certificate': [
      issueServer(authority, ['localhost'], EXPIRED),
      new RegExp(`^the certificate in ${certFile} expired on .*: renew it$`),
    ],
  }
  for (const [title, [pair, message]] of Object.entries(pairs)) {
    test(title, () => assert.rejects(read(pair), { message }))
  }

  test('a file without an end', async () => {
    const endless = path.join(folder, 'endless')
    symlinkSync('/dev/zero', endless)
    await assert.rejects(readKeyPair(endless, keyFile), /endless": is larger than 1 MiB/)
  })

  test('a file that may not be read', async () => {
    await read(pair)
    chmodSync(keyFile, 0)
    // The superuser may read every file.
    const isSuperuser = process.geteuid?.() === 0
    if (isSuperuser) process.seteuid?.(65_534)
    try {
      await assert.rejects(readKeyPair(certFile, keyFile), /: permission denied$/)
    } finally {
      if (isSuperuser) process.seteuid?.(0)
      rmSync(keyFile)
    }
  })

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
