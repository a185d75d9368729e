/** Something that waits to begin; `begin` resolves when it has ended, and never rejects. */
export interface Job {
  readonly begun: boolean
  begin(): Promise<void>
}

/** Owners whose last turn is remembered. The others have not had one for long. */
const REMEMBERED = 4_096

/**
 * Lets so many jobs run at once. Of the owners with jobs that wait, the one goes next that had no turn for longest, so
 * that neither the many jobs of one nor the jobs of many keep somebody waiting who asks seldom. A job may have several
 * owners: it begins with the first whose turn it is.
 */
export class FairQueue {
  readonly #most: number
  readonly #slow: number
  /** The owners with jobs that wait. */
  readonly #waiting = new Map<string, Job[]>()
  /** When owners had their last turn, counted in turns; the first one had none for longest. */
  readonly #turns = new Map<string, number>()
  #turn = 0
  #running = 0
  #slowly = 0

  /**
   * @param most jobs that run at once; and as many that are slow
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
    let isSlow = false
    const timer = setTimeout(() => {
      // Where so many are slow already, nothing is gained by one more.
      if (this.#slowly === this.#most) return
      isSlow = true
      this.#slowly += 1
      this.#running -= 1
      this.#advance()
    }, this.#slow)
    await job.begin()
    clearTimeout(timer)
    if (isSlow) this.#slowly -= 1
    else this.#running -= 1
    this.#advance()
  }

  #next(): Job | undefined {
    for (;;) {
      const owner = this.#owner()
      if (owner === undefined) return undefined
      const jobs = this.#waiting.get(owner) ?? []
      const job = jobs.find(({ begun }) => !begun)
      const rest = jobs.filter((one) => one !== job && !one.begun)
      if (rest.length > 0) this.#waiting.set(owner, rest)
      else this.#waiting.delete(owner)
      if (!job) continue
      this.#remember(owner)
      return job
    }
  }

  /** Who goes next. */
  #owner(): string | undefined {
    let next: string | undefined
    for (const owner of this.#waiting.keys())
      if (next === undefined || this.#lastTurn(owner) < this.#lastTurn(next)) next = owner
    return next
  }

  #lastTurn(owner: string): number {
    return this.#turns.get(owner) ?? 0
  }

  #remember(owner: string): void {
    this.#turn += 1
    this.#turns.delete(owner)
    this.#turns.set(owner, this.#turn)
    const [oldest] = this.#turns.keys()
    if (this.#turns.size > REMEMBERED && oldest !== undefined) this.#turns.delete(oldest)
  }
}
