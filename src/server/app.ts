import type { IncomingMessage } from 'node:http'
import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { admit } from '../admission/admit.ts'
import { advise } from '../admission/advise.ts'
import { type GrantSource, LookupFailed } from '../admission/grant-source.ts'
import { respond } from '../admission/respond.ts'
import { NotAReview, parseReview } from '../admission/review.ts'
import { MODES, type Mode, modeOf, type Settings } from '../admission/settings.ts'
import { Overloaded, readBody } from './body.ts'
import { boundConnections } from './connections.ts'
import { halfOf } from './deadline.ts'
import type { Load, Share } from './load.ts'
import { type ReviewRecorder, recordReview } from './record.ts'
import { RETRY_AFTER, Retries } from './retries.ts'
import { type ClientAuthentication, isLetIn, type KeyPair, tlsOptions } from './tls.ts'

/**
 * Largest review taken, in bytes. The API server accepts objects of 3 MiB, and a review of an update carries two, with
 * the requester's identity: 8 MiB leaves room. Source: k8s.io/apiserver/pkg/server/config.go, MaxRequestBodyBytes.
 */
const LARGEST_REVIEW = 8 * 1024 * 1024

/** Every other body that anybody sends, in bytes: there is none to expect. */
const LARGEST_OTHER_BODY = 16 * 1024

/**
 * How long an idle connection is kept, in ms: longer than the 90 s after which the API server closes its own, since a
 * connection that we close first can lose a request that is on its way. Source: net/http.DefaultTransport.
 */
const KEEP_ALIVE = 120_000

/**
 * How long a request, and how long a handshake may take to arrive, in ms: a webhook's usual timeout, beyond which nobody
 * waits for the answer; and how often that is checked.
 */
const ARRIVAL = { timeout: 10_000, checkedEvery: 1_000 }

/** Requests on one connection, after which it is closed, so that a busy API server spreads over the replicas. */
const REQUESTS_PER_CONNECTION = 1_000

export interface AppOptions extends ReviewRecorder {
  /** Asked for with each review, since settings change while the server runs. */
  readonly settings: () => Settings
  readonly source: GrantSource
  readonly keyPair: KeyPair
  /** Who may ask; anybody without it. */
  readonly clients?: ClientAuthentication | undefined
  readonly load: Load
  /** Whether the server is about to go, so that connections are to be opened elsewhere. */
  readonly draining?: () => boolean
}

/**
 * The service that the API server calls, over HTTPS: `POST /validate/MODE`, `POST /validate` in the default mode, and
 * `POST /advise` for ReferenceGrants; nothing else. It does not listen yet.
 */
export function buildApp(options: AppOptions): FastifyInstance {
  const { settings, source, keyPair, clients, load, logger, draining = () => false } = options
  const app: FastifyInstance = Fastify({
    https: {
      ...tlsOptions(keyPair, clients),
      connectionsCheckingInterval: ARRIVAL.checkedEvery,
      handshakeTimeout: ARRIVAL.timeout,
      headersTimeout: ARRIVAL.timeout,
    },
    bodyLimit: LARGEST_OTHER_BODY,
    keepAliveTimeout: KEEP_ALIVE,
    requestTimeout: ARRIVAL.timeout,
    maxRequestsPerSocket: REQUESTS_PER_CONNECTION,
    return503OnClosing: false,
  })
  boundConnections(app.server as Server)
  const shares = readReviews(app, load)
  // Before the body is read.
  app.addHook('onRequest', async (request, reply) => {
    if (clients && !isLetIn(request.raw.socket as TLSSocket, clients))
      return plainText(reply, 403, 'this client certificate is not among those that are let in')
  })
  app.addHook('onSend', async (_request, reply) => {
    if (draining()) reply.header('connection', 'close')
  })
  const retries = new Retries(() => performance.now())
  answerFailures(app, retries, logger)
  const validate = async (request: Validation, reply: FastifyReply, asked?: Mode) => {
    const started = performance.now()
    const review = parseReview(request.body)
    const current = settings()
    const mode = modeOf(review, asked ?? current.mode, current)
    const signal = AbortSignal.timeout(halfOf(request.query.timeout, retries.spent(review.uid)))
    const outcome = await admit(review, current, source, signal).catch(orLookupFailed)
    const milliseconds = performance.now() - started
    recordReview(options, { review, catalogue: current.catalogue, mode, outcome, milliseconds })
    if (!(outcome instanceof LookupFailed)) return respond(review, outcome, mode)
    const back = retries.invite(review.uid, (shares.get(request.raw) as Share).elapsed, request.query.timeout)
    return unavailable(reply, `refgrant could not look up ReferenceGrants: ${outcome.message}`, back)
  }
  const large = { bodyLimit: LARGEST_REVIEW }
  app.post('/validate', large, (request: Validation, reply) => validate(request, reply))
  for (const mode of MODES)
    app.post(`/validate/${mode}`, large, (request: Validation, reply) => validate(request, reply, mode))
  app.post('/advise', large, ({ body }) => advise(parseReview(body), settings().catalogue))
  return app
}

/** Says why there is no review in the answer. */
function answerFailures(app: FastifyInstance, retries: Retries, logger: Logger): void {
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof Overloaded) return turnAway(error, request, reply, retries)
    const status = error instanceof NotAReview ? 400 : (error.statusCode ?? 500)
    if (status < 500) return plainText(reply, status, error.message)
    logger.error({ err: error }, 'a review failed for a reason inside refgrant')
    return plainText(reply, 500, 'refgrant failed to judge this request; its log says why')
  })
  app.setNotFoundHandler((_request, reply) =>
    plainText(
      reply,
      404,
      `there is nothing here: reviews are answered at POST /validate, /validate/${MODES.join(', /validate/')} and /advise`,
    ),
  )
}

type Validation = FastifyRequest<{ Querystring: { timeout?: unknown } }>

/** The query parameter, whatever the route. */
function timeoutOf({ query }: FastifyRequest): unknown {
  return (query as Validation['query']).timeout
}

function orLookupFailed(error: unknown): LookupFailed {
  if (error instanceof LookupFailed) return error
  throw error
}

/** Lets the service read JSON, and nothing else, as far as it can carry what is sent; gives the share of each request. */
function readReviews(app: FastifyInstance, load: Load): WeakMap<IncomingMessage, Share> {
  const shares = new WeakMap<IncomingMessage, Share>()
  app.addHook('onRequest', async ({ raw }, reply) => {
    const share = load.enter()
    shares.set(raw, share)
    reply.raw.once('close', () => share.leave())
  })
  // A key of this name in somebody's object must not fail the write; nothing of ours reads it.
  const parse = app.getDefaultJsonParser('remove', 'remove') as (_: unknown, text: string, done: Callback) => void
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    const text = await readBody(payload, {
      limit: request.routeOptions.bodyLimit,
      load,
      share: shares.get(payload) as Share,
      patience: halfOf(timeoutOf(request)),
    })
    return new Promise((resolve, reject) =>
      parse(request, text, (error, body) => (error ? reject(error) : resolve(body))),
    )
  })
  return shares
}

type Callback = (error: Error | null, body?: unknown) => void

/** Says that there is too much to do; a request whose uid has not been read yet is not invited back. */
function turnAway(
  { uid, message, elapsed }: Overloaded,
  request: FastifyRequest,
  reply: FastifyReply,
  retries: Retries,
) {
  const back = uid !== undefined && retries.invite(uid, elapsed, timeoutOf(request))
  return unavailable(reply, `refgrant is overloaded: ${message}`, back)
}

/**
 * Says that there is no verdict, so that the webhook's failurePolicy decides, after another try perhaps; a closed
 * connection lets that reach another replica. Of an answer 503 the API server shows its user nothing but the message of
 * a Status. Source: k8s.io/client-go/rest/request.go, Result.Into.
 *
 * @param back whether it is to be tried again
 */
function unavailable(reply: FastifyReply, why: string, back: boolean): FastifyReply {
  reply.header('connection', 'close')
  if (back) reply.header('retry-after', String(RETRY_AFTER))
  const reason = 'ServiceUnavailable'
  return reply.code(503).send({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: why, reason, code: 503 })
}

function plainText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(text)
}
