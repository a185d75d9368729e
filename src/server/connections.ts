import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { CloseReason, ServerObserver } from './observer.ts'
import { dropWhatWasRead } from './parser.ts'

/** How often connections are looked at, in ms. */
const TICK = 1_000

/** What a connection waits for, or is busy with. */
type Phase = 'handshake' | 'idle' | 'head' | 'body' | 'review' | 'answer'

/**
 * How many ticks a connection may be in a phase. 10 s is a webhook's usual timeout, beyond which nobody waits for the
 * answer. An idle connection is kept for longer than the 90 s after which the API server closes its own, since one that
 * this side closes first can lose a request that is on its way. A review has its own deadline.
 * Source: net/http.DefaultTransport.
 */
const LONGEST: Record<Phase, number> = { handshake: 10, idle: 120, head: 10, body: 10, review: Infinity, answer: 10 }

/**
 * Requests of one connection that may be unanswered. A client that does not pipeline has one, or two for the moment
 * between the last byte of an answer and its `close` event.
 */
const MOST_UNANSWERED = 4

interface Connection {
  readonly name: string
  /** What bytes are read from: the TLS socket once there is one. */
  socket: Socket
  phase: Phase
  /** The tick in which the phase began. */
  since: number
  /** Bytes that had been read when it became idle. */
  read: number
  /** Whether it has sent a whole request. */
  proven: boolean
  readonly unanswered: Set<ServerResponse>
}

type ConnectionObserver = Pick<ServerObserver, 'connectionOpened' | 'connectionEnded' | 'connectionClosed'>

export interface ConnectionsOptions {
  /** Connections held at once. */
  readonly most: number
  /** Whether a TLS handshake comes first. */
  readonly secure: boolean
  /** Whether requests may have bodies; one that has a body where none may be is closed without an answer. */
  readonly bodies: boolean
  readonly observer: ConnectionObserver
  /** In ms; 1 s by default. */
  readonly tickEvery?: number | undefined
}

/**
 * The connections of one server: how many there are, and how long each may wait. Time is counted in ticks of a timer.
 * Between two ticks the event loop has read from each connection, so that time in which this process was busy, and a
 * request lay unread in the system, counts as one tick at most. Node's own timeouts do not see to that, and take a
 * connection that is not used yet for a slow request.
 */
export class Connections {
  readonly #observer: ConnectionObserver
  readonly #most: number
  readonly #secure: boolean
  readonly #bodies: boolean
  readonly #tickEvery: number
  /** By name, since a TLS socket does not say which socket it is on. */
  readonly #connections = new Map<string, Connection>()
  readonly #bySocket = new WeakMap<Socket, Connection>()
  // Those that wait for a client, and those that a client waits for, the longest first: a set keeps its order.
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

  /** Takes the connections of a server, and hands on its requests. */
  watch(server: Server, handle: RequestListener): void {
    server.on('connection', (socket: Socket) => this.#accept(socket))
    server.on('secureConnection', (socket: Socket) => this.#secured(socket))
    server.on('request', (request, response) => {
      if (this.#begin(request, response)) handle(request, response)
    })
    // Node would answer these itself, as many as come in one go, and nothing would count them.
    server.on('checkExpectation', ({ socket }: IncomingMessage) => this.#closeOf(socket, 'pipelined'))
    server.on('dropRequest', (_request: IncomingMessage, socket: Socket) => this.#closeOf(socket, 'pipelined'))
    const timer = setInterval(() => this.tick(), this.#tickEvery).unref()
    server.once('close', () => clearInterval(timer))
  }

  /** Closes the connections that are in a phase for too long. */
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

  /** Closes the connections without a request, and every other when its last one is answered. */
  close(): void {
    this.#closing = true
    for (const { phase, socket } of this.#connections.values())
      if (phase === 'handshake' || phase === 'idle') socket.destroy()
  }

  #accept(socket: Socket): void {
    // Its client has gone already.
    if (socket.remotePort === undefined) return void socket.destroy()
    const name = nameOf(socket)
    // A client that resets a connection may open the next one from the same port before the first is known to be closed.
    this.#connections.get(name)?.socket.destroy()
    const phase: Phase = this.#secure ? 'handshake' : 'idle'
    const begun = { phase, since: this.#tick, read: 0, proven: false }
    const connection: Connection = { name, socket, ...begun, unanswered: new Set() }
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

  /** The same connection, through another socket. */
  #secured(socket: Socket): void {
    const connection = this.#connections.get(nameOf(socket))
    if (!connection) return void socket.destroy()
    connection.socket = socket
    this.#bySocket.set(socket, connection)
    this.#enter(connection, 'idle')
  }

  /** Whether a request is to be handled. */
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
    // Who answers a request without a body need not read that, so that it never ends.
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

  /** What an answered request left unread is waited for, as its body was. */
  #becomeIdle(connection: Connection, request: IncomingMessage): void {
    if (connection.unanswered.size > 0 || !request.complete) return
    if (this.#closing) connection.socket.destroySoon()
    connection.read = connection.socket.bytesRead
    this.#enter(connection, 'idle')
  }

  #enter(connection: Connection, phase: Phase): void {
    connection.phase = phase
    connection.since = this.#tick
    // A head and a body are waited for since the connection was idle.
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
   * For one connection too many, closes the one that is in its state for longest, of the kind that has most: those that
   * never sent a whole request, those that did and are idle or send another, and those whose request is not answered. So
   * a flood of one kind closes no other.
   */
  #evict(): void {
    const { unproven, proven, asked } = this.#waiting
    const [most] = [proven, unproven, asked].sort((a, b) => b.size - a.size)
    const [longest] = most ?? []
    if (longest) this.#close(longest, 'evicted')
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

/** Whether a body comes with a request, which may be empty. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

/** What a connection's sockets have in common; one that is closed has no name. */
function nameOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
