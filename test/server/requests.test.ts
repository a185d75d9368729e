import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import tls from 'node:tls'
import { appWith } from '../harness/stand-ins/app.ts'
import { reference, review, route } from '../harness/traffic/reviews.ts'

const app = appWith({})
before(() => app.listen({ host: '127.0.0.1', port: 0 }))
after(() => app.close())

const body = review(route(reference('vault', 'billing')))
const TYPE = 'content-type: application/json'
const LENGTH = `content-length: ${body.length}`
const CHUNKED = 'transfer-encoding: chunked'
const request = (line: string, ...headers: string[]) => `${[line, 'host: x', ...headers].join('\r\n')}\r\n\r\n`
const POST = 'POST /validate/deny HTTP/1.1'

/** Sends a request and then another on one connection, and returns the statuses of the answers until the server closes it. */
async function statuses(sent: string): Promise<number[]> {
  const { port } = app.server.address() as AddressInfo
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  let received = ''
  // A connection that is broken off is closed.
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.write(sent + request('GET /last HTTP/1.1', 'connection: close'))
  await new Promise((resolve) => socket.once('close', resolve))
  return [...received.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status))
}

/** The status of the request after them. */
const LAST = 404

suite('a request', { timeout: 300_000 }, () => {
  const answered: Record<string, [sent: string, status: number]> = {
    'with a whole address, as to a proxy': [
      request('POST https://other/validate/deny HTTP/1.1', TYPE, LENGTH) + body,
      200,
    ],
    'with an encoded path': [request('POST /validate/%64eny HTTP/1.1', TYPE, LENGTH) + body, 200],
    'to every path': [request('OPTIONS * HTTP/1.1'), 404],
    'with parameters of the names of JavaScript': [
      request('POST /validate/deny?__proto__=1&timeout=1s&timeout=2s HTTP/1.1', TYPE, LENGTH) + body,
      200,
    ],
  }
  for (const [title, [sent, status]] of Object.entries(answered))
    test(`${title} is answered, and so is the next one`, async () =>
      assert.deepEqual(await statuses(sent), [status, LAST]))

  const refused: Record<string, string> = {
    'with two lengths': request(POST, TYPE, LENGTH, 'content-length: 5') + body,
    'with a length and chunks': request(POST, TYPE, LENGTH, CHUNKED) + body,
    'with chunks that are packed': request(POST, TYPE, 'transfer-encoding: gzip, chunked') + body,
    'with chunks whose length is too large': `${request(POST, TYPE, CHUNKED)}${'F'.repeat(17)}\r\nx`,
    'with a negative length': request(POST, TYPE, 'content-length: -5') + body,
    'with a length that is too large': request(POST, TYPE, `content-length: ${'9'.repeat(30)}`) + body,
    'to an address without a path': request('POST other:443 HTTP/1.1', TYPE, LENGTH) + body,
    'of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  }
  for (const [title, sent] of Object.entries(refused))
    test(`${title} gets 400, and nothing after it is read`, async () => assert.deepEqual(await statuses(sent), [400]))

  const closed: Record<string, string> = {
    'for a tunnel': request('CONNECT other:443 HTTP/1.1'),
    'with an expectation that HTTP does not define': request(POST, TYPE, LENGTH, 'expect: more') + body,
  }
  for (const [title, sent] of Object.entries(closed))
    test(`${title} ends its connection without an answer`, async () => assert.deepEqual(await statuses(sent), []))
})
