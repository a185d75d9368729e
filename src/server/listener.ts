import http from 'node:http'
import https from 'node:https'
import Fastify, { type FastifyInstance, type FastifyServerFactoryHandler } from 'fastify'
import { Connections, type ConnectionsOptions } from './connections.ts'
import { dropRest, refuseBytes, refusePath } from './plain-text.ts'
import type { tlsOptions } from './tls.ts'

/** The most requests on one connection. It is then closed, so that a busy API server spreads its requests over the replicas. */
const REQUESTS_PER_CONNECTION = 1_000

/**
 * The longest head of a request, in bytes, and the most headers. The API server sends about 300 bytes in six lines; a
 * proxy or a tracer adds a few.
 */
const LARGEST_HEAD = { maxHeaderSize: 8 * 1024, maxHeadersCount: 64 }

export interface ListenerOptions {
  /** The options for HTTPS; without them, the server uses plain HTTP. */
  readonly tls?: ReturnType<typeof tlsOptions>
  readonly connections: Omit<ConnectionsOptions, 'secure'>
}

/** Builds a server with the limits that all servers of this process share. Does not listen yet. */
export function buildListener({ tls, connections: bounds }: ListenerOptions): {
  readonly app: FastifyInstance
  readonly connections: Connections
  /** Uses other options for the handshakes to come. */
  readonly renew: (options: ReturnType<typeof tlsOptions>) => void
} {
  const connections = new Connections({ ...bounds, secure: tls !== undefined })
  // `Connections` enforces the timeouts; 0 turns off those of Node.
  const noTimeouts = { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 }
  // Node would answer a request without a host itself, before the hooks.
  const options = { ...noTimeouts, requireHostHeader: false, maxHeaderSize: LARGEST_HEAD.maxHeaderSize }
  // Fastify makes a second server if the host has two addresses, as localhost does.
  const secured: https.Server[] = []
  let current = tls
  const serverFactory = (handle: FastifyServerFactoryHandler) => {
    const server = current ? https.createServer({ ...current, ...options }) : http.createServer(options)
    if (server instanceof https.Server) secured.push(server)
    server.maxHeadersCount = LARGEST_HEAD.maxHeadersCount
    server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION
    connections.watch(server as http.Server, handle as http.RequestListener)
    return server as http.Server
  }
  const ownAnswers = { frameworkErrors: refusePath, clientErrorHandler: refuseBytes }
  const app = Fastify({ serverFactory, return503OnClosing: false, ...ownAnswers })
  app.addHook('onSend', ({ raw }, reply, _payload, done) => {
    dropRest(raw, reply.raw)
    done()
  })
  app.addHook('preClose', (done) => {
    connections.close()
    done()
  })
  const renew = (renewed: ReturnType<typeof tlsOptions>) => {
    current = renewed
    for (const server of secured) server.setSecureContext(renewed)
  }
  return { app, connections, renew }
}
