import type { TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { shorten } from '../wording/quote.ts'
import type { ClientRefusal, ServerObserver } from './observer.ts'
import { Pace } from './pace.ts'
import { type ClientAuthentication, commonNames, isLetIn } from './tls.ts'

/** What of a name is logged, in characters: whoever connects chooses it. */
const LONGEST_NAME = 253

/** What OpenSSL says of a client that presents no certificate, when one is asked for. */
const NO_CERTIFICATE = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'

interface StrangersOptions {
  readonly clients: ClientAuthentication | undefined
  readonly observer: ServerObserver
  readonly logger: Logger
}

/** Refuses clients that are not let in, before their body is read; each is told, and logged as far as there is room. */
export function refuseStrangers(app: FastifyInstance, { clients, observer, logger }: StrangersOptions): void {
  if (!clients) return
  const pace = new Pace(() => performance.now())
  const refused = (reason: ClientRefusal, details: object) => {
    observer.clientRefused(reason)
    const suppressed = pace.take()
    if (suppressed !== undefined)
      logger.warn({ reason, ...details, ...(suppressed > 0 && { suppressed }) }, 'refused a client')
  }
  // The handshake refuses whoever has no certificate; of a certificate that is not trusted the socket says why.
  app.server.on('tlsClientError', ({ code }: NodeJS.ErrnoException, socket: TLSSocket) => {
    if (code === NO_CERTIFICATE) refused('no_certificate', { address: socket.remoteAddress })
    else if (socket.authorizationError) refused('not_trusted', { problem: String(socket.authorizationError) })
  })
  app.addHook('onRequest', ({ raw }, reply, done) => {
    const socket = raw.socket as TLSSocket
    if (isLetIn(socket, clients)) return done()
    const names = commonNames(socket).map((name) => shorten(name, LONGEST_NAME))
    refused('name', { names, address: socket.remoteAddress })
    reply.code(403).type('text/plain; charset=utf-8').send('this client certificate is not among those that are let in')
  })
}
