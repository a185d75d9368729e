import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { isAllowed } from '../../src/server/tls.ts'

test('clients are allowed by the name in their certificate, or all of them', () => {
  const named = (CN: string) => ({ getPeerCertificate: () => ({ subject: { CN } }) }) as unknown as TLSSocket
  const some = { ca: '', names: new Set(['kube-apiserver']) }
  assert.deepEqual([isAllowed(named('kube-apiserver'), some), isAllowed(named('stranger'), some)], [true, false])
  assert.equal(isAllowed(named('stranger'), { ca: '', names: undefined }), true)
})
