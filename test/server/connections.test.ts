import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import net from 'node:net'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import tls from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import type { Connections } from '../../src/server/connections.ts'
import { buildListener, type ListenerOptions } from '../../src/server/listener.ts'
import { tlsOptions } from '../../src/server/tls.ts'
import { ServerRecorder } from '../harness/stand-ins/server-recorder.ts'
import { A_DAY } from '../harness/validities.ts'

const MIB = 1024 * 1024
const keyPair = tlsOptions(issueServer(issueAuthority('test', A_DAY), ['localhost'], A_DAY), undefined)

let app: FastifyInstance
let connections: Connections
let observer: ServerRecorder
/** The server's sockets, in the order of their handshakes. */
let accepted: Socket[]
const sockets: Socket[] = []
/** Requests that reached a handler. */
let handled: number
/** Answers the waiting requests. */
let answer: () => void

async function listen(options: Partial<ListenerOptions['connections']> = {}, secure = true) {
  observer = new ServerRecorder()
  const bounds = { most: 100, bodies: true, observer, tickEvery: 1_000_000, ...options }
  const listener = buildListener({ ...(secure && { tls: keyPair }), connections: bounds })
  app = listener.app
  connections = listener.connections
  accepted = []
  handled = 0
  app.server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => accepted.push(socket))
  app.post('/', (request) => {
    handled += 1
    return request.body
  })
  const waiting = new Promise<void>((resolve) => {
    answer = resolve
  })
  app.get('/slow', async () => {
    handled += 1
    await waiting
    return 'slow'
  })
  app.get('/large', () => 'x'.repeat(64 * MIB))
  await app.listen({ host: '127.0.0.1', port: 0 })
}

beforeEach(() => listen())
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await app.close()
})
const port = () => (app.server.address() as AddressInfo).port

async function plain(localAddress = '127.0.0.1') {
  const socket = net.connect({ port: port(), host: '127.0.0.1', localAddress })
  socket.on('error', () => {})
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** Opens a connection, and returns it after its handshake, with the text that it receives. */
async function connect() {
  const count = accepted.length
  const socket = tls.connect({ port: port(), host: '127.0.0.1', rejectUnauthorized: false })
  socket.on('error', () => {})
  sockets.push(socket)
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  await once(socket, 'secureConnect')
  await until(() => accepted.length > count)
  return { socket, server: accepted[count] as Socket, received: () => received }
}

/** Waits until a condition holds, turn by turn of the event loop. */
async function until(holds: () => boolean) {
  while (!holds()) await nextTurn()
}

/** Writes, and waits until the server has read it. */
async function send({ socket, server }: { socket: Socket; server: Socket }, text: string) {
  const expected = server.bytesRead + text.length
  socket.write(text)
  await until(() => server.bytesRead >= expected || server.destroyed)
}

async function ticks(count: number, between = async () => {}) {
  for (let tick = 0; tick < count; tick += 1) {
    connections.tick()
    await between()
  }
}

const closed = (socket: Socket) => until(() => socket.closed)
const HEAD = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
const REQUEST = `${HEAD}content-length: 2\r\n\r\n{}`

suite('a connection', () => {
  test('without a request is kept for 120 s, and then closed without an answer', async () => {
    const client = await connect()
    await ticks(120)
    assert.equal(client.server.destroyed, false)
    await ticks(1)
    await closed(client.socket)
    assert.deepEqual([client.received(), observer.closed], ['', ['idle']])
  })

  test('is kept for 120 s after a request', async () => {
    const client = await connect()
    await ticks(100)
    await send(client, REQUEST)
    await until(() => client.received().includes('{}'))
    await ticks(120)
    assert.equal(client.server.destroyed, false)
    await ticks(1)
    await closed(client.socket)
    assert.deepEqual(observer.closed, ['idle'])
  })

  test('has 10 s for its handshake, even if bytes keep arriving', async () => {
    const silent = await plain()
    const trickling = await plain()
    await until(() => observer.held === 2)
    trickling.write(Buffer.from([22, 3, 1]))
    await ticks(10, async () => {
      trickling.write(Buffer.from([1]))
      await nextTurn()
    })
    assert.equal(observer.held, 2)
    await ticks(1)
    await Promise.all([closed(silent), closed(trickling)])
    assert.deepEqual(observer.closed, ['handshake', 'handshake'])
  })

  const trickle: Record<string, [start: string, more: string]> = {
    head: [HEAD.slice(0, 20), 'x'],
    body: [`${HEAD}content-length: 1000\r\n\r\n{`, ' '],
  }
  for (const [phase, [start, more]] of Object.entries(trickle)) {
    test(`has 10 s for the ${phase} of a request from its first byte, even if bytes keep arriving`, async () => {
      const [silent, trickling] = [await connect(), await connect()]
      await ticks(100)
      for (const client of [silent, trickling]) await send(client, start)
      // A head is seen at the next tick.
      if (phase === 'head') await ticks(1)
      await ticks(10, () => send(trickling, more))
      assert.deepEqual([silent.server.destroyed, trickling.server.destroyed], [false, false])
      await ticks(1)
      await Promise.all([closed(silent.socket), closed(trickling.socket)])
      assert.deepEqual(observer.closed, [phase, phase])
    })
  }

  test('may wait for a verdict without a limit', async () => {
    const client = await connect()
    await send(client, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
    await until(() => handled === 1)
    await ticks(1_000)
    assert.equal(client.server.destroyed, false)
    answer()
    await until(() => client.received().includes('slow'))
  })

  test('has 10 s to read its answer', async () => {
    const client = await connect()
    client.socket.pause()
    client.socket.removeAllListeners('data')
    await send(client, 'GET /large HTTP/1.1\r\nhost: x\r\n\r\n')
    await until(() => client.server.writableLength > 0)
    // It is seen to wait at the first.
    await ticks(11)
    assert.equal(client.server.destroyed, false)
    await ticks(1)
    await closed(client.server)
    assert.deepEqual(observer.closed, ['answer'])
  })

  test('is closed if its client sends requests without waiting for answers', async () => {
    const client = await connect()
    client.socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(1_000))
    await closed(client.socket)
    assert.deepEqual([handled, observer.closed], [4, ['pipelined']])
  })

  test('gets 431 for a head larger than 8 KiB', async () => {
    const client = await connect()
    client.socket.write(`${HEAD}x: ${'x'.repeat(8 * 1024)}\r\n\r\n`)
    await closed(client.socket)
    assert.match(client.received(), /^HTTP\/1.1 431 /)
  })
})

test('a request that lay in the kernel while the process was busy is answered', async () => {
  await app.close()
  await listen({ tickEvery: 50 })
  const clients = await Promise.all(Array.from({ length: 5 }, connect))
  for (const { socket } of clients) socket.write(REQUEST)
  // As long as 20 ticks.
  const end = performance.now() + 1_000
  while (performance.now() < end);
  await until(() => clients.every(({ received, socket }) => received().includes('{}') || socket.closed))
  for (const { received } of clients) assert.match(received(), /^HTTP\/1.1 200 /)
})

suite('beyond the limit of connections, the server evicts', () => {
  beforeEach(async () => {
    await app.close()
    await listen({ most: 3 })
  })

  test('the connection that has waited longest without a complete request', async () => {
    const used = await connect()
    await send(used, REQUEST)
    await until(() => used.received().includes('{}'))
    const [unused, half] = [await connect(), await connect()]
    await send(half, HEAD)
    await connect()
    await closed(unused.socket)
    await connect()
    await closed(half.socket)
    assert.deepEqual([used.server.destroyed, observer.closed], [false, ['evicted', 'evicted']])
  })

  test('the connection that has been idle longest, if all have sent a request', async () => {
    const clients = [await connect(), await connect(), await connect()]
    for (const client of clients) {
      await send(client, REQUEST)
      await until(() => client.received().includes('{}'))
    }
    const [first, second] = clients
    if (first) await send(first, REQUEST)
    await until(() => handled === 4)
    await plain()
    await until(() => observer.closed.length === 1)
    assert.equal(first?.server.destroyed, false)
    assert.ok(second)
  })

  test('a connection of the largest group: used connections do not evict a handshake', async () => {
    const used = [await connect(), await connect()]
    for (const client of used) {
      await send(client, REQUEST)
      await until(() => client.received().includes('{}'))
    }
    const handshake = await plain()
    await until(() => observer.held === 3)
    const another = await plain()
    await closed(used[0]?.socket as Socket)
    assert.deepEqual([handshake.closed, another.closed, used[1]?.server.destroyed], [false, false, false])
  })

  test('a connection of the address that has most of the group, so that a flood spares the other addresses', async () => {
    const other = await plain()
    const flood = [await plain('127.0.0.2'), await plain('127.0.0.2'), await plain('127.0.0.2')]
    await until(() => observer.closed.length === 1)
    flood.push(await plain('127.0.0.2'))
    await until(() => [other, ...flood].filter((socket) => socket.closed).length === 2)
    assert.deepEqual(
      [other, ...flood].map(({ closed }) => closed),
      [false, true, true, false, false],
    )
  })

  test('the connection that has waited longest, if no address has most of the group', async () => {
    const first = await plain()
    const others = [await plain('127.0.0.2'), await plain('127.0.0.2'), await plain('127.0.0.3')]
    await until(() => observer.closed.length === 1)
    await closed(first)
    assert.deepEqual(
      others.map((socket) => socket.closed),
      [false, false, false],
    )
  })

  test('the connection that has waited longest for a verdict, if these are the largest group', async () => {
    const busy = [await connect(), await connect(), await connect()]
    for (const client of busy) await send(client, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
    await until(() => handled === 3)
    const another = await plain()
    await closed(busy[0]?.socket as Socket)
    assert.deepEqual([another.closed, busy[1]?.server.destroyed, busy[2]?.server.destroyed], [false, false, false])
    answer()
  })
})

const ANSWERED_BY_NODE: Record<string, string> = {
  'expect something': 'GET /slow HTTP/1.1\r\nhost: x\r\nexpect: something\r\n\r\n',
  'have no host': 'GET /slow HTTP/1.1\r\n\r\n',
  'are more than a connection may have': 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n',
}
for (const [title, request] of Object.entries(ANSWERED_BY_NODE))
  for (const secure of [true, false])
    test(`of thousands of requests at once that ${title}, few become objects${secure ? '' : ', without TLS'}`, async (t) => {
      if (!secure) {
        await app.close()
        await listen({}, false)
      }
      let made = 0
      t.mock.method(
        http.IncomingMessage.prototype,
        '_addHeaderLines' as never,
        function count(this: unknown) {
          made += 1
        } as never,
      )
      const socket = secure ? (await connect()).socket : await plain()
      socket.write(request.repeat(2_000))
      await closed(socket)
      assert.ok(made <= 5, `${made} requests`)
      assert.deepEqual(observer.closed, ['pipelined'])
    })

test('consecutive connections from the same port are distinguished', async () => {
  let [localPort, repeated] = [0, 0]
  for (let round = 0; round < 20; round += 1) {
    const socket = net.connect({ port: port(), host: '127.0.0.1', localPort })
    sockets.push(socket)
    const isConnected = await new Promise<boolean>((resolve) => {
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    })
    // Another program may have taken the port.
    if (!isConnected) {
      localPort = 0
      continue
    }
    if (localPort !== 0) repeated += 1
    localPort = socket.localPort ?? 0
    if (round < 19) socket.resetAndDestroy()
  }
  assert.ok(repeated > 0)
  await until(() => observer.held <= 1)
  await ticks(11)
  await until(() => observer.held === 0)
})

test('a closing server does not wait for connections without a request', async () => {
  const client = await connect()
  await plain()
  await until(() => observer.held === 2)
  await app.close()
  await closed(client.socket)
  assert.equal(observer.held, 0)
})

test('plain HTTP has the same limits as HTTPS', async () => {
  await app.close()
  await listen({ most: 2 }, false)
  const [idle, half] = [await plain(), await plain()]
  await until(() => accepted.length === 2)
  await send({ socket: half, server: accepted[1] as Socket }, HEAD)
  await plain()
  await closed(idle)
  await ticks(12)
  await closed(half)
  assert.deepEqual(observer.closed, ['evicted', 'head'])
})
