import http from 'node:http'
import https from 'node:https'
import Fastify, { type FastifyInstance, type FastifyServerFactoryHandler } from 'fastify'
import { Connections, type ConnectionsOptions, hasBody } from './connections.ts'
import type { tlsOptions } from './tls.ts'

/** Requests on one connection, after which it is closed, so that a busy API server spreads over the replicas. */
const REQUESTS_PER_CONNECTION = 1_000

/**
 * The longest head of a request, in bytes, and the most lines in it. The API server sends some 300 bytes in six lines;
 * a proxy or a tracer adds a few.
 */
const LARGEST_HEAD = { maxHeaderSize: 8 * 1024, maxHeadersCount: 64 }

export interface ListenerOptions {
  /** For HTTPS; plain HTTP without it. */
  readonly tls?: ReturnType<typeof tlsOptions>
  readonly connections: Omit<ConnectionsOptions, 'secure'>
}

/** How each server of this process accepts connections and reads requests. It does not listen yet. */
export function buildListener({ tls, connections: bounds }: ListenerOptions): {
  readonly app: FastifyInstance
  readonly connections: Connections
} {
  const connections = new Connections({ ...bounds, secure: tls !== undefined })
  // Times are the business of `Connections`: 0 turns off what Node has for them.
  const noTimeouts = { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 }
  // A request without a host is a request like any other: Node would answer it itself.
  const options = { ...noTimeouts, requireHostHeader: false, maxHeaderSize: LARGEST_HEAD.maxHeaderSize }
  const serverFactory = (handle: FastifyServerFactoryHandler) => {
    const server = tls ? https.createServer({ ...tls, ...options }) : http.createServer(options)
    server.maxHeadersCount = LARGEST_HEAD.maxHeadersCount
    server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION
    connections.watch(server as http.Server, handle as http.RequestListener)
    return server as http.Server
  }
  const app = Fastify({ serverFactory, return503OnClosing: false })
  // The rest of a body that is not taken is dropped until its connection is closed: unread, it would be kept.
  app.addHook('onSend', ({ raw }, reply, _payload, done) => {
    if (hasBody(raw) && !raw.complete) {
      reply.header('connection', 'close')
      raw.resume()
    }
    done()
  })
  app.addHook('preClose', (done) => {
    connections.close()
    done()
  })
  return { app, connections }
}
