import type { Logger } from 'pino'
import { type Api, ApiError } from '../cluster/api.ts'
import { type Config, catalogueOf } from '../config/load.ts'
import { type Difference, differences } from '../manifests/drift.ts'
import { rbac } from '../manifests/rbac.ts'
import { type WebhookClient, webhookConfiguration } from '../manifests/webhook.ts'
import { trustDifferences } from './drift-trust.ts'

/** How often the live objects are compared, in ms: an admin who edits them looks after a minute, and it is two reads. */
const COMPARE = 60_000

/** How long a comparison may take, in ms. */
const LONGEST = 10_000

/** What is kept in place of what was logged, while comparisons fail. */
const UNKNOWN = 'unknown'

/** What repairs differences. Where the server was started with a configuration, another one would make others. */
const REMEDY =
  'refgrant manifests --ca FILE | kubectl apply -f -, with the --config of this server, and with --url where the registration has a URL'

/** Where the objects that a configuration shapes are read, by their kind. */
const PATHS: Record<string, string> = {
  ValidatingWebhookConfiguration: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
}

interface Shaped {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly webhooks?: readonly { readonly name: string }[]
}

/** One live object, compared with what the configuration makes of it. */
export interface Comparison {
  readonly object: string
  /** The part of the manifests that it is of. */
  readonly part: 'rbac' | 'webhook'
  /** Empty if it is as it should be; one difference without a field if it is not there. */
  readonly differences: readonly Difference[]
  /** Differences that somebody is known to make, and may. */
  readonly tolerated: readonly Difference[]
}

/** What live objects are compared with. */
export interface Wanted {
  readonly config: Config
  /** How the webhook is reached, as far as that is known. */
  readonly client: WebhookClient
  /** PEM of the certificate that is served, with its chain; undefined where nothing is served. */
  readonly served?: string
}

/** The registration that a configuration makes. */
export function registrationOf(config: Config, client: WebhookClient) {
  const { mode, modeLabel, failurePolicy } = config
  return webhookConfiguration({ catalogue: catalogueOf(config), mode, modeLabel, failurePolicy }, client)
}

/**
 * Compares the live registration and rights with those that a configuration makes, and the authorities in the
 * registration with the certificate that is served, or with those that are wanted.
 *
 * @throws ApiError, or Error if they cannot be read
 */
export async function compare(
  api: Api,
  { config, client, served }: Wanted,
  signal: AbortSignal,
): Promise<Comparison[]> {
  const registration = registrationOf(config, client) as Shaped
  const rights = (rbac(catalogueOf(config).grantKinds) as Shaped[]).filter(({ kind }) => PATHS[kind])
  const compareOne = async (
    part: Comparison['part'],
    wanted: Shaped,
    further: (live: unknown) => Difference[] = () => [],
  ): Promise<Comparison> => {
    const live = await readLive(api, wanted, signal)
    const all = live === undefined ? [{ field: '' }] : [...differences(wanted, live), ...further(live)]
    const [counted, tolerated] = [all.filter((one) => !one.tolerated), all.filter((one) => one.tolerated)]
    return { object: `${wanted.kind} ${wanted.metadata.name}`, part, differences: counted, tolerated }
  }
  const names = new Set((registration.webhooks ?? []).map(({ name }) => name))
  return Promise.all([
    compareOne('webhook', registration, (live) => trustDifferences(live, names, { served, wanted: client.caBundle })),
    ...rights.map((one) => compareOne('rbac', one)),
  ])
}

async function readLive(api: Api, { kind, metadata }: Shaped, signal: AbortSignal): Promise<unknown> {
  try {
    return await api.get(`${PATHS[kind]}/${metadata.name}`, signal)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

/** The differences of a comparison in words, a line each. */
export function driftLines({ object, differences }: Comparison): string[] {
  return differences.map(({ field, wanted, found, problem }) => {
    if (field === '') return `${object} is not there`
    if (problem !== undefined) return `${object}: ${field} ${problem}`
    if (wanted === undefined) return `${object}: ${field} is there, and the configuration has no such thing`
    return `${object}: ${field} is ${JSON.stringify(found) ?? 'missing'}, the configuration says ${JSON.stringify(wanted)}`
  })
}

/** What a comparison tolerates, in words, a line each. */
export function toleratedLines({ object, tolerated }: Comparison): string[] {
  return tolerated.map(({ field, tolerated: by }) => `${object}: ${field} has terms that ${by} adds; that is no drift`)
}

/** Compares again and again while the server runs, and logs what changes. */
export class DriftWatch {
  readonly #api: Api
  readonly #wanted: () => Wanted
  readonly #logger: Logger
  readonly #stop = new AbortController()
  #lines: readonly string[] | undefined
  #comparedAt: number | undefined
  #logged: string | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(api: Api, wanted: () => Wanted, logger: Logger) {
    this.#api = api
    this.#wanted = wanted
    this.#logger = logger
  }

  /** What differs, in words; undefined if that is not known. */
  get lines(): readonly string[] | undefined {
    return this.#lines
  }

  /** Time since the last comparison, in ms; undefined before the first one. */
  get age(): number | undefined {
    return this.#comparedAt === undefined ? undefined : performance.now() - this.#comparedAt
  }

  run(): void {
    void this.compare()
    this.#timer = setInterval(() => void this.compare(), COMPARE).unref()
  }

  /** Ends a comparison that is under way too. */
  stop(): void {
    clearInterval(this.#timer)
    this.#stop.abort()
  }

  /** Compares now. */
  async compare(): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LONGEST)])
    try {
      const comparisons = await compare(this.#api, this.#wanted(), signal)
      this.#lines = comparisons.flatMap(driftLines)
      this.#comparedAt = performance.now()
      this.#log(this.#lines, comparisons.flatMap(toleratedLines))
    } catch (error) {
      if (this.#stop.signal.aborted) return
      this.#lines = undefined
      if (this.#logged !== UNKNOWN)
        this.#logger.warn({ err: error }, 'cannot compare the registration with the configuration')
      this.#logged = UNKNOWN
    }
  }

  #log(lines: readonly string[], tolerated: readonly string[]): void {
    const logged = JSON.stringify([lines, tolerated])
    if (logged === this.#logged) return
    this.#logged = logged
    const drifted = lines.length > 0 && { remedy: REMEDY }
    const details = { differences: lines, ...drifted, ...(tolerated.length > 0 && { tolerated }) }
    this.#logger[drifted ? 'warn' : 'info'](details, 'compared the registration with the configuration')
  }
}
