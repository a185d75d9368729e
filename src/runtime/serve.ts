import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Registry } from '@prometheus-io/client'
import type { Logger } from 'pino'
import { readClientAuthorities } from '../certificates/files.ts'
import type { Overrides } from '../config/config.ts'
import { LiveConfig } from '../config/live.ts'
import { createLogger } from '../server/log.ts'
import type { ClientAuthentication } from '../server/tls.ts'
import { Failure } from '../system/failure.ts'
import type { GrantSupply, SupplyContext } from './grant-supply.ts'
import { type CertificateOptions, keyPairFor } from './key-pair.ts'
import { addressOf, listen } from './listen.ts'
import { reloads } from './reload.ts'
import { serversFor } from './servers.ts'
import { Tasks } from './task.ts'

/** How long the process may live after everything has stopped, in ms: it usually exits much sooner. */
const LAST = 500

/** Why self-managed certificates and a registration in files do not fit. */
const NOT_STATIC =
  '--static needs --certificates files: no server can write its authority into the file with the registration'

/** The flags of `refgrant serve`. */
export interface ServeOptions extends CertificateOptions, Overrides {
  /** The folder of grants; without it, the grants of the cluster. */
  readonly grants?: string
  readonly listen: string
  readonly metricsListen: string
  readonly clientCa?: string
  readonly clientName: readonly string[]
  /** How long to continue to serve after SIGTERM, in s. */
  readonly drain: number
  readonly config?: string
  /** Whether the API servers read the registration from files. */
  readonly static?: true
  readonly logLevel: string
}

/**
 * Serves until the signal, or until a task fails. Then it stops everything in reverse order of the start.
 *
 * @param stopping its reason is SIGTERM if the cluster first has to route its requests to other replicas
 * @throws Failure if it cannot start; Error if a task fails
 */
export async function serve(options: ServeOptions, stopping: AbortSignal): Promise<void> {
  const reviews = addressOf('--listen', options.listen)
  const metrics = addressOf('--metrics-listen', options.metricsListen)
  const logger = createLogger(options.logLevel)
  const registry = new Registry()
  const { keyPair, task, secret } = await keyPairFor(options, { logger, registry })
  if (options.static && secret !== undefined) throw new Failure(NOT_STATIC)
  const clients = await clientsOf(options)
  await using started = new AsyncDisposableStack()
  started.defer(endSoon)
  const live = new LiveConfig(options.config, options, logger)
  const grants = await grantsOf(options, { live, logger, keyPair, secret, registry, signal: stopping })
  const tasks = new Tasks([task, ...grants.tasks, ...reloads(live, registry, grants.configure)])
  started.defer(() => tasks.stop())
  const { health, app } = serversFor({ live, grants, tasks, keyPair, clients, logger, registry, stopping })
  started.defer(() => health.close())
  started.defer(() => app.close())

  if (stopping.aborted) return
  await listen(health, metrics, 'serving health and metrics', logger)
  await listen(app, reviews, 'serving reviews', logger)
  // Tasks begin last, so that a failed start does not watch or write. With guarded fields, discovery has run by then
  // (clusterGrants).
  await Promise.race([tasks.run(), drained(stopping, options.drain, logger)])
}

/** Waits for the signal, then until the cluster has had time to route its requests to other replicas. */
async function drained(stopping: AbortSignal, seconds: number, logger: Logger): Promise<void> {
  if (!stopping.aborted) await once(stopping, 'abort')
  // After Ctrl-C, a user waits for the prompt.
  const drain = stopping.reason === 'SIGTERM' ? seconds : 0
  logger.info({ signal: stopping.reason, drainSeconds: drain }, 'stopping')
  await wait(drain * 1_000)
}

/**
 * Ends the process if something keeps it alive after everything has stopped, such as a credential plugin of the
 * kubeconfig.
 */
function endSoon(): void {
  setTimeout(() => process.exit(), LAST).unref()
}

async function clientsOf({ clientCa, clientName }: ServeOptions): Promise<ClientAuthentication | undefined> {
  const names = clientName.length > 0 ? new Set(clientName) : undefined
  if (clientCa !== undefined) return { ca: await readClientAuthorities(clientCa).catch(refuse), names }
  if (names) throw new Failure('--client-name needs --client-ca: the server checks names only in verified certificates')
  return undefined
}

/** Imports only the supply that is chosen. */
async function grantsOf(options: ServeOptions, context: SupplyContext): Promise<GrantSupply> {
  if (options.grants === undefined) return (await import('./cluster-grants.ts')).clusterGrants(options, context)
  return (await import('./folder-grants.ts')).folderGrants(options.grants, context)
}

function refuse(error: Error): never {
  const remedy = 'name a PEM file of certificate authorities with --client-ca'
  throw new Failure(`${error.message} (${remedy})`, { cause: error })
}
