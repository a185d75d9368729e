import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import type { Logger } from 'pino'
import type { Mode } from '../admission/settings.ts'
import { expiryOf, readClientAuthorities, readKeyPair } from '../certificates/files.ts'
import { LiveConfig } from '../config/live.ts'
import type { Config } from '../config/load.ts'
import { buildApp } from '../server/app.ts'
import { buildHealth } from '../server/health.ts'
import { Load } from '../server/load.ts'
import { createLogger } from '../server/log.ts'
import { Metrics } from '../server/metrics.ts'
import type { ClientAuthentication, KeyPair } from '../server/tls.ts'
import { EXIT, Failure } from '../system/failure.ts'
import { driftCheck, readiness } from './checks.ts'
import { clusterGrants, folderGrants, type GrantSupply, type SupplyContext } from './grant-supply.ts'
import { addressOf, listen } from './listen.ts'
import { configOption, contextOption, kubeconfigOption, meshRoutesOption, modeOption, settable } from './options.ts'

/**
 * How long to serve on after SIGTERM, in s: kube-proxies learn of it within a few seconds, and a pod is given 30 s.
 * Source: Kubernetes, "Pod Lifecycle", "Termination of Pods".
 */
const DRAIN = 10

/** Longest such time, in s: an hour is more than any cluster waits for a pod, and far less than a timer can hold. */
const LONGEST_DRAIN = 3_600

/** How long the process may live on once all has been stopped, in ms: what ends by itself does so in much less. */
const LAST = 500

/** What helps where a file cannot be used. */
const REMEDY = {
  keyPair: 'name a pair with --cert and --key, or make one with: refgrant certs',
  clientCa: 'name a PEM file of certificate authorities with --client-ca',
}

interface ServeOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly grants?: string
  readonly listen: string
  readonly cert: string
  readonly key: string
  readonly metricsListen: string
  readonly clientCa?: string
  readonly clientName: readonly string[]
  readonly drain: number
  readonly config?: string
  readonly logLevel: string
  readonly mode?: Mode
  readonly existingViolations?: Config['existingViolations']
  readonly meshRoutes?: Config['meshRoutes']
}

/** `refgrant serve`: the webhook. */
export function serveCommand(): Command {
  const command = new Command('serve').description(
    'answer the API server, with grants from the cluster or from a folder',
  )
  for (const option of options()) command.addOption(option)
  return command.action(serve)
}

/** In the order of the help. */
const options = () => [
  kubeconfigOption(),
  contextOption(),
  settable('--grants <folder>', 'take grants from the YAML files of a folder, without a cluster').conflicts([
    'kubeconfig',
    'context',
  ]),
  settable('--listen <address>', 'HOST:PORT of the webhook, HTTPS').default(':8443'),
  settable('--cert <file>', 'certificate chain, PEM').default('certs/tls.crt'),
  settable('--key <file>', 'private key of the certificate, PEM').default('certs/tls.key'),
  settable('--client-ca <file>', 'answer only clients whose certificate these authorities signed; default: anybody'),
  settable('--client-name <name...>', 'and whose certificate has one of these common names; default: any').default([]),
  settable('--metrics-listen <address>', 'HOST:PORT of health and metrics, plain HTTP').default(':8080'),
  configOption(),
  modeOption(),
  settable(
    '--existing-violations <treatment>',
    'updates that keep a violation; default: the configuration’s, warn',
  ).choices(['warn', 'deny']),
  meshRoutesOption(),
  settable('--drain <seconds>', 'how long to serve on after SIGTERM, unready, while the cluster takes this server off')
    .argParser(seconds)
    .default(DRAIN),
  settable('--log-level <level>', 'debug shows permitted reviews too')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info'),
]

async function serve(options: ServeOptions): Promise<void> {
  // Before anything that takes time, so that no signal is missed.
  const stopping = stopSignal()
  const reviews = addressOf('--listen', options.listen)
  const metrics = addressOf('--metrics-listen', options.metricsListen)
  const logger = createLogger(options.logLevel)
  const keyPair = await readKeyPair(options.cert, options.key).catch(rethrow(REMEDY.keyPair))
  const clients = await clientsOf(options)
  // However this function ends, what it started is stopped, the last first.
  await using started = new AsyncDisposableStack()
  started.defer(endSoon)
  const live = new LiveConfig(options.config, options, logger)
  started.defer(() => live.close())
  const grants = await grantsOf(options, { live, logger, keyPair, signal: stopping })
  started.defer(() => grants.stop())
  const { health, app } = serversFor({ live, grants, keyPair, clients, logger, stopping })
  started.defer(() => health.close())
  started.defer(() => app.close())

  if (stopping.aborted) return
  await listen(health, metrics, 'serving health and metrics', logger)
  await listen(app, reviews, 'serving reviews', logger)
  // Only now, so that a start that fails has asked the API server for nothing.
  grants.run()
  live.watch(grants.configure)
  if (!stopping.aborted) await once(stopping, 'abort')
  // Someone who presses Ctrl-C waits for the prompt.
  const drain = stopping.reason === 'SIGTERM' ? options.drain : 0
  logger.info({ signal: stopping.reason, drainSeconds: drain }, 'stopping')
  await wait(drain * 1_000)
}

/** What the two servers are made of. */
interface Parts {
  readonly live: LiveConfig
  readonly grants: GrantSupply
  readonly keyPair: KeyPair
  readonly clients: ClientAuthentication | undefined
  readonly logger: Logger
  readonly stopping: AbortSignal
}

function serversFor({ live, grants, keyPair, clients, logger, stopping }: Parts) {
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
    readiness: readiness(grants, stopping),
    remarks: () => [driftCheck(grants)],
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
  return { health, app }
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

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT.failed)
      controller.abort(signal)
    })
  }
  return controller.signal
}

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= LONGEST_DRAIN))
    throw new InvalidArgumentError(`a number of seconds from 0 to ${LONGEST_DRAIN}`)
  return value
}

function rethrow(remedy: string): (error: Error) => never {
  return (error) => {
    throw new Failure(`${error.message} (${remedy})`, { cause: error })
  }
}
