/** How often a line may be logged for what anybody can send, in ms. */
const INTERVAL = 1_000

/** Lets one line a second through, and counts the others. */
export class Pace {
  readonly #now: () => number
  #next = -Infinity
  #suppressed = 0

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number) {
    this.#now = now
  }

  /** How many lines were suppressed since the last one; undefined if this one is to be suppressed too. */
  take(): number | undefined {
    if (this.#now() < this.#next) {
      this.#suppressed += 1
      return undefined
    }
    const suppressed = this.#suppressed
    this.#suppressed = 0
    this.#next = this.#now() + INTERVAL
    return suppressed
  }
}
