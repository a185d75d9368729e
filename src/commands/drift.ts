import type { Logger } from 'pino'
import { type Api, ApiError } from '../cluster/api.ts'
import { type Config, catalogueOf } from '../config/load.ts'
import { type Difference, differences } from '../manifests/drift.ts'
import { rbac } from '../manifests/rbac.ts'
import { type WebhookClient, webhookConfiguration } from '../manifests/webhook.ts'

/** How often the live objects are compared, in ms: an admin who edits them looks after a minute, and it is two reads. */
const COMPARE = 60_000

/** How long a comparison may take, in ms. */
const LONGEST = 10_000

/** Where the objects that a configuration shapes are read, by their kind. */
const PATHS: Record<string, string> = {
  ValidatingWebhookConfiguration: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
}

interface Shaped {
  readonly kind: string
  readonly metadata: { readonly name: string }
}

/** One live object, compared with what the configuration makes of it. */
export interface Comparison {
  readonly object: string
  /** Empty if it is as it should be; one difference without a field if it is not there. */
  readonly differences: readonly Difference[]
}

/** The registration that a configuration makes. */
export function registrationOf(config: Config, client: WebhookClient) {
  const { guardedFields: own, mode, modeLabel, failurePolicy } = config
  return webhookConfiguration({ catalogue: catalogueOf(config), own, mode, modeLabel, failurePolicy }, client)
}

/**
 * Compares the live registration and rights with those that a configuration makes.
 *
 * @throws ApiError, or Error if they cannot be read
 */
export async function compare(api: Api, config: Config, signal: AbortSignal): Promise<Comparison[]> {
  const shaped = [registrationOf(config, {}), ...rbac(catalogueOf(config).grantKinds)] as Shaped[]
  return Promise.all(
    shaped
      .filter(({ kind }) => PATHS[kind])
      .map(async (wanted) => {
        const live = await readLive(api, wanted, signal)
        const object = `${wanted.kind} ${wanted.metadata.name}`
        return { object, differences: live === undefined ? [{ field: '' }] : differences(wanted, live) }
      }),
  )
}

async function readLive(api: Api, { kind, metadata }: Shaped, signal: AbortSignal): Promise<unknown> {
  try {
    return await api.get(`${PATHS[kind]}/${metadata.name}`, signal)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

/** A comparison in words, a line for each difference. */
export function driftLines({ object, differences }: Comparison): string[] {
  return differences.map(({ field, wanted, found }) => {
    if (field === '') return `${object} is not there`
    if (wanted === undefined) return `${object}: ${field} is there, and the configuration has no such thing`
    return `${object}: ${field} is ${JSON.stringify(found) ?? 'missing'}, the configuration says ${JSON.stringify(wanted)}`
  })
}

/** Compares again and again while the server runs, and logs what changes. */
export class DriftWatch {
  readonly #api: Api
  readonly #config: () => Config
  readonly #logger: Logger
  #lines: readonly string[] | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #stop = new AbortController()

  constructor(api: Api, config: () => Config, logger: Logger) {
    this.#api = api
    this.#config = config
    this.#logger = logger
  }

  /** What differs, in words; undefined if that is not known. */
  get lines(): readonly string[] | undefined {
    return this.#lines
  }

  run(): void {
    void this.compare()
    this.#timer = setInterval(() => void this.compare(), COMPARE).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#stop.abort()
  }

  /** Compares now. */
  async compare(): Promise<void> {
    const before = JSON.stringify(this.#lines)
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LONGEST)])
    try {
      this.#lines = (await compare(this.#api, this.#config(), signal)).flatMap(driftLines)
      if (JSON.stringify(this.#lines) === before) return
      const level = this.#lines.length > 0 ? 'warn' : 'info'
      const remedy = this.#lines.length > 0 ? 'refgrant manifests | kubectl apply -f -' : undefined
      this.#logger[level]({ differences: this.#lines, remedy }, 'compared the registration with the configuration')
    } catch (error) {
      if (this.#stop.signal.aborted) return
      if (this.#lines !== undefined || before === undefined)
        this.#logger.warn({ err: error }, 'cannot compare the registration with the configuration')
      this.#lines = undefined
    }
  }
}
