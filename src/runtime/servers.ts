import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { expiryOf } from '../certificates/files.ts'
import type { LiveConfig } from '../config/live.ts'
import { buildApp } from '../server/app.ts'
import { buildHealth } from '../server/health.ts'
import { Load } from '../server/load.ts'
import { Metrics } from '../server/metrics.ts'
import type { ClientAuthentication, KeyPair } from '../server/tls.ts'
import type { GrantSupply } from './grant-supply.ts'
import type { Tasks } from './task.ts'

/** What the two servers are made of. */
export interface Parts {
  readonly live: LiveConfig
  readonly grants: GrantSupply
  readonly tasks: Tasks
  readonly keyPair: KeyPair
  readonly clients: ClientAuthentication | undefined
  readonly logger: Logger
  /** Aborts when this server is about to go. */
  readonly stopping: AbortSignal
}

/** The server that answers reviews, and the one that tells of its health. They do not listen yet. */
export function serversFor(parts: Parts): { readonly app: FastifyInstance; readonly health: FastifyInstance } {
  const { live, grants, tasks, keyPair, clients, logger, stopping } = parts
  const load = new Load(() => performance.now())
  const metrics = new Metrics({
    knowledge: grants.knowledge,
    load,
    reloads: () => live.reloads,
    drift: () => grants.drift()?.length,
    certificateExpiry: expiryOf(keyPair.cert),
  })
  const health = buildHealth({
    registry: metrics.registry,
    readiness: () => [...tasks.checks(), { name: 'serving', ok: !stopping.aborted }],
    remarks: tasks.remarks,
  })
  const app = buildApp({
    settings: () => live.settings,
    source: grants.source,
    keyPair,
    clients,
    load,
    logger,
    metrics,
    draining: () => stopping.aborted,
  })
  return { app, health }
}
