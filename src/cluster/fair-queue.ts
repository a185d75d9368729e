/** A job of the queue. `begin` resolves when the job has ended, and never rejects. */
export interface Job {
  readonly begun: boolean
  begin(): Promise<void>
}

/** How many owners' last turns are remembered. Forgotten ones are the oldest. */
const REMEMBERED = 4_096

/**
 * Limits how many jobs run at once. The next job is that of the owner whose last turn is the longest ago, so owners
 * with many jobs do not delay an owner with few. A job may have several owners: it begins with the first of them that
 * has its turn.
 */
export class FairQueue {
  readonly #most: number
  readonly #slow: number
  /** Waiting jobs by owner. */
  readonly #waiting = new Map<string, Job[]>()
  /** The number of each owner's last turn, the oldest first. */
  readonly #turns = new Map<string, number>()
  #turn = 0
  #running = 0
  #slowly = 0

  /**
   * @param most how many jobs run at once; as many slow jobs may run beside them
   * @param slow time after which a running job is slow and gives its place to another, in ms
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
      // The limit of slow jobs is reached: this job keeps its place.
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

  /** Returns the owner whose turn is next. */
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
