import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { FakeApiServer } from '../harness/fake-api-server.ts'

async function start(t: TestContext) {
  const server = await FakeApiServer.start()
  t.after(() => server.close())
  return { server, api: new Api(connectionFrom({ kubeconfig: server.kubeconfig() })) }
}

suite('an answer of the API server', { timeout: 30_000 }, () => {
  test('that is no success is an error with its status, its reason and the wait it asks for', async (t) => {
    const { server, api } = await start(t)
    const answer = api.get('/version', AbortSignal.timeout(10_000))
    ;(await server.expect('/version')).refuse(429, { 'retry-after': '3' })
    await assert.rejects(answer, { message: '/version: HTTP 429: as scripted', status: 429, retryAfter: 3_000 })
  })

  test('that is plain text is quoted from its beginning', async (t) => {
    const { server, api } = await start(t)
    const answer = api.get('/version', AbortSignal.timeout(10_000))
    ;(await server.expect('/version')).answer('x'.repeat(10_000), 502)
    await assert.rejects(answer, {
      message: `/version: HTTP 502: "${'x'.repeat(199)}`,
      status: 502,
      retryAfter: undefined,
    })
  })

  test('that is no JSON is an error that names the path', async (t) => {
    const { server, api } = await start(t)
    const answer = api.get('/version', AbortSignal.timeout(10_000))
    ;(await server.expect('/version')).write('<html>').end()
    await assert.rejects(answer, { message: '/version: the answer is no JSON' })
  })

  test('that never comes ends with the signal', async (t) => {
    const { server, api } = await start(t)
    const stop = new AbortController()
    const answer = api.get('/version', stop.signal)
    await server.expect('/version')
    stop.abort()
    await assert.rejects(answer, { name: 'AbortError' })
  })
})

test('a watch that falls silent is given up', { timeout: 30_000 }, async (t) => {
  const { server, api } = await start(t)
  const events = api.stream('/watch', { shape: 'whole', most: 1_000, silence: 100 }, AbortSignal.timeout(10_000))
  const first = events.next()
  const watch = await server.expect('/watch')
  watch.send({ number: 1 })
  assert.deepEqual(await first, { value: { event: { number: 1 }, whole: true }, done: false })
  await assert.rejects(events.next(), { message: '/watch: silent for 100 ms' })
})
