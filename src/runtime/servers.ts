import type { Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { LiveConfig } from '../config/live.ts'
import { buildApp } from '../server/app.ts'
import { Capacity } from '../server/capacity.ts'
import { buildHealth } from '../server/health.ts'
import type { ClientAuthentication, ServedKeyPair } from '../server/tls.ts'
import type { GrantSupply } from './grant-supply.ts'
import { processMetrics } from './metrics/process.ts'
import { capacityMetrics, serverMetrics } from './metrics/server.ts'
import type { Tasks } from './task.ts'

/** What the two servers are made of. */
export interface Parts {
  readonly live: LiveConfig
  readonly grants: GrantSupply
  readonly tasks: Tasks
  readonly keyPair: ServedKeyPair
  readonly clients: ClientAuthentication | undefined
  readonly logger: Logger
  /** What is told of both, and all that is exposed. */
  readonly registry: Registry
  /** Aborts when this server is about to go. */
  readonly stopping: AbortSignal
}

/** The server that answers reviews, and the one that tells of its health. They do not listen yet. */
export function serversFor(parts: Parts): { readonly app: FastifyInstance; readonly health: FastifyInstance } {
  const { live, grants, tasks, keyPair, clients, logger, registry, stopping } = parts
  const observer = serverMetrics(registry, () => live.settings.coverage)
  const capacity = new Capacity(() => performance.now(), observer)
  capacityMetrics(registry, capacity)
  processMetrics(registry)
  const health = buildHealth({
    exposition: registry,
    observer,
    readiness: () => [...tasks.checks(), { name: 'serving', ok: !stopping.aborted }],
    remarks: tasks.remarks,
  })
  const app = buildApp({
    settings: () => live.settings,
    source: grants.source,
    keyPair,
    clients,
    capacity,
    logger,
    observer,
    draining: () => stopping.aborted,
  })
  return { app, health }
}
