import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import net from 'node:net'
import { after, before, suite, test } from 'node:test'
import tls from 'node:tls'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { post } from '../harness/traffic/post.ts'
import { filled, MIB, reference, review, route } from '../harness/traffic/reviews.ts'
import { until } from '../harness/until.ts'

/** What Node takes of a container of 256 MiB for old objects, and for a half of young ones, by the image's options, in MiB. */
const HEAP = 153
const YOUNG = 4

/** Connections that are opened and left, more than the 2,048 that the server holds at most. */
const CONNECTIONS = LONG ? 10_000 : 2_400

let server: Refgrant
let agent: https.Agent

before(async () => {
  server = await startRefgrant({
    grants: ['--grants', folderWith({ 'grants.yaml': GRANT })],
    nodeOptions: [`--max-old-space-size=${HEAP}`, `--max-semi-space-size=${YOUNG}`],
  })
  agent = new https.Agent({ ca: server.ca, keepAlive: true, keepAliveMsecs: 1_000 })
})
after(async () => {
  agent?.destroy()
  await server?.stop()
})

const granted = review(route(reference('payments', 'billing')))
const missing = review(route(reference('ledger', 'billing')))

/** As many of these as fit into 7.9 MiB, in a list. */
const listOf = (unit: string) => `[${filled(unit, 7.9 * MIB)}]`

async function send(body: string, using = agent) {
  const { status, headers, body: said } = await post(`${server.url}?timeout=10s`, body, { agent: using })
  return { status, retryAfter: headers['retry-after'], body: said }
}

/** Both kinds of review get their right answers. */
async function judges(): Promise<void> {
  const answers = [await send(granted), await send(missing)]
  assert.deepEqual(
    answers.map(({ status, body }) => [status, JSON.parse(body).response.allowed]),
    [
      [200, true],
      [200, false],
    ],
  )
}

suite(`a server with a heap of ${HEAP} MiB stays, and judges,`, () => {
  for (const [title, body] of Object.entries({
    'a list of empty objects': review(`{"x":${listOf('{}')}}`),
    'a list of empty lists': review(`{"x":${listOf('[]')}}`),
    'a list of small objects': review(`{"x":${listOf('{"a":{}}')}}`),
    'a list of texts': review(`{"x":${listOf('"a"')}}`),
    'references beyond number': review(`{"spec":{"rules":[{"backendRefs":${listOf('{"namespace":"b"}')}}]}}`),
    'half as many references': review(
      `{"spec":{"rules":[{"backendRefs":[${'{"namespace":"b"},'.repeat(240_000).slice(0, -1)}]}]}}`,
    ),
    'lists in lists': review(`{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`),
    'a long text': review(`{"x":"${'x'.repeat(7.9 * MIB)}"}`),
  })) {
    test(`whatever is sent, ten at once: ${title}`, async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(body)))
      for (const { status } of answers) assert.ok(status === 200 || status === 503, String(status))
      await judges()
      assert.equal(server.process.exitCode, null)
    })
  }

  test('while bodies stop half way: they are given up', async () => {
    const address = new URL(server.url)
    const stopped = Array.from({ length: 100 }, () => {
      const socket = tls.connect({ host: address.hostname, port: Number(address.port), ca: server.ca })
      socket.on('error', () => {})
      const head = `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${8 * MIB}\r\n\r\n`
      socket.write(`${head}${granted.slice(0, 100)}${' '.repeat(MIB)}`)
      return socket
    })
    await judges()
    const ends = Promise.all(stopped.map((socket) => (socket.closed ? undefined : once(socket.resume(), 'close'))))
    await judges()
    await ends
    await judges()
  })

  test(`while ${CONNECTIONS} connections are opened and left`, async () => {
    const address = new URL(server.url)
    const at = { host: address.hostname, port: Number(address.port) }
    const left: net.Socket[] = []
    const closed = new Set<net.Socket>()
    const errors = new Set<string | undefined>()
    const leave = async (socket: net.Socket, opened: string) => {
      socket.on('error', ({ code }: NodeJS.ErrnoException) => errors.add(code)).once('close', () => closed.add(socket))
      left.push(socket)
      await Promise.race([once(socket, opened), once(socket, 'close')])
    }
    // With a handshake that never ends, with a request that never begins, and with one that never ends.
    for (let round = 0; round < CONNECTIONS / 100; round += 1) {
      await Promise.all(Array.from({ length: 50 }, () => leave(net.connect(at), 'connect')))
      await Promise.all(Array.from({ length: 50 }, () => leave(tls.connect({ ...at, ca: server.ca }), 'secureConnect')))
    }
    assert.equal(left.length, CONNECTIONS)
    assert.ok(!errors.has('EMFILE'), `${CONNECTIONS} connections need a larger ulimit -n`)
    await until('connections beyond the bound are closed', () => closed.size >= CONNECTIONS - 2_048)
    await judges()
    for (const socket of left) socket.destroy()
    await judges()
  })
})
