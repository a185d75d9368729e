/** Lines that may be logged at once for what anybody can send, and how often one more, in ms. */
const BURST = 100
const INTERVAL = 1_000

/** Lets a hundred lines through, and one a second more; counts the others. */
export class Pace {
  readonly #now: () => number
  #lines = BURST
  #asked: number
  #suppressed = 0

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number) {
    this.#now = now
    this.#asked = now()
  }

  /** How many lines were suppressed since the last one; undefined if this one is to be suppressed too. */
  take(): number | undefined {
    const now = this.#now()
    this.#lines = Math.min(this.#lines + (now - this.#asked) / INTERVAL, BURST)
    this.#asked = now
    if (this.#lines < 1) {
      this.#suppressed += 1
      return undefined
    }
    const suppressed = this.#suppressed
    this.#suppressed = 0
    this.#lines -= 1
    return suppressed
  }
}
