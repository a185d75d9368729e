import type { FastifyInstance } from 'fastify'
import { visible } from '../wording/quote.ts'
import { buildListener } from './listener.ts'
import { type CloseReason, type ServerObserver, UNOBSERVED } from './observer.ts'

/** Connections held at once: a kubelet's probes, one each, and some that read metrics. */
const MOST_CONNECTIONS = 32

/** One condition of being ready, or of being well. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  /** What a person wants to know beyond that. */
  readonly detail?: string
}

/** The metrics of this process as text. */
interface Exposition {
  readonly contentType: string
  metrics(): Promise<string>
}

export interface HealthOptions {
  readonly exposition: Exposition
  /** Is told of the connections that this listener closes. */
  readonly observer: ServerObserver
  /** What must hold before the API server is sent here. */
  readonly readiness: () => readonly Check[]
  /** What is told beside it, and does not count. */
  readonly remarks?: () => readonly Check[]
}

/**
 * Health and metrics on a plain listener of their own, so that probes need no certificate and the port for reviews
 * serves nothing else: `/livez`, `/readyz` (`?verbose` names each check) and `/metrics`. It does not listen yet.
 */
export function buildHealth(options: HealthOptions): FastifyInstance {
  const { exposition, observer, readiness, remarks = () => [] } = options
  // Those that are told as open are the connections for reviews.
  const told = { ...UNOBSERVED, connectionClosed: (reason: CloseReason) => observer.connectionClosed(reason) }
  const { app } = buildListener({ connections: { most: MOST_CONNECTIONS, bodies: false, observer: told } })
  app.removeAllContentTypeParsers()
  // Alive is whoever answers: a restart would mend neither a lost API server nor a missing grant.
  app.get('/livez', () => 'ok\n')
  app.get<{ Querystring: { verbose?: string } }>('/readyz', (request, reply) => {
    const checks = readiness()
    const ready = checks.every(({ ok }) => ok)
    const lines = [...checks.map((check) => line(check, '-')), ...remarks().map((check) => line(check, '!'))]
    const verbose = request.query.verbose !== undefined || !ready
    const summary = ready ? 'ok' : 'not ready'
    return reply.code(ready ? 200 : 503).send(`${[...(verbose ? lines : []), summary].join('\n')}\n`)
  })
  const metrics = sharedMetrics(exposition)
  app.get('/metrics', async (_request, reply) => reply.type(exposition.contentType).send(await metrics()))
  return app
}

/** The metrics as text, made once for all requests that are read in one turn of the event loop. */
function sharedMetrics(exposition: Exposition): () => Promise<string> {
  let made: Promise<string> | undefined
  return () => {
    made ??= exposition.metrics().finally(() =>
      setImmediate(() => {
        made = undefined
      }),
    )
    return made
  }
}

/** `[+]NAME`, or with the mark of what is not well. */
function line({ name, ok, detail }: Check, mark: string): string {
  return `[${ok ? '+' : mark}]${name}${detail ? `: ${visible(detail)}` : ''}`
}
