import type { TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { LONGEST_NAME } from '../policy/names.ts'
import { shorten } from '../wording/quote.ts'
import type { ClientRefusal, ServerObserver } from './observer.ts'
import { Pace } from './pace.ts'
import { type ClientAuthentication, commonNames, isAllowed } from './tls.ts'

/** The error code of OpenSSL for a client without a certificate. */
const NO_CERTIFICATE = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'

interface StrangersOptions {
  readonly clients: ClientAuthentication | undefined
  readonly observer: ServerObserver
  readonly logger: Logger
}

/** Rejects clients that are not allowed before their body is read. Reports each one, and logs them at a limited pace. */
export function refuseStrangers(app: FastifyInstance, { clients, observer, logger }: StrangersOptions): void {
  if (!clients) return
  const pace = new Pace(() => performance.now())
  const refused = (reason: ClientRefusal, details: object) => {
    observer.clientRefused(reason)
    const suppressed = pace.take()
    if (suppressed !== undefined)
      logger.warn({ reason, ...details, ...(suppressed > 0 && { suppressed }) }, 'rejected a client')
  }
  // The handshake fails for a client without a certificate. If a certificate is not trusted, the socket has the reason.
  app.server.on('tlsClientError', ({ code }: NodeJS.ErrnoException, socket: TLSSocket) => {
    if (code === NO_CERTIFICATE) refused('no_certificate', { address: socket.remoteAddress })
    else if (socket.authorizationError) refused('not_trusted', { problem: String(socket.authorizationError) })
  })
  app.addHook('onRequest', ({ raw }, reply, done) => {
    const socket = raw.socket as TLSSocket
    if (isAllowed(socket, clients)) return done()
    // A client can choose the length of its names.
    const names = commonNames(socket).map((name) => shorten(name, LONGEST_NAME))
    refused('name', { names, address: socket.remoteAddress })
    reply
      .code(403)
      .type('text/plain; charset=utf-8')
      .send('the common name of this client certificate is not allowed (--client-name)')
  })
}
