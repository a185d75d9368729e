import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { NotAReview } from '../admission/review.ts'
import { MODES } from '../admission/settings.ts'
import { visible } from '../policy/quote.ts'
import type { Allowance } from './allowance.ts'
import { Overloaded, readBody } from './body.ts'
import { buildListener } from './listener.ts'
import type { Load } from './load.ts'
import { RETRY_AFTER, Retries } from './retries.ts'
import { refuseStrangers } from './strangers.ts'
import { type ClientAuthentication, type KeyPair, tlsOptions } from './tls.ts'
import { type Asked, adviceOn, asked, NoVerdict, type VerdictOptions, verdictsBy } from './verdict.ts'

export interface AppOptions extends VerdictOptions {
  readonly keyPair: KeyPair
  /** Who may ask; anybody without it. */
  readonly clients?: ClientAuthentication | undefined
  readonly load: Load
  /** Whether the server is about to go, so that connections are to be opened elsewhere. */
  readonly draining?: () => boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The time and the room that it has. */
    allowance: Allowance
  }
}

/**
 * The service that the API server calls, over HTTPS: `POST /validate/MODE`, `POST /validate` in the default mode, and
 * `POST /advise` for ReferenceGrants; nothing else. It does not listen yet.
 */
export function buildApp(options: AppOptions): FastifyInstance {
  const { settings, keyPair, clients, load, logger } = options
  const connections = { most: load.room.connections, bodies: true, counts: load.connections }
  const { app } = buildListener({ tls: tlsOptions(keyPair, clients), connections })
  const retries = new Retries()
  allot(app, load)
  refuseStrangers(app, { clients, counts: load.connections.refused, logger })
  closeWhileDraining(app, options)
  answerFailures(app, retries, options)
  const verdict = verdictsBy(options)
  const review = (answer: (asked: Asked, allowance: Allowance) => Promise<object> | object) =>
    async function handle({ raw, allowance }: FastifyRequest) {
      try {
        return await answer(asked(await readBody(raw, { load, allowance, retries })), allowance)
      } finally {
        allowance.finish()
      }
    }
  app.post(
    '/validate',
    review((asked, allowance) => verdict(asked, allowance)),
  )
  for (const mode of MODES)
    app.post(
      `/validate/${mode}`,
      review((asked, allowance) => verdict(asked, allowance, mode)),
    )
  app.post(
    '/advise',
    review((asked) => adviceOn(asked, settings())),
  )
  return app
}

/** Gives each request its allowance, until it is answered. */
function allot(app: FastifyInstance, load: Load): void {
  app.decorateRequest('allowance')
  app.addHook('onRequest', (request, reply, done) => {
    const allowance = load.enter((request.query as { timeout?: unknown }).timeout)
    request.allowance = allowance
    reply.raw.once('close', () => allowance.leave(reply.raw.writableFinished))
    done()
  })
  app.addHook('onSend', ({ allowance }, _reply, payload, done) => {
    if (typeof payload === 'string') allowance.answer(Buffer.byteLength(payload))
    done()
  })
  // The handler reads the body itself, when it is its turn.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', (_request, _payload, done) => done(null))
}

function closeWhileDraining(app: FastifyInstance, { draining = () => false }: AppOptions): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (draining()) reply.header('connection', 'close')
    done()
  })
}

/** Says why there is no review in the answer. */
function answerFailures(app: FastifyInstance, retries: Retries, { logger }: AppOptions): void {
  app.setErrorHandler((error: Error & { statusCode?: number }, { allowance }, reply) => {
    if (error instanceof Overloaded) {
      // A request whose uid has not been read is not invited back.
      const back = error.uid !== undefined && retries.invite(error.uid, allowance)
      return unavailable(reply, `refgrant is overloaded: ${error.message}`, back)
    }
    if (error instanceof NoVerdict) return unavailable(reply, error.message, retries.invite(error.uid, allowance))
    const status = error instanceof NotAReview ? 400 : (error.statusCode ?? 500)
    if (status === 415) return plainText(reply, status, `${error.message}: send the review as application/json`)
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
  // It may repeat what was sent.
  return reply.code(status).type('text/plain; charset=utf-8').send(visible(text))
}
