import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'

async function start(t: TestContext) {
  const server = await FakeApiServer.start()
  t.after(() => server.close())
  return { server, api: new Api(connectionFrom({ kubeconfig: server.kubeconfig() })) }
}

suite('an answer of the API server', { timeout: 300_000 }, () => {
  test('with an error status is an error with that status, its reason and its Retry-After', async (t) => {
    const { server, api } = await start(t)
    const answer = api.get('/version', AbortSignal.timeout(10_000))
    ;(await server.expect('/version')).refuse(429, { 'retry-after': '3' })
    await assert.rejects(answer, { message: '/version: HTTP 429: as scripted', status: 429, retryAfter: 3_000 })
  })

  test('of plain text is quoted from its beginning', async (t) => {
    const { server, api } = await start(t)
    const answer = api.get('/version', AbortSignal.timeout(10_000))
    ;(await server.expect('/version')).answer('x'.repeat(10_000), 502)
    await assert.rejects(answer, {
      message: `/version: HTTP 502: "${'x'.repeat(199)}`,
      status: 502,
      retryAfter: undefined,
    })
  })

  test('that is not JSON is an error that names the path', async (t) => {
    const { server, api } = await start(t)
    const answer = api.get('/version', AbortSignal.timeout(10_000))
    ;(await server.expect('/version')).write('<html>').end()
    await assert.rejects(answer, { message: '/version: the answer is not JSON' })
  })

  test('with an error status that does not end is read for its reason only', async (t) => {
    const { server, api } = await start(t)
    const answer = api.get('/version', AbortSignal.timeout(10_000))
    ;(await server.expect('/version')).begin(503).write('y'.repeat(5_000))
    await assert.rejects(answer, { message: `/version: HTTP 503: ${'y'.repeat(200)}`, status: 503 })
  })

  test('with an error status that breaks off is known by its status', async (t) => {
    const { server, api } = await start(t)
    const answer = api.get('/version', AbortSignal.timeout(10_000))
    ;(await server.expect('/version')).begin(410).write('{"message":').cut()
    await assert.rejects(answer, { message: '/version: HTTP 410: {"message":', status: 410 })
  })

  for (const [status, longest, error] of [
    [503, 5_000, { message: '/version: HTTP 503', status: 503 }],
    [200, 60_000, { message: '/version: the answer did not end within 60000 ms' }],
  ] as const)
    test(`of status ${status} that never ends times out`, async (t) => {
      const { server, api } = await start(t)
      const set = globalThis.setTimeout
      t.mock.method(globalThis, 'setTimeout', (act: () => void, ms: number) => set(act, ms === longest ? 300 : ms))
      const answer = api.get('/version', AbortSignal.timeout(20_000))
      const exchange = (await server.expect('/version')).begin(status)
      const dripping = setInterval(() => exchange.write(' '), 20)
      t.after(() => clearInterval(dripping))
      await assert.rejects(answer, error)
    })

  test('that is read whole has at most 8 MiB', async (t) => {
    const { server, api } = await start(t)
    const text = JSON.stringify('z'.repeat(8 * 1024 * 1024 - 2))
    let answer = api.get('/version', AbortSignal.timeout(25_000))
    ;(await server.expect('/version')).write(text).end()
    assert.equal(await answer, JSON.parse(text))
    answer = api.get('/version', AbortSignal.timeout(25_000))
    ;(await server.expect('/version')).write(`${text} `).end()
    await assert.rejects(answer, {
      message: `/version: the answer is larger than 8 MiB; make sure that ${server.address} is a Kubernetes API server`,
    })
  })

  test('whose characters are split between chunks is complete', async (t) => {
    const { server, api } = await start(t)
    const answer = api.get('/version', AbortSignal.timeout(10_000))
    const exchange = await server.expect('/version')
    for (const byte of Buffer.from('"ä€😀"')) await exchange.written(Buffer.of(byte))
    exchange.end()
    assert.equal(await answer, 'ä€😀')
  })

  test('that never begins ends with the signal', async (t) => {
    const { server, api } = await start(t)
    const stop = new AbortController()
    const answer = api.get('/version', stop.signal)
    await server.expect('/version')
    stop.abort()
    await assert.rejects(answer, { name: 'AbortError' })
  })
})

suite('a request whose credentials never come', { timeout: 10_000 }, () => {
  const api = new Api({
    server: 'https://127.0.0.1:1',
    credentialsWithin: 30_000,
    requestOptions: () => new Promise(() => {}),
  })

  test('ends with the signal', async () => {
    const stop = new AbortController()
    const answer = api.get('/version', stop.signal)
    stop.abort()
    await assert.rejects(answer, { name: 'AbortError' })
    await assert.rejects(api.get('/version', stop.signal), { name: 'AbortError' })
  })

  test('times out', async (t) => {
    const set = globalThis.setTimeout
    t.mock.method(globalThis, 'setTimeout', (act: () => void, ms: number) => set(act, ms === 30_000 ? 10 : ms))
    const answer = api.get('/version', new AbortController().signal)
    await assert.rejects(answer, {
      message: '/version: no credentials (check the credential plugin of the kubeconfig) within 30 s',
    })
  })
})

suite('a watch', { timeout: 300_000 }, () => {
  const keep = {
    shape: { type: 'whole', object: { metadata: { name: 'whole' }, spec: 'whole' } },
    most: 1_000,
  } as const
  const watching = async (t: TestContext, silence = 10_000) => {
    const { server, api } = await start(t)
    const events = api.stream('/watch', { ...keep, silence }, AbortSignal.timeout(20_000))
    const first = events.next()
    return { events, first, watch: await server.expect('/watch') }
  }
  const event = (name: string, spec: unknown = 1) => ({ type: 'ADDED', object: { metadata: { name }, spec } })
  const yielded = (event: unknown, whole = true) => ({ value: { event, whole }, done: false })

  test('that falls silent times out', async (t) => {
    const { events, first, watch } = await watching(t, 100)
    watch.send(event('a'))
    assert.deepEqual(await first, yielded(event('a')))
    await assert.rejects(events.next(), { message: '/watch: no data for 100 ms' })
  })

  test('yields events as they arrive, of any size, in any pieces', async (t) => {
    const { events, first, watch } = await watching(t)
    const { type, object } = event('large')
    const labels = Object.fromEntries(Array.from({ length: 200_000 }, (_, key) => [`label-${key}`, 'v']))
    const line = Buffer.from(`${JSON.stringify({ type, object: { ...object, labels } })}\n`)
    assert.ok(line.length > 3 * 1024 * 1024)
    watch.send(event('a'), event('b'))
    assert.deepEqual(await first, yielded(event('a')))
    assert.deepEqual(await events.next(), yielded(event('b')))
    for (let at = 0; at < line.length; at += 16_384) watch.write(line.subarray(at, at + 16_384))
    assert.deepEqual(await events.next(), yielded(event('large')))
    watch.send(event('c')).end()
    assert.deepEqual(await events.next(), yielded(event('c')))
    assert.deepEqual(await events.next(), { value: undefined, done: true })
  })

  test('yields the name of an object that is too large', async (t) => {
    const { events, first, watch } = await watching(t)
    watch.send(event('large', 'x'.repeat(1_000)), event('b'))
    assert.deepEqual(await first, yielded({ type: 'ADDED', object: { metadata: { name: 'large' } } }, false))
    assert.deepEqual(await events.next(), yielded(event('b')))
  })

  test('that sends invalid data yields the events before it', async (t) => {
    const { events, first, watch } = await watching(t)
    watch.write(`${JSON.stringify(event('a'))}\n<html>`)
    assert.deepEqual(await first, yielded(event('a')))
    await assert.rejects(events.next(), {
      message: /^\/watch: the answer is not JSON: byte \d+: a value was expected$/,
    })
  })

  test('that ends within an event is broken', async (t) => {
    const { events, first, watch } = await watching(t)
    watch.write(`${JSON.stringify(event('a'))}\n{"type":"AD`).end()
    assert.deepEqual(await first, yielded(event('a')))
    await assert.rejects(events.next(), { message: /^\/watch: the answer is not JSON: it ends too early/ })
  })
})
