import type { Logger } from 'pino'
import type { Api } from '../cluster/api.ts'
import type { Check } from '../server/health.ts'
import { reasonOf } from '../system/reason.ts'
import { driftLines, toleratedLines } from '../wording/drift.ts'
import { compare, type Wanted } from './comparison.ts'
import { Periodic } from './periodic.ts'
import type { Task } from './task.ts'

/** How often to compare the live objects, in ms: soon after an edit, and a comparison takes only two reads, or three with self-managed certificates. */
const COMPARE = 60_000

/** The same while there are differences, in ms: an installation registers the webhook moments after the server starts. */
const COMPARE_SOON = 5_000

/** Timeout for a comparison, in ms. */
const LONGEST = 10_000

/** The value of `#logged` while comparisons fail. */
const UNKNOWN = 'unknown'

/**
 * The commands that repair differences. Helm refuses to change a field that kubectl has applied. The second command needs the
 * configuration of the server.
 */
const REMEDY =
  'With the chart, run helm upgrade --reuse-values --force-conflicts. Otherwise, run refgrant manifests --config FILE | kubectl apply -f -. Add --ca FILE for certificates from files, and --url URL for a registration with a URL.'

/** The same for a registration in a file. */
const REMEDY_OF_RIGHTS = 'Run refgrant manifests rbac --certificates files --config FILE | kubectl apply -f -.'

interface DriftOptions {
  readonly api: Api
  /** Called for each comparison, since the configuration changes while the server runs. */
  readonly wanted: () => Wanted
  readonly logger: Logger
  /** Called after each comparison with the number of differences; undefined if it is not known. */
  readonly observe: (fields: number | undefined) => void
}

/** Periodically compares the live registration and rights with the configuration, and reports changes. */
export class DriftWatch implements Task {
  readonly name = 'comparison of the registration'
  readonly #options: DriftOptions
  readonly #comparisons = new Periodic(
    () => (this.#lines?.length ? COMPARE_SOON : COMPARE),
    (signal) => this.compare(signal),
  )
  #lines: readonly string[] | undefined
  #comparedAt: number | undefined
  #logged: string | undefined

  constructor(options: DriftOptions) {
    this.#options = options
  }

  /** The result does not affect readiness, since only an administrator can repair a difference. */
  readonly remarks = () => {
    const age = this.#comparedAt === undefined ? undefined : performance.now() - this.#comparedAt
    return [registration(this.#lines, age)]
  }

  run(signal: AbortSignal): Promise<void> {
    this.soon()
    return this.#comparisons.run(signal)
  }

  /** Compares now, or after a comparison that is in progress. */
  readonly soon = () => this.#comparisons.soon()

  /** Compares now. */
  async compare(stop: AbortSignal): Promise<void> {
    const { api, wanted, observe } = this.#options
    const signal = AbortSignal.any([stop, AbortSignal.timeout(LONGEST)])
    try {
      const comparisons = await compare(api, wanted(), signal)
      this.#lines = comparisons.flatMap(driftLines)
      this.#comparedAt = performance.now()
      observe(this.#lines.length)
      this.#log(this.#lines, comparisons.flatMap(toleratedLines))
    } catch (error) {
      if (stop.aborted) return
      this.#lines = undefined
      observe(undefined)
      if (this.#logged !== UNKNOWN)
        this.#options.logger.warn({ reason: reasonOf(error) }, 'cannot compare the registration with the configuration')
      this.#logged = UNKNOWN
    }
  }

  #log(lines: readonly string[], tolerated: readonly string[]): void {
    const logged = JSON.stringify([lines, tolerated])
    if (logged === this.#logged) return
    this.#logged = logged
    const { logger, wanted } = this.#options
    const drifted = lines.length > 0 && { remedy: wanted().client.isStatic ? REMEDY_OF_RIGHTS : REMEDY }
    const details = { differences: lines, ...drifted, ...(tolerated.length > 0 && { tolerated }) }
    if (drifted) logger.warn(details, 'the live registration or rights differ from the configuration')
    else logger.info(details, 'no drift')
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
  const unknown = [age === undefined ? 'not compared' : 'cannot compare']
  return { name: 'registration', ok: lines?.length === 0, detail: [...(lines ?? unknown), ...when].join('; ') }
}
