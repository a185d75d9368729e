import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { evicted } from './eviction.ts'
import type { CloseReason, ServerObserver } from './observer.ts'
import { dropWhatWasRead } from './parser.ts'

/** How often connections are checked, in ms. */
const TICK = 1_000

/** The part of a request that a connection waits for or works on. */
type Phase = 'handshake' | 'idle' | 'head' | 'body' | 'review' | 'answer'

/**
 * The maximum of each phase, in ticks. 10 s is the default timeout of a webhook, after which the client does not wait for
 * the answer. An idle connection is kept for longer than 90 s, after which the API server closes it: if the server closed
 * it first, a request in flight could be lost. A review has its own deadline.
 * Source: net/http.DefaultTransport.
 */
const LONGEST: Record<Phase, number> = { handshake: 10, idle: 120, head: 10, body: 10, review: Infinity, answer: 10 }

/**
 * The most unanswered requests of one connection. A client that does not pipeline has one, or two between the last byte
 * of an answer and its `close` event.
 */
const MOST_UNANSWERED = 4

interface Connection {
  readonly name: string
  readonly address: string | undefined
  /** The socket that bytes are read from: the TLS socket after the handshake. */
  socket: Socket
  phase: Phase
  /** The tick in which the phase began. */
  since: number
  /** The bytes that had been read when the connection became idle. */
  read: number
  /** Whether the client has sent a complete request. */
  proven: boolean
  readonly unanswered: Set<ServerResponse>
}

type ConnectionObserver = Pick<ServerObserver, 'connectionOpened' | 'connectionEnded' | 'connectionClosed'>

export interface ConnectionsOptions {
  /** The most open connections. */
  readonly most: number
  /** Whether a TLS handshake comes first. */
  readonly secure: boolean
  /** Whether requests may have bodies; if not, a request with a body closes its connection without an answer. */
  readonly bodies: boolean
  readonly observer: ConnectionObserver
  /** The time between two ticks, in ms; default: 1 s. */
  readonly tickEvery?: number | undefined
}

/**
 * Limits the number of connections of one server, and the time of each phase. Time is counted in ticks of a timer.
 * Between two ticks the event loop reads from every connection, so time in which a busy process leaves a request unread
 * counts as at most one tick. Node's own timeouts ignore that, and treat an unused connection as a slow request.
 */
export class Connections {
  readonly #observer: ConnectionObserver
  readonly #most: number
  readonly #secure: boolean
  readonly #bodies: boolean
  readonly #tickEvery: number
  /** By name, since a TLS socket does not expose its underlying socket. */
  readonly #connections = new Map<string, Connection>()
  readonly #bySocket = new WeakMap<Socket, Connection>()
  // The connections that wait for the client, and those that the client waits for, in the order in which they began to wait.
  readonly #waiting = {
    unproven: new Set<Connection>(),
    proven: new Set<Connection>(),
    asked: new Set<Connection>(),
  }
  #tick = 0
  #closing = false

  constructor({ most, secure, bodies, observer, tickEvery = TICK }: ConnectionsOptions) {
    this.#most = most
    this.#secure = secure
    this.#bodies = bodies
    this.#observer = observer
    this.#tickEvery = tickEvery
  }

  /** Watches the connections of a server, and passes its requests to `handle`. */
  watch(server: Server, handle: RequestListener): void {
    server.on('connection', (socket: Socket) => this.#accept(socket))
    server.on('secureConnection', (socket: Socket) => this.#secured(socket))
    server.on('request', (request, response) => {
      if (this.#begin(request, response)) handle(request, response)
    })
    // Node would answer any number of these itself, and they would not be counted.
    server.on('checkExpectation', ({ socket }: IncomingMessage) => this.#closeOf(socket, 'pipelined'))
    server.on('dropRequest', (_request: IncomingMessage, socket: Socket) => this.#closeOf(socket, 'pipelined'))
    const timer = setInterval(() => this.tick(), this.#tickEvery).unref()
    server.once('close', () => clearInterval(timer))
  }

  /** Closes the connections whose phase has exceeded its maximum. */
  tick(): void {
    this.#tick += 1
    for (const connection of this.#connections.values()) {
      const { socket, phase, read, unanswered } = connection
      if (phase === 'idle' && socket.bytesRead > read) this.#enter(connection, 'head')
      if (phase === 'review' && [...unanswered].some((response) => response.writableEnded))
        this.#enter(connection, 'answer')
      if (this.#tick - connection.since > LONGEST[connection.phase])
        this.#close(connection, connection.phase as CloseReason)
    }
  }

  /** Closes the connections without a request, and each of the others after its last answer. */
  close(): void {
    this.#closing = true
    for (const { phase, socket } of this.#connections.values())
      if (phase === 'handshake' || phase === 'idle') socket.destroy()
  }

  #accept(socket: Socket): void {
    // The client has closed the connection already.
    if (socket.remotePort === undefined) return void socket.destroy()
    const name = nameOf(socket)
    // A client may reset a connection and open one from the same port before the `close` event of the first.
    this.#connections.get(name)?.socket.destroy()
    const phase: Phase = this.#secure ? 'handshake' : 'idle'
    const begun = { phase, since: this.#tick, read: 0, proven: false }
    const connection: Connection = { name, address: socket.remoteAddress, socket, ...begun, unanswered: new Set() }
    this.#connections.set(name, connection)
    this.#bySocket.set(socket, connection)
    this.#observer.connectionOpened()
    socket.once('close', () => {
      if (this.#connections.get(name) === connection) this.#connections.delete(name)
      this.#stopWaiting(connection)
      this.#observer.connectionEnded()
    })
    this.#enter(connection, phase)
    if (this.#connections.size > this.#most) this.#evict()
  }

  /** Replaces the socket of a connection by its TLS socket. */
  #secured(socket: Socket): void {
    const connection = this.#connections.get(nameOf(socket))
    if (!connection) return void socket.destroy()
    connection.socket = socket
    this.#bySocket.set(socket, connection)
    this.#enter(connection, 'idle')
  }

  /** Begins a request; false if it must not be handled. */
  #begin(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.#bySocket.get(request.socket)
    if (!connection || request.socket.destroyed) {
      request.socket.destroy()
      return false
    }
    if (!this.#bodies && hasBody(request)) {
      this.#close(connection, 'unexpected_body')
      return false
    }
    const { unanswered } = connection
    unanswered.add(response)
    response.once('close', () => {
      unanswered.delete(response)
      this.#becomeIdle(connection, request)
    })
    if (unanswered.size > MOST_UNANSWERED) {
      this.#close(connection, 'pipelined')
      return false
    }
    this.#enter(connection, 'body')
    // A handler need not read a request without a body, and then its `end` event does not fire.
    if (hasBody(request)) request.once('end', () => this.#arrived(connection, request))
    else this.#arrived(connection, request)
    return true
  }

  #arrived(connection: Connection, request: IncomingMessage): void {
    connection.proven = true
    this.#stopWaiting(connection)
    if (connection.unanswered.size > 0) {
      if (!connection.socket.destroyed) this.#waiting.asked.add(connection)
      this.#enter(connection, 'review')
    } else this.#becomeIdle(connection, request)
  }

  /** Marks a connection idle after its last answer, if the body of the request has been read to its end. */
  #becomeIdle(connection: Connection, request: IncomingMessage): void {
    if (connection.unanswered.size > 0 || !request.complete) return
    if (this.#closing) connection.socket.destroySoon()
    connection.read = connection.socket.bytesRead
    this.#enter(connection, 'idle')
  }

  #enter(connection: Connection, phase: Phase): void {
    connection.phase = phase
    connection.since = this.#tick
    // During the head and the body, the connection keeps its place from its idle phase.
    if (phase === 'handshake' || phase === 'idle') this.#wait(connection)
  }

  #wait(connection: Connection): void {
    this.#stopWaiting(connection)
    if (this.#connections.get(connection.name) === connection)
      (connection.proven ? this.#waiting.proven : this.#waiting.unproven).add(connection)
  }

  #stopWaiting(connection: Connection): void {
    for (const set of Object.values(this.#waiting)) set.delete(connection)
  }

  /**
   * Evicts one of the connections without a complete request so far, of those that are idle or send another request, or of
   * those with an unanswered request.
   */
  #evict(): void {
    const { unproven, proven, asked } = this.#waiting
    const connection = evicted([proven, unproven, asked])
    if (connection) this.#close(connection, 'evicted')
  }

  #closeOf(socket: Socket, reason: CloseReason): void {
    const connection = this.#bySocket.get(socket)
    if (connection) this.#close(connection, reason)
  }

  #close({ socket }: Connection, reason: CloseReason): void {
    if (socket.destroyed) return
    this.#observer.connectionClosed(reason)
    dropWhatWasRead(socket)
    socket.destroy()
  }
}

/** Whether a request has a body, which may be empty. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

/** Returns the name that the sockets of one connection share. A closed socket has none. */
function nameOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
