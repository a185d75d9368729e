import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, answer, answerWithAdvice, type Question, questionIn } from '../admission/answer.ts'
import type { GrantSource } from '../admission/grant-source.ts'
import { ADVICE_PATH, reviewPath } from '../admission/names.ts'
import { NotAReview } from '../admission/review.ts'
import { MODES, type Settings } from '../admission/settings.ts'
import { lookupSentence } from '../wording/unavailable.ts'
import type { Allowance } from './allowance.ts'
import { Overloaded, readBody } from './body.ts'
import type { Capacity } from './capacity.ts'
import { endsRequest, grantedTime, MARGIN } from './deadline.ts'
import { memoryOf } from './kept.ts'
import { buildListener } from './listener.ts'
import { plainText } from './plain-text.ts'
import { type Records, ReviewRecorder } from './record.ts'
import { RETRY_AFTER, Retries } from './retries.ts'
import { refuseStrangers } from './strangers.ts'
import { type ClientAuthentication, type ServedKeyPair, tlsOptions } from './tls.ts'

/** The paths for reviews. */
const PATHS = [reviewPath(), ...MODES.map(reviewPath), ADVICE_PATH]

export interface AppOptions extends Records {
  /** Called for each review, since settings change while the server runs. */
  readonly settings: () => Settings
  readonly source: GrantSource
  readonly keyPair: ServedKeyPair
  /** The allowed clients; default: every client. */
  readonly clients?: ClientAuthentication | undefined
  readonly capacity: Capacity
  /** Whether the server is draining, so that clients should open their connections elsewhere. */
  readonly draining?: () => boolean
  /** The timeout of the deny entry, in ms; 0 if it is not known. */
  readonly timeout?: () => number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The time and the memory of the request. */
    allowance: Allowance
  }
}

/**
 * Builds the HTTPS service that the API server calls: `POST /validate/MODE`, `POST /validate` in the default mode, and
 * `POST /advise` for ReferenceGrants. Does not listen yet.
 */
export function buildApp(options: AppOptions): FastifyInstance {
  const { keyPair, clients, capacity, logger, observer, source } = options
  const connections = { most: capacity.limits.connections, bodies: true, observer }
  const { app, renew } = buildListener({ tls: tlsOptions(keyPair.current, clients), connections })
  keyPair.follow((pair) => renew(tlsOptions(pair, clients)))
  const retries = new Retries()
  allot(app, capacity)
  leaveBodies(app)
  refuseStrangers(app, { clients, observer, logger })
  closeWhileDraining(app, options)
  answerFailures(app, retries, options)

  const handler = handlersBy(options, retries)
  for (const entry of [undefined, ...MODES])
    app.post(
      reviewPath(entry),
      handler((question, settings, allowance) =>
        answer(
          question,
          settings,
          { source, begin: (kept) => allowance.startLookUps(memoryOf(question.request, kept)) },
          entry,
        ),
      ),
    )
  app.post(ADVICE_PATH, handler(answerWithAdvice))
  return app
}

type Answering = (question: Question, settings: Settings, allowance: Allowance) => Promise<Answer> | Answer

/** Makes request handlers: each reads a review, answers it and records the answer. */
function handlersBy(options: AppOptions, retries: Retries) {
  const { settings, capacity } = options
  const recorder = new ReviewRecorder(options)
  return (answering: Answering) =>
    async ({ raw, allowance }: FastifyRequest, reply: FastifyReply) => {
      try {
        const question = await readQuestion(raw, { capacity, allowance, retries })
        const started = performance.now()
        const current = settings()
        const answer = await answering(question, current, allowance)
        const { request } = question
        const undecided = answer.response === undefined
        // A review that was evicted, or whose client is gone, counts as shed, not as failed.
        if (undecided && allowance.evicted) throw new Overloaded('memory', request.uid)
        const milliseconds = performance.now() - started
        if (undecided && allowance.gone) allowance.turnAwayGone()
        else recorder.record({ request, coverage: current.coverage, answer, milliseconds })
        if (!undecided) return answer.response
        return unavailable(reply, lookupSentence(answer.decision.why), retries.invite(request.uid, allowance), options)
      } finally {
        allowance.finish()
      }
    }
}

/** Reads the question of a request. Afterwards, nothing else keeps its content in memory. */
async function readQuestion(...reading: Parameters<typeof readBody>): Promise<Question> {
  const body = await readBody(...reading)
  return questionIn(body.review, body)
}

/** Gives each request an allowance until it is answered. */
function allot(app: FastifyInstance, capacity: Capacity): void {
  app.decorateRequest('allowance')
  app.addHook('onRequest', (request, reply, done) => {
    const allowance = capacity.enter(grantedTime((request.query as { timeout?: unknown }).timeout))
    request.allowance = allowance
    reply.raw.once('close', () => allowance.leave(reply.raw.writableFinished))
    done()
  })
  app.addHook('onSend', ({ allowance }, _reply, payload, done) => {
    if (typeof payload === 'string') allowance.holdAnswer(Buffer.byteLength(payload))
    done()
  })
}

/** Leaves each body to the handler, which reads it in its turn. */
function leaveBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', (_request, _payload, done) => done(null))
}

function closeWhileDraining(app: FastifyInstance, { draining = () => false }: AppOptions): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (draining()) reply.header('connection', 'close')
    done()
  })
}

/** Answers requests that do not get a review as their answer. */
function answerFailures(app: FastifyInstance, retries: Retries, options: AppOptions): void {
  const { logger } = options
  app.setErrorHandler((error: Error & { statusCode?: number }, { allowance }, reply) => {
    if (error instanceof Overloaded) {
      // Without its uid, tries of the request cannot be counted, so the client is not asked to retry.
      const back = error.uid !== undefined && retries.invite(error.uid, allowance)
      return unavailable(reply, error.message, back, options)
    }
    const status = error instanceof NotAReview ? 400 : (error.statusCode ?? 500)
    if (status === 415) return plainText(reply, status, `${error.message}: send the review as application/json`)
    if (status < 500) return plainText(reply, status, error.message)
    logger.error({ err: error }, 'internal error while judging a review')
    return plainText(reply, 500, 'internal error in refgrant: see the server log')
  })
  app.setNotFoundHandler((_request, reply) =>
    plainText(reply, 404, `this path is not served; POST an AdmissionReview to ${PATHS.join(', ')}`),
  )
}

/**
 * Answers 503 without a verdict, so that the webhook's failurePolicy decides, or the API server retries. The closed
 * connection lets a retry reach another replica. Of a 503, the API server shows its user only the message of a Status.
 * Source: k8s.io/client-go/rest/request.go, Result.Into.
 *
 * @param invited whether the API server should retry
 */
function unavailable(reply: FastifyReply, why: string, invited: boolean, options: AppOptions): FastifyReply {
  reply.header('connection', 'close')
  const pause = invited ? RETRY_AFTER : pauseToTheEnd(reply.request, options)
  if (pause !== undefined) reply.header('retry-after', String(pause))
  const reason = 'ServiceUnavailable'
  return reply.code(503).send({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: why, reason, code: 503 })
}

/**
 * Returns a pause, in s, until the API server has dropped the reviewed request; undefined if it does not drop the request
 * then. Under `failurePolicy: Ignore`, a user could otherwise shorten the timeout of a request so that refgrant has no
 * time to judge it, and the write passes in the rest of that time.
 */
function pauseToTheEnd({ query, routeOptions, allowance }: FastifyRequest, { settings, timeout }: AppOptions) {
  const { url } = routeOptions
  const isDenial = url === reviewPath('deny') || (url === reviewPath() && settings().mode === 'deny')
  const ends = endsRequest((query as { timeout?: unknown }).timeout, timeout?.() ?? 0)
  if (!isDenial || !ends) return undefined
  return Math.max(Math.ceil((allowance.left + MARGIN) / 1_000), RETRY_AFTER)
}
