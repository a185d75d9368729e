import type { Logger } from 'pino'
import { reasonOf } from '../system/reason.ts'

/** How often a failure that repeats is logged, in ms: a retry comes each few seconds, and an outage may last for hours. */
const AGAIN = 60_000

/** Logs the failures of repeated tries: one line with the reason, and the same reason only once a minute. */
export class FailureLog {
  readonly #logger: Logger
  readonly #now: () => number
  #reason: string | undefined
  #loggedAt = -Infinity

  /** @param now a monotonic clock, in ms */
  constructor(logger: Logger, now: () => number) {
    this.#logger = logger
    this.#now = now
  }

  /** Logs a failure, unless the last one had the same reason less than a minute ago. */
  failed(error: unknown, details: object, message: string): void {
    const reason = reasonOf(error)
    const at = this.#now()
    if (reason === this.#reason && at - this.#loggedAt < AGAIN) return
    this.#reason = reason
    this.#loggedAt = at
    this.#logger.warn({ reason, ...details }, message)
  }

  /** Ends a row of failures: the next one is logged. */
  succeeded(): void {
    this.#reason = undefined
  }
}
