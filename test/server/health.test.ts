import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { buildHealth, type Check } from '../../src/server/health.ts'
import { ServerRecorder } from '../harness/stand-ins/server-recorder.ts'

const exposition = { contentType: 'text/plain; version=0.0.4; charset=utf-8', metrics: async () => 'of_a_test 7\n' }
const observer = new ServerRecorder()
let checks: Check[] = []
const app = buildHealth({ exposition, observer, readiness: () => checks })
const sockets: net.Socket[] = []
after(async () => {
  for (const socket of sockets) socket.destroy()
  await app.close()
})

const grants = { name: 'grants', ok: true, detail: '3 grants' }
const serving = { name: 'serving', ok: true }

/** Returns the status and the text at a path, with these checks. */
async function get(url: string, ...now: Check[]) {
  checks = now
  const { statusCode, body } = await app.inject({ url })
  return [statusCode, body]
}

test('a server that answers is alive, ready or not', async () => {
  assert.deepEqual(await get('/livez', { ...grants, ok: false }), [200, 'ok\n'])
})

suite('readiness', () => {
  test('is ok if every check passes', async () => {
    assert.deepEqual(await get('/readyz', grants, serving), [200, 'ok\n'])
  })

  test('names each check with ?verbose', async () => {
    const text = '[+]grants: 3 grants\n[+]serving\nok\n'
    assert.deepEqual(await get('/readyz?verbose', grants, serving), [200, text])
    assert.deepEqual(await get('/readyz?verbose=1', grants, serving), [200, text])
  })

  test('is not ok if a check fails, and names that check', async () => {
    const stopping = { name: 'serving', ok: false }
    const text = '[+]grants: 3 grants\n[-]serving\nnot ready\n'
    assert.deepEqual(await get('/readyz', grants, stopping), [503, text])
    assert.deepEqual(await get('/readyz?verbose', grants, stopping), [503, text])
  })

  test('is checked again for each request', async () => {
    assert.deepEqual(await get('/readyz', { ...grants, ok: false }), [503, '[-]grants: 3 grants\nnot ready\n'])
    assert.deepEqual(await get('/readyz', grants), [200, 'ok\n'])
  })
})

test('metrics are served in the format of Prometheus', async () => {
  const { statusCode, headers, body } = await app.inject({ url: '/metrics' })
  assert.equal(statusCode, 200)
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/)
  assert.equal(body, 'of_a_test 7\n')
})

test('other paths are not found', async () => {
  for (const url of ['/', '/validate', '/healthz']) assert.equal((await app.inject({ url })).statusCode, 404)
})

suite('a probe is answered', () => {
  before(() => app.listen({ host: '127.0.0.1', port: 0 }))

  /** Returns a connection on which this text has been sent, or was about to be. */
  async function send(text: string) {
    const socket = net.connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    await once(socket, 'connect')
    socket.write(text)
    return socket
  }

  const ways: Record<string, string> = {
    'with nothing': '',
    'with half a head': 'GET /metrics HTTP/1.1\r\nhost: x\r\n',
    'with a body that does not end': `POST /livez HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1048576\r\n\r\n${' '.repeat(65_536)}`,
    'with a body in chunks that does not end':
      'POST /metrics HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n',
    'with answers that are not read': 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(4),
  }
  for (const [title, text] of Object.entries(ways)) {
    test(`while 300 other connections are open ${title}`, async () => {
      for (let count = 0; count < 300; count += 1) await send(text)
      const probe = await send('GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
      let answer = ''
      for await (const chunk of probe) answer += chunk
      assert.match(answer, /^HTTP\/1\.1 200 OK.*\r\n\r\nok\n$/s)
      // A connection counts until the system has closed it.
      const held = () => new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)))
      while ((await held()) > 32) await new Promise(setImmediate)
    })
  }

  for (const method of ['GET', 'POST'])
    test(`and a connection on which ${method} has a body is closed and reported`, async () => {
      const before = observer.closed.length
      const socket = await send(`${method} /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nx`)
      let answer = ''
      socket
        .on('error', () => {})
        .on('data', (chunk) => {
          answer += chunk
        })
      await once(socket, 'close')
      assert.equal(answer, '')
      assert.deepEqual(observer.closed.slice(before), ['unexpected_body'])
      assert.equal(observer.held, 0, 'connections are counted that reviews come on')
    })

  test('and a body in thousands of pieces creates no objects', async (t) => {
    const push = t.mock.method(http.IncomingMessage.prototype, 'push')
    const socket = await send(
      `POST /livez HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(5_000)}`,
    )
    await once(socket, 'close')
    assert.ok(push.mock.callCount() <= 1, `${push.mock.callCount()} pieces`)
    push.mock.restore()

    // Node uses a parser again.
    const echo = http.createServer((request, response) => request.pipe(response)).listen(0, '127.0.0.1')
    t.after(() => echo.close())
    await once(echo, 'listening')
    const url = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`
    const answers = Array.from({ length: 8 }, async () => (await fetch(url, { method: 'POST', body: 'a body' })).text())
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(['a body']))
  })
})
