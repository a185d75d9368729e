import { suite, test } from 'node:test'
import { MIB } from '../harness/traffic/reviews.ts'
import { closeAll, connect, head, openAll, sendAll, trickle } from './send.ts'
import { type Victim, withstand } from './siege.ts'

/** Asks, as the kubelet does, so often that everything sent before has been read. */
async function enough({ health }: Victim): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await health('/livez').catch(() => {})
}

const halves = (count: number, sent: string) => async (victim: Victim) => {
  const sockets = await openAll(count, () => connect(victim.healthPort), sent)
  await enough(victim)
  closeAll(sockets)
}

const post = (...headers: string[]) => `${head('/livez', ...headers)}\r\n`
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`

const attacks: Record<string, (victim: Victim) => Promise<void>> = {
  '300 unfinished posts of 1 MiB': halves(300, `${post(`content-length: ${2 * MIB}`)}${' '.repeat(MIB)}`),
  '300 unfinished posts of 1 MiB in chunks': halves(
    300,
    `${post('transfer-encoding: chunked')}${`400\r\n${' '.repeat(1_024)}\r\n`.repeat(1_024)}`,
  ),
  '2,000 connections that say nothing': halves(2_000, ''),
  '2,000 heads of 15 KiB that do not end': halves(2_000, head('/livez', `x: ${'x'.repeat(15_000)}`)),
  '1,000 posts that wait to continue': halves(1_000, post(`content-length: ${MIB}`, 'expect: 100-continue')),
  'posts of chunks of one byte': async (victim) => {
    const sockets = await openAll(50, () => connect(victim.healthPort), post('transfer-encoding: chunked'))
    await Promise.all(
      sockets.map((socket) =>
        sendAll(
          socket,
          Array.from({ length: 5 }, () => '1\r\nx\r\n'.repeat(10_000)),
        ),
      ),
    )
    await enough(victim)
    closeAll(sockets)
  },
  'metrics asked for in one go on 200 connections, whose answers are not read': async (victim) => {
    const sockets = await openAll(200, () => connect(victim.healthPort))
    for (const socket of sockets) socket.pause().write(get('/metrics').repeat(60))
    await enough(victim)
    closeAll(sockets)
  },
  'requests in one go on 240 connections that Node would answer itself': async (victim) => {
    for (const request of ['GET / HTTP/1.1\r\nhost: x\r\nexpect: x\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n']) {
      const sockets = await openAll(240, () => connect(victim.healthPort))
      for (const socket of sockets) socket.write(request.repeat(3_000))
      await enough(victim)
      closeAll(sockets)
    }
  },
  'heads that come byte by byte, until they are given up': async (victim) => {
    const sockets = await openAll(300, () => connect(victim.healthPort), 'GET /livez HTTP/1.1\r\nx: ')
    await Promise.all(sockets.map((socket) => trickle(socket, 500)))
  },
}

suite('the listener for health and metrics', () => {
  for (const [title, attack] of Object.entries(attacks)) {
    const name = `health: ${title}`
    test(name, { timeout: 300_000 }, (context) => withstand(context, name, {}, attack))
  }
})
