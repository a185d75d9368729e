/** The most problems to report before a check without one: the words of an error may change each time. */
const MOST = 100

/**
 * Reports each problem once, from the second consecutive check that finds any: two files may be replaced one after the
 * other, and two replicas may write at once.
 */
export class LastingProblem {
  #lasts = false
  readonly #reported = new Set<string>()

  /** Records the problem of a check. Returns whether to report it. */
  found(problem: string): boolean {
    const isDue = this.#lasts && !this.#reported.has(problem) && this.#reported.size < MOST
    if (isDue) this.#reported.add(problem)
    this.#lasts = true
    return isDue
  }

  /** Records a check without a problem. */
  gone(): void {
    this.#lasts = false
    this.#reported.clear()
  }
}
