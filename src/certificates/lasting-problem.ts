/**
 * Reports a problem once, when two consecutive checks find it: two files may be replaced one after the other, and two
 * replicas may write at once.
 */
export class LastingProblem {
  #last: string | undefined
  #isReported = false

  /** Records the problem of a check. Returns whether to report it. */
  found(problem: string): boolean {
    const isNew = problem !== this.#last
    this.#last = problem
    if (isNew) this.#isReported = false
    if (isNew || this.#isReported) return false
    this.#isReported = true
    return true
  }

  /** Records a check without a problem. */
  gone(): void {
    this.#last = undefined
    this.#isReported = false
  }
}
