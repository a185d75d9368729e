/**
 * First and longest wait between retries, in ms. The first wait is that of client-go (tools/cache/reflector.go,
 * NewReflectorWithOptions). Its longest wait, 30 s, is too long here: cached grants are stale after 40 s.
 */
const FIRST = 800
const LONGEST = 5_000

/** Time without a failure after which the waits start again from the first, in ms. */
const HEALTHY = 120_000

/** Exponential backoff with full jitter: the wait doubles with each failure, up to a maximum. */
export class Backoff {
  #next = FIRST
  #last = 0
  readonly #now: () => number

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Resets the wait to the first. */
  success(): void {
    this.#next = FIRST
  }

  /** Records a failure and returns the wait before the next try, in ms. */
  failure(): number {
    if (this.#now() - this.#last > HEALTHY) this.#next = FIRST
    this.#last = this.#now()
    const wait = this.#next
    this.#next = Math.min(wait * 2, LONGEST)
    return wait * Math.random()
  }
}
