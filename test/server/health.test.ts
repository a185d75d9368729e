import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { Gauge, Registry } from 'prom-client'
import { buildHealth, type Check } from '../../src/server/health.ts'

const registry = new Registry()
const gauge = new Gauge({ name: 'refgrant_of_a_test', help: 'A number.', registers: [registry] })
let checks: Check[] = []
const app = buildHealth({ registry, readiness: () => checks })
after(() => app.close())

const grants = { name: 'grants', ok: true, detail: '3 grants' }
const serving = { name: 'serving', ok: true }

/** The status and the text at a path, while the checks are these. */
async function get(url: string, ...now: Check[]) {
  checks = now
  const { statusCode, body } = await app.inject({ url })
  return [statusCode, body]
}

test('whoever answers is alive, ready or not', async () => {
  assert.deepEqual(await get('/livez', { ...grants, ok: false }), [200, 'ok\n'])
})

suite('ready', () => {
  test('is who passes every check', async () => {
    assert.deepEqual(await get('/readyz', grants, serving), [200, 'ok\n'])
  })

  test('names each check when asked to', async () => {
    const text = '[+]grants: 3 grants\n[+]serving\nok\n'
    assert.deepEqual(await get('/readyz?verbose', grants, serving), [200, text])
    assert.deepEqual(await get('/readyz?verbose=1', grants, serving), [200, text])
  })

  test('is not who fails one, and that one is named without being asked for', async () => {
    const stopping = { name: 'serving', ok: false }
    const text = '[+]grants: 3 grants\n[-]serving\nnot ready\n'
    assert.deepEqual(await get('/readyz', grants, stopping), [503, text])
    assert.deepEqual(await get('/readyz?verbose', grants, stopping), [503, text])
  })

  test('is asked anew each time', async () => {
    assert.deepEqual(await get('/readyz', { ...grants, ok: false }), [503, '[-]grants: 3 grants\nnot ready\n'])
    assert.deepEqual(await get('/readyz', grants), [200, 'ok\n'])
  })
})

test('metrics are those of the registry, in the format of Prometheus', async () => {
  gauge.set(7)
  const { statusCode, headers, body } = await app.inject({ url: '/metrics' })
  assert.equal(statusCode, 200)
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/)
  assert.match(body, /^refgrant_of_a_test 7$/m)
})

test('there is nothing else', async () => {
  for (const url of ['/', '/validate', '/healthz']) assert.equal((await app.inject({ url })).statusCode, 404)
})
