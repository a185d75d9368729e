import assert from 'node:assert/strict'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { pino } from 'pino'
import { type GrantSource, LookupFailed } from '../../src/admission/grant-source.ts'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { GrantIndex } from '../../src/policy/grant-index.ts'
import { buildApp } from '../../src/server/app.ts'
import { Metrics } from '../../src/server/metrics.ts'
import { metricSources } from '../harness/metric-sources.ts'
import { defaultSettings } from '../harness/settings.ts'

test('a review whose client leaves while it waits for a fresh read gives up its room', async (t) => {
  let waiting = 0
  const source: GrantSource = {
    cached: () => ({ grants: new GrantIndex(), current: true }),
    // It ends by its signal alone.
    fresh: (_namespaces, _referrer, _take, signal) => {
      waiting += 1
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new LookupFailed('aborted'))))
    },
  }
  const { load } = metricSources()
  const metrics = new Metrics(metricSources({ load }))
  const app = buildApp({
    settings: () => defaultSettings,
    source,
    keyPair: issueServer(issueAuthority('test', 1), ['localhost'], 1),
    logger: pino({ level: 'silent' }),
    load,
    metrics,
  })
  t.after(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '1',
      kind: { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' },
      namespace: 'shop',
      operation: 'CREATE',
      userInfo: {},
      object: { spec: { rules: [{ backendRefs: [{ name: 'payments', namespace: 'billing' }] }] } },
    },
  }
  const request = https.request({
    host: '127.0.0.1',
    port: (app.server.address() as AddressInfo).port,
    path: '/validate?timeout=30s',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    rejectUnauthorized: false,
  })
  request.on('error', () => {})
  request.end(JSON.stringify(review))
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise(setImmediate)
  }
  await until(() => waiting === 1)
  assert.ok(load.held.values > 0)
  assert.equal(load.counts.reviews, 1)
  request.destroy()
  await until(() => load.counts.reviews === 0)
  assert.deepEqual(load.held, { bodies: 0, values: 0, answers: 0 })
  assert.equal(load.shed.gone, 1)
  assert.ok(!(await metrics.registry.metrics()).includes('decision="failed"'), 'nobody was answered')
})
