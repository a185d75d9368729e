import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Command, Option } from 'commander'
import type { FastifyInstance } from 'fastify'
import { type Logger, pino } from 'pino'
import type { GrantSource } from '../admission/grant-source.ts'
import type { Mode } from '../admission/settings.ts'
import { Api } from '../cluster/api.ts'
import { type ConnectionChoice, connectionFrom } from '../cluster/connection.ts'
import { ClusterGrants } from '../cluster/grants.ts'
import { unservableRows } from '../cluster/own-kinds.ts'
import { LiveConfig } from '../config/live.ts'
import { type Config, catalogueOf, limitsOf } from '../config/load.ts'
import { GrantFolder } from '../files/grant-folder.ts'
import type { GuardedField } from '../policy/catalogue.ts'
import { parseAddress } from '../server/address.ts'
import { buildApp } from '../server/app.ts'
import { buildHealth, type Check } from '../server/health.ts'
import { type Knowledge, Metrics } from '../server/metrics.ts'
import { readKeyPair } from '../server/tls.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { configOption, contextOption, kubeconfigOption, meshRoutesOption, modeOption } from './options.ts'

/** How long the start may wait for what the cluster serves, in ms; only with guarded fields of one's own. */
const DISCOVERY = 5_000

interface ServeOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly grants?: string
  readonly listen: string
  readonly cert: string
  readonly key: string
  readonly metricsListen: string
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
      new Option('--log-level <level>', 'debug shows permitted reviews too')
        .env('REFGRANT_LOG_LEVEL')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .action(serve)
}

/** Where the grants come from, with what the server tells of it. */
interface Grants {
  readonly source: GrantSource
  readonly knowledge: () => Knowledge
  /** Takes what a changed configuration says of fresh reads. */
  readonly configure: (config: Config) => void
  readonly stop: () => void
}

async function serve(options: ServeOptions): Promise<void> {
  // Before anything that takes time, so that a signal always finds somebody.
  const stopping = stopSignal()
  const logger = pino({ level: options.logLevel, base: null })
  const keyPair = await readKeyPair(options.cert, options.key).catch(rethrow('make one with: refgrant certs'))
  const live = new LiveConfig(options.config, options, logger)
  const grants =
    options.grants === undefined
      ? await clusterGrants(options, live.config, logger)
      : folderGrants(options.grants, live.config, logger)
  live.watch(grants.configure)
  const metrics = new Metrics(grants.knowledge, () => live.reloads)
  const app = buildApp({ settings: () => live.settings, source: grants.source, keyPair, logger, metrics })
  const health = buildHealth({ registry: metrics.registry, readiness: readiness(grants, stopping) })

  await listen(health, options.metricsListen, 'serving health and metrics', logger)
  await listen(app, options.listen, 'serving reviews', logger)
  if (!stopping.aborted) await once(stopping, 'abort')
  logger.info({ signal: stopping.reason }, 'stopping')
  live.close()
  grants.stop()
  await Promise.all([app.close(), health.close()])
}

async function clusterGrants({ kubeconfig, context }: ServeOptions, config: Config, logger: Logger): Promise<Grants> {
  const api = apiOf({ kubeconfig, context })
  await refuseUnservable(api, config.guardedFields, logger)
  const kinds = catalogueOf(config).grantKinds
  const grants = new ClusterGrants({ api, kinds, logger, now: () => performance.now(), limits: limitsOf(config) })
  const stop = new AbortController()
  void grants.run(stop.signal)
  return {
    source: grants,
    knowledge: () => ({ grants: grants.index.size, ageSeconds: grants.age / 1_000, freshReads: grants.freshReads }),
    configure: (changed) => grants.limit(limitsOf(changed)),
    stop: () => stop.abort(),
  }
}

function apiOf(choice: ConnectionChoice): Api {
  try {
    return new Api(connectionFrom(choice))
  } catch (error) {
    throw new CommandFailure(`cannot use the kubeconfig: ${(error as Error).message}`, { cause: error })
  }
}

/** Rows that cannot work end the start. A cluster that cannot be asked does not: the webhook can judge without. */
async function refuseUnservable(api: Api, rows: readonly GuardedField[], logger: Logger): Promise<void> {
  if (rows.length === 0) return
  const problems = await unservableRows(api, rows, AbortSignal.timeout(DISCOVERY)).catch((error) => {
    logger.warn({ err: error }, 'cannot compare the guarded fields of the configuration with what the cluster serves')
    return []
  })
  if (problems.length > 0) throw new CommandFailure(problems.join('\n'))
}

function folderGrants(folder: string, config: Config, logger: Logger): Grants {
  const freshReads = { started: 0, shared: 0, failed: 0, over_budget: 0 }
  try {
    const source = new GrantFolder(folder, catalogueOf(config).grantKinds, logger)
    source.watch()
    return {
      source,
      knowledge: () => ({ grants: source.index.size, ageSeconds: 0, freshReads }),
      configure: () => {},
      stop: () => source.close(),
    }
  } catch (error) {
    throw new CommandFailure(`cannot read the folder of grants: ${(error as Error).message}`, { cause: error })
  }
}

/** Once synced, for good: an old index is no reason to send nobody here, since fresh reads take its place. */
function readiness({ knowledge }: Grants, stopping: AbortSignal): () => Check[] {
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

function rethrow(remedy: string): (error: Error) => never {
  return (error) => {
    throw new CommandFailure(`${error.message} (${remedy})`, { cause: error })
  }
}
