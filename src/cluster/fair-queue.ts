/** Something that waits to begin; `begin` resolves when it has ended, and never rejects. */
export interface Job {
  readonly begun: boolean
  begin(): Promise<void>
}

/**
 * Lets so many jobs run at once. Owners take turns, one job each, so that the many jobs of one do not keep the only one
 * of another waiting. A job may have several owners: it begins with the first whose turn it is.
 */
export class FairQueue {
  readonly #most: number
  readonly #slow: number
  /** The owners with jobs that wait, the next one first. */
  readonly #waiting = new Map<string, Job[]>()
  #running = 0

  /**
   * @param most jobs that run at once
   * @param slow time after which a job gives its place to another though it has not ended, in ms
   */
  constructor(most: number, slow: number) {
    this.#most = most
    this.#slow = slow
  }

  add(owner: string, job: Job): void {
    const jobs = this.#waiting.get(owner)
    if (jobs) jobs.push(job)
    else this.#waiting.set(owner, [job])
    this.#advance()
  }

  #advance(): void {
    while (this.#running < this.#most) {
      const job = this.#next()
      if (!job) return
      this.#running += 1
      void this.#run(job)
    }
  }

  async #run(job: Job): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#slow)
    void job.begin().then(resolve)
    await promise
    clearTimeout(timer)
    this.#running -= 1
    this.#advance()
  }

  #next(): Job | undefined {
    for (const [owner, jobs] of this.#waiting) {
      this.#waiting.delete(owner)
      const job = jobs.find(({ begun }) => !begun)
      const rest = jobs.filter((one) => one !== job && !one.begun)
      if (rest.length > 0) this.#waiting.set(owner, rest)
      if (job) return job
    }
    return undefined
  }
}
