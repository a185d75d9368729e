import assert from 'node:assert/strict'
import { once } from 'node:events'
import type http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { type GrantSource, LookupFailed } from '../../src/admission/grant-source.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { Capacity } from '../../src/server/capacity.ts'
import { appWith } from '../harness/stand-ins/app.ts'
import { ServerRecorder } from '../harness/stand-ins/server-recorder.ts'
import { reference, review, route } from '../harness/traffic/reviews.ts'

/** Starts a server with memory for so many bytes, whose fresh reads end only by their signal. */
async function start(t: TestContext, bytes: number) {
  const waiting: string[] = []
  const source: GrantSource = {
    cached: () => ({ grants: lookupIn([]), current: true }),
    fresh: (_namespaces, referrer, _take, signal) => {
      waiting.push(referrer)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new LookupFailed('aborted'))))
    },
  }
  const observer = new ServerRecorder()
  const capacity = new Capacity(() => performance.now(), observer, { bytes, connections: 100 })
  const app = appWith({ source, capacity, observer })
  t.after(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const asked: http.ClientRequest[] = []
  t.after(() => {
    for (const request of asked) request.destroy()
  })
  const ask = (body: string) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: '/validate?timeout=30s',
      method: 'POST',
      rejectUnauthorized: false,
    }
    const request = https.request({ ...options, headers: { 'content-type': 'application/json' } })
    request.on('error', () => {})
    request.end(body)
    asked.push(request)
    return request
  }
  return { capacity, observer, waiting, ask }
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise(setImmediate)
}

suite('a review that waits for a fresh read', { timeout: 300_000 }, () => {
  test('releases its memory when its client closes the connection', async (t) => {
    const { capacity, observer, waiting, ask } = await start(t, 1_000_000)
    const request = ask(review(route(reference('payments', 'billing'))))
    await until(() => waiting.length === 1)
    assert.ok(capacity.held.values > 0)
    assert.equal(capacity.counts.reviews, 1)
    request.destroy()
    await until(() => capacity.counts.reviews === 0)
    assert.deepEqual(capacity.held, { bodies: 0, values: 0, answers: 0 })
    assert.deepEqual(observer.turnedAway, ['gone'])
    assert.deepEqual(observer.reviews, [], 'no review was answered')
  })

  test('keeps its references, but not the rest of its object', async (t) => {
    const { capacity, waiting, ask } = await start(t, 1_000_000)
    ask(review(`{"spec":{"rules":[{"backendRefs":[${reference('x', 'b')}]}],"more":"${'x'.repeat(100_000)}"}}`))
    await until(() => waiting.length === 1)
    assert.ok(capacity.held.values < 2_000, `${capacity.held.values} bytes`)
  })

  test('is evicted by smaller ones, and dropped', async (t) => {
    // While it waits, each keeps the name of its target: two have room, and the body of a third has not.
    const { capacity, observer, waiting, ask } = await start(t, 350_000)
    const large = (namespace: string) =>
      review(route(reference('x'.repeat(70_000), 'b')), { namespace, uid: namespace })
    const first = ask(large('1'))
    await until(() => waiting.length === 1)
    ask(large('2'))
    await until(() => waiting.length === 2)
    ask(large('3'))
    const [response] = await once(first, 'response')
    assert.equal(response.statusCode, 503)
    assert.match(JSON.parse(await text(response)).message, /^refgrant is overloaded: /)
    await until(() => waiting.length === 3)
    assert.equal(capacity.counts.reviews, 2)
    assert.deepEqual(observer.turnedAway, ['memory'])
    assert.deepEqual(observer.reviews, [], 'it is counted once')
  })
})
