import type { Logger } from 'pino'
import type { Api } from '../cluster/api.ts'
import type { Check } from '../server/health.ts'
import { compare, driftLines, toleratedLines, type Wanted } from './comparison.ts'
import { Periodic } from './periodic.ts'
import type { Task } from './task.ts'

/** How often to compare the live objects, in ms: soon after an edit, and a comparison takes only two reads. */
const COMPARE = 60_000

/** Timeout for a comparison, in ms. */
const LONGEST = 10_000

/** The value of `#logged` while comparisons fail. */
const UNKNOWN = 'unknown'

/** The command that repairs differences. It needs the configuration of the server. */
const REMEDY =
  'refgrant manifests --ca FILE | kubectl apply -f -, with the --config of this server, and with --url where the registration has a URL'

/** Periodically compares the live registration and rights with the configuration, and logs changes. */
export class DriftWatch implements Task {
  readonly name = 'comparison of the registration'
  readonly #api: Api
  readonly #wanted: () => Wanted
  readonly #logger: Logger
  readonly #comparisons = new Periodic(COMPARE, (signal) => this.compare(signal))
  #lines: readonly string[] | undefined
  #comparedAt: number | undefined
  #logged: string | undefined

  constructor(api: Api, wanted: () => Wanted, logger: Logger) {
    this.#api = api
    this.#wanted = wanted
    this.#logger = logger
  }

  /** The differences, a message each; undefined if they are not known. */
  get lines(): readonly string[] | undefined {
    return this.#lines
  }

  /** The time since the last comparison, in ms; undefined before the first one. */
  get age(): number | undefined {
    return this.#comparedAt === undefined ? undefined : performance.now() - this.#comparedAt
  }

  /** The result does not affect readiness, since only an administrator can repair a difference. */
  readonly remarks = () => [registration(this.#lines, this.age)]

  run(signal: AbortSignal): Promise<void> {
    this.soon()
    return this.#comparisons.run(signal)
  }

  /** Compares now, or after a comparison that is in progress. */
  readonly soon = () => this.#comparisons.soon()

  /** Compares now. */
  async compare(stop: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(LONGEST)])
    try {
      const comparisons = await compare(this.#api, this.#wanted(), signal)
      this.#lines = comparisons.flatMap(driftLines)
      this.#comparedAt = performance.now()
      this.#log(this.#lines, comparisons.flatMap(toleratedLines))
    } catch (error) {
      if (stop.aborted) return
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

/**
 * Returns the check of the registration.
 *
 * @param lines the differences, a message each; undefined if they are not known
 * @param age time since the last comparison, in ms; undefined before the first one
 */
export function registration(lines: readonly string[] | undefined, age: number | undefined): Check {
  const last = lines === undefined ? 'last ' : ''
  const when = age === undefined ? [] : [`${last}compared ${(age / 1_000).toFixed(1)} s ago`]
  return { name: 'registration', ok: lines?.length === 0, detail: [...(lines ?? ['not known']), ...when].join('; ') }
}
