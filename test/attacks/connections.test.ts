import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { filled, MIB, repeated, review, route } from '../harness/traffic/reviews.ts'
import { atOnce, closeAll, connect, connectTls, ended, head, openAll, send, sendAll, trickle } from './send.ts'
import { permitted, type Siege, type Victim, withstand } from './siege.ts'

/** Connections that the server holds at once, and more than that. */
const MANY = 2_400

const validate = '/validate/deny?timeout=10s'
const chunked = `${head(validate, 'transfer-encoding: chunked')}\r\n`
const whole = (body: string) => `${head(validate, `content-length: ${Buffer.byteLength(body)}`)}\r\n${body}`

/** So many times the same, in parts that are quick to send. */
function* parts(unit: string, count: number): Iterable<string> {
  const part = unit.repeat(10_000)
  for (let sent = 0; sent < count; sent += 10_000) yield part
}

/** Opens connections that send this and no more; they are given up once the neighbour has seen enough of it. */
const halves = (count: number, sent: string) => async (victim: Victim) => {
  const sockets = await openAll(count, () => connectTls(victim), sent)
  await enough(victim)
  closeAll(sockets)
}

/** Lets the server read what has been sent: whatever it answers, it has had the turn to read the rest. */
async function enough(victim: Victim): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await send(victim, validate, permitted)
}

const attacks: Record<string, [attack: (victim: Victim) => Promise<void>, siege?: Siege]> = {
  '500,000 chunks of one byte, three at once': [
    async (victim) => {
      await atOnce(3, async () => {
        const socket = await connectTls(victim)
        await sendAll(socket, [chunked, ...parts('1\r\nx\r\n', 500_000), '0\r\n\r\n'])
        await ended(socket)
        socket.destroy()
      })
    },
  ],
  'chunks of one byte that never end, 40 at once': [
    async (victim) => {
      const sockets = await openAll(40, () => connectTls(victim), chunked)
      await Promise.all(sockets.map((socket) => sendAll(socket, parts('1\r\nx\r\n', 50_000))))
      await enough(victim)
      closeAll(sockets)
    },
    { mayShed: true },
  ],
  'chunks with long extensions': [
    async (victim) => {
      await atOnce(8, async () => {
        const socket = await connectTls(victim)
        const extended = `1;${'e'.repeat(8_000)}\r\nx\r\n`
        await sendAll(socket, [chunked, ...Array.from({ length: 1_000 }, () => extended), '0\r\n\r\n'])
        await ended(socket)
        socket.destroy()
      })
    },
  ],
  'trailers without end': [
    async (victim) => {
      await atOnce(8, async () => {
        const socket = await connectTls(victim)
        await sendAll(socket, [chunked, '1\r\nx\r\n0\r\n', ...parts('a: b\r\n', 500_000)])
        await ended(socket)
        socket.destroy()
      })
    },
  ],
  '757 halves of a request': [
    halves(757, `${head(validate, `content-length: ${170 * 1024}`)}\r\n${' '.repeat(85 * 1024)}`),
    { mayShed: true },
  ],
  'a length of 8 MiB and then nothing, on 1,500 connections': [
    halves(1_500, `${head(validate, `content-length: ${8 * MIB}`)}\r\n`),
  ],
  'a length of 8 MiB and one byte, on 1,500 connections': [
    halves(1_500, `${head(validate, `content-length: ${8 * MIB}`)}\r\nx`),
  ],
  'most of 8 MiB, on 40 connections': [
    halves(40, `${head(validate, `content-length: ${8 * MIB}`)}\r\n${' '.repeat(7 * MIB)}`),
    { mayShed: true },
  ],
  'a head of 15 KiB that does not end, on 1,500 connections': [
    halves(1_500, head(validate, `x: ${'x'.repeat(15_000)}`)),
  ],
  'a head of many short fields, on 1,500 connections': [
    halves(1_500, head(validate, ...Array.from({ length: 2_000 }, () => 'a:b'))),
  ],
  'requests in one go on 240 connections that Node would answer itself': [
    async (victim) => {
      for (const request of ['GET / HTTP/1.1\r\nhost: x\r\nexpect: x\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n'])
        await halves(240, request.repeat(3_000))(victim)
    },
  ],
  'a head that is too large, on 500 connections': [halves(500, head(validate, `x: ${'x'.repeat(20_000)}`))],
  'a head that waits to continue, on 1,000 connections': [
    halves(1_000, `${head(validate, `content-length: ${8 * MIB}`, 'expect: 100-continue')}\r\n`),
  ],
  'a head that asks for another protocol, on 1,000 connections': [
    halves(1_000, `${head(validate, 'connection: upgrade', 'upgrade: websocket')}\r\n`),
  ],
  [`${MANY} connections that say nothing`]: [halves(MANY, '')],
  [`${MANY} connections without a handshake`]: [
    async (victim) => {
      const sockets = await openAll(MANY, () => connect(victim.port))
      await enough(victim)
      closeAll(sockets)
    },
  ],
  [`${MANY} connections with half a handshake`]: [
    async (victim) => {
      // The beginning of a ClientHello of 16 KiB. Source: RFC 8446, 5.1.
      const hello = Buffer.concat([Buffer.from([22, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xfb]), Buffer.alloc(8_000)])
      const sockets = await openAll(MANY, () => connect(victim.port), hello)
      await enough(victim)
      closeAll(sockets)
    },
  ],
  'plain HTTP, and garbage, in place of a handshake': [
    async (victim) => {
      const sockets = await openAll(1_000, () => connect(victim.port), whole(permitted).repeat(20))
      await enough(victim)
      closeAll(sockets)
    },
  ],
  '1,000 permitted reviews in one go on each of 20 connections, whose answers are read': [
    async (victim) => {
      const sockets = await openAll(20, () => connectTls(victim))
      await Promise.all(
        sockets.map(async (socket) => {
          socket.resume()
          await sendAll(socket, parts(whole(permitted), 10_000))
        }),
      )
      closeAll(sockets)
    },
    { mayShed: true },
  ],
  'refused reviews in one go on 200 connections, whose answers are not read': [
    async (victim) => {
      // A denial of some KiB for each KiB that is sent.
      const refused = whole(review(route(repeated(`{"name":"${'v'.repeat(200)}","namespace":"t"}`, 16))))
      const sockets = await openAll(200, () => connectTls(victim))
      for (const socket of sockets) socket.pause().write(refused.repeat(200))
      await enough(victim)
      closeAll(sockets)
    },
    { mayShed: true },
  ],
  'reviews of 4 MiB in one go on one connection': [
    async (victim) => {
      const large = whole(review(`{"x":[${filled('"a"', 4 * MIB)}]}`))
      const socket = await connectTls(victim)
      socket.resume()
      await sendAll(
        socket,
        Array.from({ length: 20 }, () => large),
      )
      socket.destroy()
    },
    { mayShed: true },
  ],
  'heads and bodies that come byte by byte, until they are given up': [
    async (victim) => {
      const heads = await openAll(150, () => connectTls(victim), 'POST ')
      const bodies = await openAll(150, () => connectTls(victim), `${head(validate, 'content-length: 4096')}\r\n`)
      await Promise.all([...heads, ...bodies].map((socket) => trickle(socket, 500)))
      assert.ok([...heads, ...bodies].every(({ closed, destroyed }) => closed || destroyed))
    },
  ],
}

suite('connections', () => {
  for (const [name, [attack, siege = {}]] of Object.entries(attacks))
    test(name, { timeout: 300_000 }, (context) => withstand(context, name, siege, attack))
})
