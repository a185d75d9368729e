import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'

/**
 * Connections held at once. An API server keeps 25 idle ones and opens as many more as it has requests in flight, 600 by
 * default; each takes some 40 KiB.
 */
const MOST_CONNECTIONS = 2_000

/**
 * Bounds the connections of a server. For one too many, that one is closed which for longest has waited for its
 * handshake, for a request or for the rest of one: who opens connections and leaves them so keeps nobody else out.
 *
 * @param most connections held at once
 */
export function boundConnections(server: Server, most = MOST_CONNECTIONS): void {
  const held = new Set<string>()
  // The longest waiting first: a map keeps the order in which its keys came.
  const waiting = new Map<string, Socket>()
  const wait = (socket: Socket) => {
    const name = nameOf(socket)
    if (!held.has(name)) return
    waiting.delete(name)
    waiting.set(name, socket)
  }
  const keep = (socket: Socket) => {
    const name = nameOf(socket)
    held.add(name)
    wait(socket)
    socket.once('close', () => {
      held.delete(name)
      waiting.delete(name)
    })
  }
  server.on('connection', (socket: Socket) => {
    keep(socket)
    if (held.size > most) waiting.values().next().value?.destroy()
  })
  // The same connection, through another socket.
  server.on('secureConnection', keep)
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    request.once('end', () => waiting.delete(nameOf(socket)))
    response.once('close', () => wait(socket))
  })
}

/** What a connection's sockets have in common; one that is closed has no name. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
