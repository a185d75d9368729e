/** A job of the queue. */
export interface Job {
  /** Begins the job. Resolves when it has ended, and never rejects. */
  begin(): Promise<void>
  /** Ends the job early: it goes on without a place, and too many jobs do. */
  giveUp(): void
}

/** How many owners' last turns are remembered. Forgotten ones are the oldest. */
const REMEMBERED = 4_096

/** How many jobs go on without a place, for each place. With more, the oldest has taken at least four times as long as a slow one. */
const BESIDE = 3

/**
 * Limits how many jobs run at once. The next job is that of the owner whose last turn is the longest ago, so owners
 * with many jobs do not delay an owner with few. Of the owners that have had no turn since jobs began to wait, the one
 * that came last goes first: a burst of new owners does not delay it, and most of its time is left. A job may have several
 * owners: it begins with the first of them that has its turn. No job waits for a slow one: that gives up its place.
 */
export class FairQueue {
  readonly #places: number
  readonly #slow: number
  /** Waiting jobs by owner; the owner that came last is the last. */
  readonly #waiting = new Map<string, Set<Job>>()
  /** The owners of each waiting job. */
  readonly #owners = new Map<Job, string[]>()
  /** The number of each owner's last turn since jobs began to wait, the oldest first. */
  readonly #turns = new Map<string, number>()
  #turn = 0
  #placed = 0
  /** The jobs that go on without a place, the oldest first. */
  readonly #beside = new Set<Job>()

  /**
   * @param places how many jobs run at once
   * @param slow time after which a running job gives its place to another, in ms
   */
  constructor(places: number, slow: number) {
    this.#places = places
    this.#slow = slow
  }

  /** Adds a job, or further owners of a waiting one. */
  add(owners: Iterable<string>, job: Job): void {
    const all = this.#owners.get(job) ?? []
    this.#owners.set(job, all)
    for (const owner of owners) {
      const jobs = this.#waiting.get(owner) ?? new Set()
      this.#waiting.set(owner, jobs.add(job))
      all.push(owner)
    }
    this.#advance()
  }

  /** Removes a waiting job. */
  remove(job: Job): void {
    for (const owner of this.#owners.get(job) ?? []) {
      const jobs = this.#waiting.get(owner)
      jobs?.delete(job)
      if (jobs?.size === 0) this.#waiting.delete(owner)
    }
    this.#owners.delete(job)
  }

  #advance(): void {
    while (this.#placed < this.#places) {
      const job = this.#next()
      if (!job) return
      this.#placed += 1
      void this.#run(job)
    }
  }

  async #run(job: Job): Promise<void> {
    let isPlaced = true
    const leave = () => {
      isPlaced = false
      this.#placed -= 1
      this.#goOn(job)
      this.#advance()
    }
    const timer = setTimeout(leave, this.#slow)
    await job.begin()
    clearTimeout(timer)
    if (isPlaced) this.#placed -= 1
    this.#beside.delete(job)
    this.#advance()
  }

  /** Lets a job go on without a place. If too many do, the oldest of them ends. */
  #goOn(job: Job): void {
    this.#beside.add(job)
    const [oldest] = this.#beside
    if (this.#beside.size <= this.#places * BESIDE || !oldest) return
    this.#beside.delete(oldest)
    oldest.giveUp()
  }

  #next(): Job | undefined {
    const owner = this.#owner()
    const [job] = (owner !== undefined && this.#waiting.get(owner)) || []
    if (owner === undefined || !job) {
      this.#turns.clear()
      return undefined
    }
    this.remove(job)
    this.#remember(owner)
    return job
  }

  /** Returns the owner whose turn is next. */
  #owner(): string | undefined {
    let next: string | undefined
    for (const owner of this.#waiting.keys())
      if (next === undefined || this.#lastTurn(owner) <= this.#lastTurn(next)) next = owner
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
