/** The most lines at once about events that any client can cause, and the time for each further one, in ms. */
const BURST = 100
const INTERVAL = 1_000

/** Limits a kind of log line to a hundred at once and one a second, and counts the suppressed ones. */
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

  /** Returns how many lines were suppressed since the last one; undefined if this line must be suppressed too. */
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
