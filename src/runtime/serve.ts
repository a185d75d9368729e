import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { readClientAuthorities, readKeyPair } from '../certificates/files.ts'
import type { ConnectionChoice } from '../cluster/connection.ts'
import { LiveConfig } from '../config/live.ts'
import type { Overrides } from '../config/load.ts'
import { createLogger } from '../server/log.ts'
import type { ClientAuthentication } from '../server/tls.ts'
import { Failure } from '../system/failure.ts'
import { folderGrants } from './folder-grants.ts'
import { clusterGrants, type GrantSupply, type SupplyContext } from './grant-supply.ts'
import { addressOf, listen } from './listen.ts'
import { reload } from './reload.ts'
import { serversFor } from './servers.ts'
import { Tasks } from './task.ts'

/** How long the process may live on once all has been stopped, in ms: what ends by itself does so in much less. */
const LAST = 500

/** What helps where a file cannot be used. */
const REMEDY = {
  keyPair: 'name a pair with --cert and --key, or make one with: refgrant certs',
  clientCa: 'name a PEM file of certificate authorities with --client-ca',
}

/** What a server is started with, by its flags. */
export interface ServeOptions extends ConnectionChoice, Overrides {
  /** The folder of grants; without it they come from the cluster. */
  readonly grants?: string
  readonly listen: string
  readonly cert: string
  readonly key: string
  readonly metricsListen: string
  readonly clientCa?: string
  readonly clientName: readonly string[]
  /** How long to serve on after SIGTERM, in s. */
  readonly drain: number
  readonly config?: string
  readonly logLevel: string
}

/**
 * Serves until the signal, or until a task fails; then stops what was started, the last first.
 *
 * @param stopping its reason is SIGTERM where the cluster has to send its requests elsewhere first
 * @throws Failure if it cannot start; Error if a task fails
 */
export async function serve(options: ServeOptions, stopping: AbortSignal): Promise<void> {
  const reviews = addressOf('--listen', options.listen)
  const metrics = addressOf('--metrics-listen', options.metricsListen)
  const logger = createLogger(options.logLevel)
  const keyPair = await readKeyPair(options.cert, options.key).catch(rethrow(REMEDY.keyPair))
  const clients = await clientsOf(options)
  await using started = new AsyncDisposableStack()
  started.defer(endSoon)
  const live = new LiveConfig(options.config, options, logger)
  const grants = await grantsOf(options, { live, logger, keyPair, signal: stopping })
  const tasks = new Tasks([...grants.tasks, reload(live, grants.configure)])
  started.defer(() => tasks.stop())
  const { health, app } = serversFor({ live, grants, tasks, keyPair, clients, logger, stopping })
  started.defer(() => health.close())
  started.defer(() => app.close())

  if (stopping.aborted) return
  await listen(health, metrics, 'serving health and metrics', logger)
  await listen(app, reviews, 'serving reviews', logger)
  // Only now, so that a start that fails has asked the API server for nothing.
  await Promise.race([tasks.run(), drained(stopping, options.drain, logger)])
}

/** Resolves when the process is to stop and the cluster has had the time to send its requests elsewhere. */
async function drained(stopping: AbortSignal, seconds: number, logger: Logger): Promise<void> {
  if (!stopping.aborted) await once(stopping, 'abort')
  // Someone who presses Ctrl-C waits for the prompt.
  const drain = stopping.reason === 'SIGTERM' ? seconds : 0
  logger.info({ signal: stopping.reason, drainSeconds: drain }, 'stopping')
  await wait(drain * 1_000)
}

/**
 * Ends the process if something still keeps it alive when all has been stopped: a credential plugin of the kubeconfig
 * runs until it ends by itself.
 */
function endSoon(): void {
  setTimeout(() => process.exit(), LAST).unref()
}

async function clientsOf({ clientCa, clientName }: ServeOptions): Promise<ClientAuthentication | undefined> {
  const names = clientName.length > 0 ? new Set(clientName) : undefined
  if (clientCa !== undefined)
    return { ca: await readClientAuthorities(clientCa).catch(rethrow(REMEDY.clientCa)), names }
  if (names) throw new Failure('--client-name needs --client-ca: a name counts only in a certificate that is verified')
  return undefined
}

function grantsOf(options: ServeOptions, context: SupplyContext): Promise<GrantSupply> {
  return options.grants === undefined ? clusterGrants(options, context) : folderGrants(options.grants, context)
}

function rethrow(remedy: string): (error: Error) => never {
  return (error) => {
    throw new Failure(`${error.message} (${remedy})`, { cause: error })
  }
}
