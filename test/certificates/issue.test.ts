import assert from 'node:assert/strict'
import crypto, { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { type AddressInfo, connect } from 'node:net'
import { after, mock, suite, test } from 'node:test'
import tls from 'node:tls'
import { type Certificate, issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { A_DAY, EXPIRED } from '../harness/validities.ts'

const NAME = 'refgrant.refgrant-system.svc'

const authority = issueAuthority('refgrant', A_DAY)
const server = issueServer(authority, [NAME, '*.example.com', '127.0.0.1', 'fd00::7'], A_DAY)

const closing: (() => void)[] = []
after(() => {
  for (const close of closing) close()
})

/** A TLS handshake with a server that presents `pair`, by a client that trusts `ca` and expects `host`. */
async function handshake(pair: Certificate, host: string, ca = authority.cert): Promise<tls.TLSSocket> {
  const listener = tls.createServer({ ...pair, minVersion: 'TLSv1.3' }, (socket) => socket.end())
  listener.on('tlsClientError', () => {})
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const socket = connect((listener.address() as AddressInfo).port, '127.0.0.1')
  closing.push(() => listener.close())
  const client = tls.connect({ socket, host, ca, ...(host === NAME && { servername: host }) })
  closing.push(() => client.destroy())
  await once(client, 'secureConnect')
  return client
}

suite('a client that trusts the authority', { timeout: 300_000 }, () => {
  for (const host of [NAME, 'a.example.com', '127.0.0.1', 'fd00::7', 'fd00:0:0::0:7']) {
    test(`accepts the server as ${host}`, async () => {
      const client = await handshake(server, host)
      assert.equal(client.authorized, true)
      assert.equal(client.getPeerX509Certificate()?.subject, `CN=${NAME}`)
    })
  }

  for (const host of [
    'localhost',
    'refgrant.refgrant-system',
    'a.b.example.com',
    'example.com',
    '127.0.0.2',
    'fd00::8',
  ]) {
    test(`refuses it as ${host}`, async () => {
      await assert.rejects(handshake(server, host), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    })
  }

  test('refuses a server whose certificate has expired', async () => {
    await assert.rejects(handshake(issueServer(authority, [NAME], EXPIRED), NAME), { code: 'CERT_HAS_EXPIRED' })
  })

  test('refuses a server of another authority, even with the same name', async () => {
    const [other, namesake] = [issueAuthority('other', A_DAY), issueAuthority('refgrant', A_DAY)]
    await assert.rejects(handshake(issueServer(other, [NAME], A_DAY), NAME), {
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
    await assert.rejects(handshake(issueServer(namesake, [NAME], A_DAY), NAME), { code: 'CERT_SIGNATURE_FAILURE' })
  })

  test('refuses a server whose certificate is signed with a server’s key', async () => {
    const posing = { ...server, name: NAME, privateKey: createPrivateKey(server.key) }
    const { cert, key } = issueServer(posing, ['bank.example'], A_DAY)
    await assert.rejects(handshake({ cert: cert + server.cert, key }, 'bank.example'), /certificate signing|invalid CA/)
  })

  test('may trust several authorities, while one replaces the other', async () => {
    const next = issueAuthority('refgrant, next', A_DAY)
    const both = authority.cert + next.cert
    assert.equal((await handshake(server, NAME, both)).authorized, true)
    assert.equal((await handshake(issueServer(next, [NAME], A_DAY), NAME, both)).authorized, true)
  })
})

suite('a certificate', () => {
  const certificates = { authority: new X509Certificate(authority.cert), server: new X509Certificate(server.cert) }

  test('has the given validity, in whole seconds', () => {
    for (const { validFromDate: from, validToDate: to } of Object.values(certificates))
      for (const [found, given] of [
        [from, A_DAY.from],
        [to, A_DAY.to],
      ] as const)
        assert.equal(found.getTime(), Math.floor(given.getTime() / 1_000) * 1_000)
  })

  test('has a P-256 key', () => {
    for (const { cert, key } of [authority, server]) {
      const { publicKey } = new X509Certificate(cert)
      assert.equal(publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
      assert.ok(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    }
  })

  test('has the key usage of an authority or of a server', () => {
    assert.equal(certificates.authority.ca, true)
    assert.equal(certificates.server.ca, false)
    assert.deepEqual(certificates.server.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  })

  test('of an authority is self-signed, and that of a server is signed by the authority', () => {
    for (const certificate of Object.values(certificates)) {
      assert.equal(certificate.issuer, 'CN=refgrant')
      assert.ok(certificate.verify(certificates.authority.publicKey))
    }
  })

  test('has a unique serial number, positive and of at most 20 bytes', () => {
    const numbers = Array.from({ length: 50 }, () => new X509Certificate(issueAuthority('a', A_DAY).cert).serialNumber)
    assert.equal(new Set(numbers).size, 50)
    for (const number of numbers) assert.match(number, /^[\dA-F]{1,40}$/)
  })

  test('can be read with any random serial number', (t) => {
    t.after(() => {
      mock.restoreAll()
      syncBuiltinESMExports()
    })
    for (const beginning of ['0000', '00007f', '000000', '0080', '7fff', 'ffff']) {
      mock.method(crypto, 'randomBytes', (size: number) => Buffer.concat([Buffer.from(beginning, 'hex')], size))
      syncBuiltinESMExports()
      const { serialNumber } = new X509Certificate(issueAuthority('a', A_DAY).cert)
      assert.equal(serialNumber.length, 32)
    }
  })
})
