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

/** The parts of the two servers. */
export interface Parts {
  readonly live: LiveConfig
  readonly grants: GrantSupply
  readonly tasks: Tasks
  readonly keyPair: ServedKeyPair
  readonly clients: ClientAuthentication | undefined
  readonly logger: Logger
  /** The metrics that the server for health exposes. */
  readonly registry: Registry
  /** Aborts when the process is about to stop. */
  readonly stopping: AbortSignal
}

/** Builds the server for reviews, and the server for health and metrics. They do not listen yet. */
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
    timeout: () => live.config.timeoutSeconds * 1_000,
  })
  return { app, health }
}
