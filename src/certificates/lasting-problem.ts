/**
 * Tells which problem lasts. A problem counts at the second look in a row that finds it: two files may be replaced one
 * after the other, and two replicas may write at once.
 */
export class LastingProblem {
  #last: string | undefined
  #isTold = false

  /** Takes what a look found. Returns whether that is to be told: each problem that lasts is told once. */
  found(problem: string): boolean {
    const isNew = problem !== this.#last
    this.#last = problem
    if (isNew) this.#isTold = false
    if (isNew || this.#isTold) return false
    this.#isTold = true
    return true
  }

  /** Takes that a look found no problem. */
  gone(): void {
    this.#last = undefined
    this.#isTold = false
  }
}
