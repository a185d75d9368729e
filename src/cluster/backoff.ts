/**
 * Waits between failed tries, in ms. The first is client-go's (tools/cache/reflector.go, NewReflectorWithOptions), whose
 * longest is 30 s: that is most of the 40 s after which all that was known counts for nothing, and few servers wait here.
 */
const FIRST = 800
const LONGEST = 5_000

/** A run of this length without a failure, in ms, starts the waits from the beginning. */
const HEALTHY = 120_000

/** How long to wait before the next try: twice as long each time, up to a bound, with full jitter. */
export class Backoff {
  #next = FIRST
  #last = 0
  readonly #now: () => number

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Starts the waits from the beginning. */
  success(): void {
    this.#next = FIRST
  }

  /** The wait after one more failure, in ms. */
  failure(): number {
    if (this.#now() - this.#last > HEALTHY) this.#next = FIRST
    this.#last = this.#now()
    const wait = this.#next
    this.#next = Math.min(wait * 2, LONGEST)
    return wait * Math.random()
  }
}
