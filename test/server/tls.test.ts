import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { isLetIn } from '../../src/server/tls.ts'

test('clients may connect by the name in their certificate, or all of them', () => {
  const named = (CN: string) => ({ getPeerCertificate: () => ({ subject: { CN } }) }) as unknown as TLSSocket
  const some = { ca: '', names: new Set(['kube-apiserver']) }
  assert.deepEqual([isLetIn(named('kube-apiserver'), some), isLetIn(named('stranger'), some)], [true, false])
  assert.equal(isLetIn(named('stranger'), { ca: '', names: undefined }), true)
})
