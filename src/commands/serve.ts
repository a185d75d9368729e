import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Mode } from '../admission/settings.ts'
import { LiveConfig } from '../config/live.ts'
import type { Config } from '../config/load.ts'
import { parseAddress } from '../server/address.ts'
import { buildApp } from '../server/app.ts'
import { buildHealth, type Check } from '../server/health.ts'
import { Load } from '../server/load.ts'
import { createLogger } from '../server/log.ts'
import { Metrics } from '../server/metrics.ts'
import { type ClientAuthentication, expiryOf, readClientAuthentication, readKeyPair } from '../server/tls.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { clusterGrants, folderGrants, type GrantSupply } from './grant-supply.ts'
import { configOption, contextOption, kubeconfigOption, meshRoutesOption, modeOption } from './options.ts'

/**
 * How long to serve on after SIGTERM, in s: kube-proxies learn of it within a few seconds, and a pod is given 30 s.
 * Source: Kubernetes, "Pod Lifecycle", "Termination of Pods".
 */
const DRAIN = 10

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
  return new Command('serve')
    .description('answer the API server, with grants from the cluster or from a folder')
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .addOption(
      new Option('--grants <folder>', 'take grants from the YAML files of a folder, without a cluster')
        .env('REFGRANT_GRANTS')
        .conflicts(['kubeconfig', 'context']),
    )
    .addOption(
      new Option('--listen <address>', 'HOST:PORT of the webhook, HTTPS').env('REFGRANT_LISTEN').default(':8443'),
    )
    .addOption(new Option('--cert <file>', 'certificate chain, PEM').env('REFGRANT_CERT').default('certs/tls.crt'))
    .addOption(
      new Option('--key <file>', 'private key of the certificate, PEM').env('REFGRANT_KEY').default('certs/tls.key'),
    )
    .addOption(
      new Option(
        '--client-ca <file>',
        'answer only clients whose certificate these authorities signed; default: anybody',
      ).env('REFGRANT_CLIENT_CA'),
    )
    .addOption(
      new Option('--client-name <name...>', 'and whose certificate has one of these common names; default: any')
        .env('REFGRANT_CLIENT_NAME')
        .default([]),
    )
    .addOption(
      new Option('--metrics-listen <address>', 'HOST:PORT of health and metrics, plain HTTP')
        .env('REFGRANT_METRICS_LISTEN')
        .default(':8080'),
    )
    .addOption(configOption())
    .addOption(modeOption())
    .addOption(
      new Option(
        '--existing-violations <treatment>',
        'updates that keep a violation; default: the configuration’s, warn',
      )
        .env('REFGRANT_EXISTING_VIOLATIONS')
        .choices(['warn', 'deny']),
    )
    .addOption(meshRoutesOption())
    .addOption(
      new Option(
        '--drain <seconds>',
        'how long to serve on after SIGTERM, unready, while the cluster takes this server off',
      )
        .env('REFGRANT_DRAIN')
        .argParser(seconds)
        .default(DRAIN),
    )
    .addOption(
      new Option('--log-level <level>', 'debug shows permitted reviews too')
        .env('REFGRANT_LOG_LEVEL')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  // Before anything that takes time, so that a signal always finds somebody.
  const stopping = stopSignal()
  const logger = createLogger(options.logLevel)
  const keyPair = await readKeyPair(options.cert, options.key).catch(rethrow('make one with: refgrant certs'))
  const clients = await clientsOf(options)
  const live = new LiveConfig(options.config, options, logger)
  const grants =
    options.grants === undefined
      ? await clusterGrants(options, live, logger)
      : await folderGrants(options.grants, live, logger)
  live.watch(grants.configure)
  const load = new Load(() => performance.now())
  const metrics = new Metrics({
    knowledge: grants.knowledge,
    load,
    reloads: () => live.reloads,
    drift: () => grants.drift()?.length,
    certificateExpiry: expiryOf(keyPair),
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
  const health = buildHealth({
    registry: metrics.registry,
    readiness: readiness(grants, stopping),
    remarks: () => [driftCheck(grants)],
  })

  await listen(health, options.metricsListen, 'serving health and metrics', logger)
  await listen(app, options.listen, 'serving reviews', logger)
  if (!stopping.aborted) await once(stopping, 'abort')
  // A Ctrl-C is somebody's who waits for the prompt.
  const drain = stopping.reason === 'SIGTERM' ? options.drain : 0
  logger.info({ signal: stopping.reason, drainSeconds: drain }, 'stopping')
  await wait(drain * 1_000)
  live.close()
  grants.stop()
  await Promise.all([app.close(), health.close()])
}

/** Once synced, for good: an old index is no reason to send nobody here, since fresh reads take its place. */
function readiness({ knowledge }: GrantSupply, stopping: AbortSignal): () => Check[] {
  let synced = false
  return () => {
    const { grants, ageSeconds } = knowledge()
    synced ||= Number.isFinite(ageSeconds)
    const detail = synced ? `${grants} grants, complete ${ageSeconds.toFixed(1)} s ago` : 'waiting for the first list'
    return [
      { name: 'grants', ok: synced, detail },
      { name: 'serving', ok: !stopping.aborted },
    ]
  }
}

/** Told beside readiness, and no part of it: what is registered can be mended only by whoever registers. */
function driftCheck({ drift }: GrantSupply): Check {
  const lines = drift()
  const detail = lines === undefined ? 'not known' : lines.join('; ')
  return { name: 'registration', ok: lines?.length === 0, ...(detail !== '' && { detail }) }
}

async function clientsOf({ clientCa, clientName }: ServeOptions): Promise<ClientAuthentication | undefined> {
  if (clientCa !== undefined) return readClientAuthentication(clientCa, clientName).catch(rethrow('--client-ca'))
  if (clientName.length > 0)
    throw new CommandFailure('--client-name needs --client-ca: a name that nobody vouches for is none')
  return undefined
}

async function listen(app: FastifyInstance, address: string, what: string, logger: Logger): Promise<void> {
  try {
    await app.listen(parseAddress(address))
  } catch (error) {
    throw new CommandFailure(`cannot listen on ${address}: ${(error as Error).message}`, { cause: error })
  }
  const { address: host, port } = app.server.address() as AddressInfo
  logger.info({ host, port }, what)
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
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('a number of seconds, 0 or more')
  return value
}

function rethrow(remedy: string): (error: Error) => never {
  return (error) => {
    throw new CommandFailure(`${error.message} (${remedy})`, { cause: error })
  }
}
