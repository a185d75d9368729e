import type { TLSSocket } from 'node:tls'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { admit } from '../admission/admit.ts'
import { advise } from '../admission/advise.ts'
import { type GrantSource, LookupFailed } from '../admission/grant-source.ts'
import { respond } from '../admission/respond.ts'
import { NotAReview, parseReview, type ReviewRequest } from '../admission/review.ts'
import { MODES, type Mode, modeOf, type Settings } from '../admission/settings.ts'
import { timeForFreshReads } from './deadline.ts'
import { type ReviewRecorder, recordReview } from './record.ts'
import { Retries } from './retries.ts'
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

/** How long a request may take to arrive, in ms: half of the longest timeout of a webhook; and how often that is checked. */
const ARRIVAL = { timeout: 15_000, checkedEvery: 5_000 }

/** Requests on one connection, after which it is closed, so that a busy API server spreads over the replicas. */
const REQUESTS_PER_CONNECTION = 1_000

export interface AppOptions extends ReviewRecorder {
  /** Asked for with each review, since settings change while the server runs. */
  readonly settings: () => Settings
  readonly source: GrantSource
  readonly keyPair: KeyPair
  /** Who may ask; anybody without it. */
  readonly clients?: ClientAuthentication | undefined
  /** Whether the server is about to go, so that connections are to be opened elsewhere. */
  readonly draining?: () => boolean
}

/**
 * The service that the API server calls, over HTTPS: `POST /validate/MODE`, `POST /validate` in the default mode, and
 * `POST /advise` for ReferenceGrants; nothing else. It does not listen yet.
 */
export function buildApp(options: AppOptions): FastifyInstance {
  const { settings, source, keyPair, clients, logger, draining = () => false } = options
  const app: FastifyInstance = Fastify({
    https: { ...tlsOptions(keyPair, clients), connectionsCheckingInterval: ARRIVAL.checkedEvery },
    bodyLimit: LARGEST_OTHER_BODY,
    keepAliveTimeout: KEEP_ALIVE,
    requestTimeout: ARRIVAL.timeout,
    maxRequestsPerSocket: REQUESTS_PER_CONNECTION,
    return503OnClosing: false,
    // A key of this name in somebody's object must not fail the write; nothing of ours reads it.
    onProtoPoisoning: 'remove',
    onConstructorPoisoning: 'remove',
  })
  // Fastify reads plain text too; a review is JSON.
  app.removeContentTypeParser('text/plain')
  // Before the body is read.
  app.addHook('onRequest', async (request, reply) => {
    if (clients && !isLetIn(request.raw.socket as TLSSocket, clients))
      return plainText(reply, 403, 'this client certificate is not among those that are let in')
  })
  app.addHook('onSend', async (_request, reply) => {
    if (draining()) reply.header('connection', 'close')
  })
  const retries = new Retries()
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
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

  const validate = async (request: Validation, reply: FastifyReply, asked?: Mode) => {
    const started = performance.now()
    const review = parseReview(request.body)
    const current = settings()
    const mode = modeOf(review, asked ?? current.mode, current)
    const signal = AbortSignal.timeout(timeForFreshReads(request.query.timeout))
    const outcome = await admit(review, current, source, signal).catch(orLookupFailed)
    const milliseconds = performance.now() - started
    recordReview(options, { review, catalogue: current.catalogue, mode, outcome, milliseconds })
    return outcome instanceof LookupFailed
      ? unavailable(reply, review, outcome, retries)
      : respond(review, outcome, mode)
  }
  const large = { bodyLimit: LARGEST_REVIEW }
  app.post('/validate', large, (request: Validation, reply) => validate(request, reply))
  for (const mode of MODES)
    app.post(`/validate/${mode}`, large, (request: Validation, reply) => validate(request, reply, mode))
  app.post('/advise', large, ({ body }) => advise(parseReview(body), settings().catalogue))
  return app
}

type Validation = FastifyRequest<{ Querystring: { timeout?: unknown } }>

function orLookupFailed(error: unknown): LookupFailed {
  if (error instanceof LookupFailed) return error
  throw error
}

/**
 * Says that there is no verdict, so that the webhook's failurePolicy decides, after another try perhaps. The API server
 * shows a plain text to its user, and a closed connection lets the next try reach another replica.
 */
function unavailable(reply: FastifyReply, { uid }: ReviewRequest, error: LookupFailed, retries: Retries): FastifyReply {
  reply.header('connection', 'close')
  // 1 s: the least that the header can say beyond "at once".
  if (retries.invite(uid)) reply.header('retry-after', '1')
  return plainText(reply, 503, `refgrant could not look up ReferenceGrants: ${error.message}`)
}

function plainText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(text)
}
