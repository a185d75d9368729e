import assert from 'node:assert/strict'
import https from 'node:https'
import { type AddressInfo, isIPv6 } from 'node:net'
import { test } from 'node:test'
import tls, { type TLSSocket } from 'node:tls'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { isAllowed, ServedKeyPair } from '../../src/server/tls.ts'
import { appWith } from '../harness/stand-ins/app.ts'
import { post } from '../harness/traffic/post.ts'
import { until } from '../harness/until.ts'
import { A_DAY } from '../harness/validities.ts'

test('clients are allowed by the name in their certificate, or all of them', () => {
  const named = (CN: string) => ({ getPeerCertificate: () => ({ subject: { CN } }) }) as unknown as TLSSocket
  const some = { ca: '', names: new Set(['kube-apiserver']) }
  assert.deepEqual([isAllowed(named('kube-apiserver'), some), isAllowed(named('stranger'), some)], [true, false])
  assert.equal(isAllowed(named('stranger'), { ca: '', names: undefined }), true)
})

const authority = issueAuthority('test', A_DAY)
const issue = () => issueServer(authority, ['localhost', '127.0.0.1', '::1'], A_DAY)

/** The certificate that a new connection is shown, and the version of TLS; rejects if the handshake fails. */
function shown({ address, port }: AddressInfo, options: tls.ConnectionOptions = {}): Promise<[cert: string, string]> {
  const { promise, resolve, reject } = Promise.withResolvers<[string, string]>()
  const socket = tls.connect({ host: address, port, ca: authority.cert, ...options }, () => {
    resolve([socket.getPeerX509Certificate()?.toString() ?? '', socket.getProtocol() ?? ''])
    socket.destroy()
  })
  socket.on('error', reject)
  return promise
}

test('another key pair is used for new connections, at every address, and open ones continue', async (t) => {
  const [first, second] = [issue(), issue()]
  const keyPair = new ServedKeyPair()
  const app = appWith({ keyPair })
  await app.listen({ host: 'localhost', port: 0 })
  const agent = new https.Agent({ ca: authority.cert, keepAlive: true })
  t.after(() => {
    agent.destroy()
    return app.close()
  })
  const addresses = app.addresses() as AddressInfo[]
  assert.ok(addresses.length > 0)
  for (const address of addresses) await assert.rejects(shown(address), 'without a certificate')

  keyPair.replace(first)
  const [{ address, port }] = addresses as [AddressInfo]
  const url = `https://${isIPv6(address) ? `[${address}]` : address}:${port}/validate`
  const ask = async () => (await post(url, '{}', { agent })).status
  const open = () => Object.values(agent.freeSockets).flat()
  assert.equal(await ask(), 400)
  await until('the connection waits', () => open().length === 1)
  const before = open()
  keyPair.replace(second)
  for (const one of addresses) assert.deepEqual(await shown(one), [second.cert, 'TLSv1.3'])
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await assert.rejects(shown({ address, port, family: '' }, old), 'the oldest version of TLS stays')
  assert.equal(await ask(), 400)
  await until('the connection waits again', () => open().length === 1)
  assert.equal(open()[0], before[0])
})
