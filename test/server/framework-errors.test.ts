import assert from 'node:assert/strict'
import net, { type AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import tls from 'node:tls'
import { errorCodes } from 'fastify'
import { buildHealth } from '../../src/server/health.ts'
import { appWith } from '../harness/stand-ins/app.ts'
import { ServerRecorder } from '../harness/stand-ins/server-recorder.ts'

/** The errors that Fastify answers as the client's mistake, but that no client can cause here. */
const IMPOSSIBLE: Record<string, string> = {
  FST_ERR_VALIDATION: 'no route has a schema',
  FST_ERR_CTP_BODY_TOO_LARGE: 'Fastify reads no body',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'Fastify reads no body',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'Fastify reads no body',
  FST_ERR_CTP_INVALID_JSON_BODY: 'Fastify reads no body',
  FST_ERR_CTP_INSTANCE_ALREADY_STARTED: 'an error of the program',
  FST_ERR_MAX_PARAM_LENGTH: 'no path has parameters',
  FST_ERR_INVALID_URL: 'an error of the program',
  FST_ERR_ROUTE_MISSING_CONTENT: 'never thrown',
}

const HOST = 'host: x\r\nconnection: close'
const LONG = 'x'.repeat(16 * 1024)

/** What a client sends to cause each error of Fastify, and each error of the parser, with the status of the answer. */
const CAUSED: Record<string, [sent: string, status: number]> = {
  FST_ERR_NOT_FOUND: [`GET /missing HTTP/1.1\r\n${HOST}\r\n\r\n`, 404],
  FST_ERR_BAD_URL: [`GET /%ff HTTP/1.1\r\n${HOST}\r\n\r\n`, 400],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    `POST /missing HTTP/1.1\r\n${HOST}\r\ncontent-type: no/type/at/all\r\ncontent-length: 0\r\n\r\n`,
    415,
  ],
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: [`QUERY /missing HTTP/1.1\r\n${HOST}\r\n\r\n`, 400],
  'a method that HTTP does not have': [`PROBE /livez HTTP/1.1\r\n${HOST}\r\n\r\n`, 400],
  'a version that HTTP does not have': [`GET /livez HTTP/9.9\r\n${HOST}\r\n\r\n`, 400],
  'a header without a name': [`GET /livez HTTP/1.1\r\n${HOST}\r\n: x\r\n\r\n`, 400],
  'an address that is too long': [`GET /${LONG} HTTP/1.1\r\n${HOST}\r\n\r\n`, 431],
  'a header that is too long': [`GET /livez HTTP/1.1\r\n${HOST}\r\nx: ${LONG}\r\n\r\n`, 431],
}

const app = appWith({})
const exposition = { contentType: 'text/plain', metrics: async () => '' }
const health = buildHealth({ exposition, observer: new ServerRecorder(), readiness: () => [] })
const listeners = {
  'for reviews': { server: app, connect: tls.connect },
  'for health and metrics': { server: health, connect: net.connect as typeof tls.connect },
}

test('each error that Fastify answers as a mistake of the client is tested, or no client can cause it', () => {
  const ofClients = Object.entries(errorCodes).filter(
    ([, FastifyError]) => (new FastifyError().statusCode ?? 500) < 500,
  )
  assert.deepEqual(
    ofClients.map(([code]) => code).sort(),
    [...Object.keys(IMPOSSIBLE), ...Object.keys(CAUSED).filter((title) => title.startsWith('FST_'))].sort(),
  )
})

for (const [title, { server, connect }] of Object.entries(listeners))
  suite(`the listener ${title} answers with a status and a line of text`, { timeout: 300_000 }, () => {
    before(() => server.listen({ host: '127.0.0.1', port: 0 }))
    after(() => server.close())

    for (const [cause, [sent, status]] of Object.entries(CAUSED))
      test(cause, async () => {
        const { port } = server.server.address() as AddressInfo
        const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
        let received = ''
        socket.on('error', () => {})
        socket.on('data', (chunk) => {
          received += chunk
        })
        socket.write(sent)
        await new Promise((resolve) => socket.once('close', resolve))
        const [head = '', text = ''] = received.split('\r\n\r\n')
        assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `))
        assert.match(head, /^content-type: text\/plain; charset=utf-8$/im)
        assert.match(text, /^[^\n]{10,150}$/)
        assert.doesNotMatch(text, /FST_ERR|[{}]|x{100}/)
      })
  })

test('the rest of a body is not kept if the path cannot be decoded: the connection closes', async (t) => {
  const other = appWith({})
  t.after(() => other.close())
  await other.listen({ host: '127.0.0.1', port: 0 })
  const { port } = other.server.address() as AddressInfo
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  let received = ''
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.write('POST /%ff HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n')
  t.after(() => socket.destroy())
  await new Promise((resolve) => socket.once('data', resolve))
  assert.match(received, /^connection: close$/im)
})
