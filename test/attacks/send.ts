import net from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import tls from 'node:tls'
import { type Answer, post } from '../harness/traffic/post.ts'
import type { Victim } from './siege.ts'

/** Sends a body on a connection of its own, and gives the answer; undefined if the server closed the connection instead. */
export function send(
  { port, ca }: Victim,
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer | undefined> {
  const all = { 'content-type': 'application/json', ...headers }
  return post(`https://127.0.0.1:${port}${path}`, body, { agent: false, ca, headers: all }).catch(() => undefined)
}

/** So many at once. */
export const atOnce = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))

/** The head of a request, without the empty line at its end. */
export const head = (path: string, ...headers: string[]) =>
  [`POST ${path} HTTP/1.1`, 'host: x', 'content-type: application/json', ...headers, ''].join('\r\n')

/** The address that the connections come from: a Pod has another one than the kubelet and the API server. */
const from = { host: '127.0.0.1', localAddress: '127.0.0.2' }

/** A connection to the webhook, once it is open; one that the server closes is no error. */
export const connectTls = ({ port, ca }: Victim) => opened(tls.connect({ ...from, port, ca }), 'secureConnect')

/** A connection to a port, once it is open. */
export const connect = (port: number) => opened(net.connect({ ...from, port }), 'connect')

/** Resolves at an event; what the server breaks off is no error. */
const emitted = (socket: net.Socket, event: string) => new Promise((resolve) => socket.once(event, resolve))

async function opened<S extends net.Socket>(socket: S, event: string): Promise<S> {
  socket.on('error', () => {})
  await Promise.race([emitted(socket, event), emitted(socket, 'close')])
  return socket
}

/** Opens so many connections, some at a time, and lets each send this; they stay open. */
export async function openAll<S extends net.Socket>(
  count: number,
  open: () => Promise<S>,
  sent: string | Buffer = '',
): Promise<S[]> {
  const sockets: S[] = []
  while (sockets.length < count) {
    const more = await atOnce(Math.min(50, count - sockets.length), open)
    for (const socket of more) if (sent.length > 0 && socket.writable) socket.write(sent)
    sockets.push(...more)
  }
  return sockets
}

/** Sends this, and the next part when the system has taken it, until all is sent or the server closes the connection. */
export async function sendAll(socket: net.Socket, parts: Iterable<string | Buffer>): Promise<void> {
  const closed = emitted(socket, 'close')
  for (const part of parts) {
    if (!socket.writable) return
    if (!socket.write(part)) await Promise.race([emitted(socket, 'drain'), closed])
  }
}

/** Resolves when the server has closed the connection, or has answered. */
export async function ended(socket: net.Socket): Promise<void> {
  if (socket.closed) return
  socket.resume()
  await Promise.race([emitted(socket, 'close'), emitted(socket, 'data')])
}

/** Sends a byte now and then, until the server closes the connection. */
export async function trickle(socket: net.Socket, every: number): Promise<void> {
  socket.resume()
  while (socket.writable) {
    socket.write(' ')
    await wait(every)
  }
}

export function closeAll(sockets: Iterable<net.Socket>): void {
  for (const socket of sockets) socket.destroy()
}
