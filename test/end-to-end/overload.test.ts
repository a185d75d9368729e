import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import tls from 'node:tls'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { refgrant as command } from '../harness/program/cli.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'

/** What Node takes of a container of 256 MiB, by `--max-old-space-size-percentage=60`, in MiB. */
const HEAP = 156

const MIB = 1024 * 1024

/** Connections that are opened and left, more than the 2,048 that the server holds at most. */
const CONNECTIONS = LONG ? 10_000 : 2_400

const certs = folderWith({})
let server: Refgrant
let agent: https.Agent

before(async () => {
  await command(['certs', '--out', certs])
  server = await startRefgrant({
    certs,
    grants: ['--grants', folderWith({ 'grants.yaml': GRANT })],
    nodeOptions: [`--max-old-space-size=${HEAP}`],
  })
  agent = new https.Agent({ ca: server.ca, keepAlive: true, keepAliveMsecs: 1_000 })
})
after(async () => {
  agent?.destroy()
  await server?.stop()
})

/** A review whose object is this JSON. */
const reviewOf = (object: string) =>
  `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","kind":{"group":"gateway.networking.k8s.io","version":"v1","kind":"HTTPRoute"},"name":"checkout","namespace":"shop","operation":"CREATE","userInfo":{},"object":${object}}}`
const routeTo = (...backendRefs: object[]) => reviewOf(JSON.stringify({ spec: { rules: [{ backendRefs }] } }))

const granted = routeTo({ name: 'payments', namespace: 'billing' })
const missing = routeTo({ name: 'ledger', namespace: 'billing' })

/** As many of these as fit into 7.9 MiB, in a list. */
const listOf = (unit: string) => `[${`${unit},`.repeat(Math.floor((7.9 * MIB) / (unit.length + 1))).slice(0, -1)}]`

async function post(body: string, using = agent) {
  const request = https.request(`${server.url}?timeout=10s`, {
    method: 'POST',
    agent: using,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  })
  request.end(body)
  const [response] = await once(request, 'response')
  return {
    status: response.statusCode as number,
    retryAfter: response.headers['retry-after'],
    body: await text(response),
  }
}

/** Both kinds of review get their right answers. */
async function judges(): Promise<void> {
  const answers = [await post(granted), await post(missing)]
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
    'a list of empty objects': reviewOf(`{"x":${listOf('{}')}}`),
    'a list of empty lists': reviewOf(`{"x":${listOf('[]')}}`),
    'a list of small objects': reviewOf(`{"x":${listOf('{"a":{}}')}}`),
    'a list of texts': reviewOf(`{"x":${listOf('"a"')}}`),
    'references beyond number': reviewOf(`{"spec":{"rules":[{"backendRefs":${listOf('{"namespace":"b"}')}}]}}`),
    'half as many references': reviewOf(
      `{"spec":{"rules":[{"backendRefs":[${'{"namespace":"b"},'.repeat(240_000).slice(0, -1)}]}]}}`,
    ),
    'lists in lists': reviewOf(`{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`),
    'a long text': reviewOf(`{"x":"${'x'.repeat(7.9 * MIB)}"}`),
  })) {
    test(`whatever is sent, ten at once: ${title}`, async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => post(body)))
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
