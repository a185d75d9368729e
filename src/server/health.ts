import type { FastifyInstance } from 'fastify'
import { visible } from '../wording/quote.ts'
import { buildListener } from './listener.ts'
import { type CloseReason, type ServerObserver, UNOBSERVED } from './observer.ts'
import { plainText } from './plain-text.ts'

/** The most open connections: one for each probe of a kubelet, and some for metrics. */
const MOST_CONNECTIONS = 32

/** A condition of readiness, or a remark beside it. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  /** Further details for a person. */
  readonly detail?: string
}

/** The metrics of this process as text. */
interface Exposition {
  readonly contentType: string
  metrics(): Promise<string>
}

export interface HealthOptions {
  readonly exposition: Exposition
  /** Receives the connections that this listener closes. */
  readonly observer: ServerObserver
  /** The conditions for readiness. */
  readonly readiness: () => readonly Check[]
  /** Further conditions for `?verbose`, which do not affect readiness. */
  readonly remarks?: () => readonly Check[]
}

/**
 * Builds a separate plain HTTP service for health and metrics, so that probes need no certificate, and the port for
 * reviews serves nothing else: `/livez`, `/readyz` (`?verbose` names each check) and `/metrics`. Does not listen yet.
 */
export function buildHealth(options: HealthOptions): FastifyInstance {
  const { exposition, observer, readiness, remarks = () => [] } = options
  // Only the connections for reviews are reported as open.
  const closures = { ...UNOBSERVED, connectionClosed: (reason: CloseReason) => observer.connectionClosed(reason) }
  const { app } = buildListener({ connections: { most: MOST_CONNECTIONS, bodies: false, observer: closures } })
  app.removeAllContentTypeParsers()
  // A server that answers is alive: a restart would not help against an unreachable API server or a missing grant.
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
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    plainText(reply, error.statusCode ?? 500, error.message),
  )
  app.setNotFoundHandler((_request, reply) =>
    plainText(reply, 404, 'this path is not served; GET /livez, /readyz or /metrics'),
  )
  return app
}

/** Returns the metrics as text. All requests that are read in one turn of the event loop share one text. */
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

/** Returns `[+]NAME`, or the name after the mark of a failed check. */
function line({ name, ok, detail }: Check, mark: string): string {
  return `[${ok ? '+' : mark}]${name}${detail ? `: ${visible(detail)}` : ''}`
}
