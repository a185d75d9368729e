/** How often the same problem is reported, in ms: a retry comes each few seconds, and an outage may last for hours. */
const AGAIN = 60_000

/** The most reports in that time: the words of a problem may change each time. */
const MOST = 10

/** Decides which problems of repeated work are reported: each at most once a minute. */
export class ProblemReports {
  readonly #now: () => number
  readonly #tolerated: number
  #inARow = 0
  /** When each problem of the last minute was reported. */
  readonly #reported = new Map<string, number>()

  /**
   * @param now a monotonic clock, in ms
   * @param tolerated how many runs in a row may fail without a report
   */
  constructor(now: () => number, tolerated = 0) {
    this.#now = now
    this.#tolerated = tolerated
  }

  /** Records the problem of a run. Returns whether to report it. */
  found(problem: string): boolean {
    this.#inARow += 1
    if (this.#inARow <= this.#tolerated) return false
    const now = this.#now()
    for (const [known, at] of this.#reported) if (now - at >= AGAIN) this.#reported.delete(known)
    if (this.#reported.has(problem) || this.#reported.size >= MOST) return false
    this.#reported.set(problem, now)
    return true
  }

  /** Records a run without a problem. */
  gone(): void {
    this.#inARow = 0
  }
}
