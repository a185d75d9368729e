/** What came of a review. `unjudged` is every answer that is no verdict: 503, an error, none at all. */
export type Verdict = 'permitted' | 'denied' | 'unjudged'

interface Life {
  /** Begin and end of the request that made the grant; no end if it failed, since it may have been carried out. */
  readonly creating: number
  created?: number
  /** Begin of the first request to delete it, and end of the one that was answered. */
  deleting?: number
  deleted?: number
}

interface Review {
  readonly reference: string
  readonly begun: number
  readonly ended: number
  readonly verdict: Verdict
  readonly said: string
}

/** A verdict that was wrong, in words. */
type Wrong = string

export interface Tally extends Record<Verdict, number> {
  readonly wrong: readonly Wrong[]
  /** Longest time between the end of a reference's last grant and the begin of a review that permitted it all the same, in ms. */
  readonly stalest: number
}

/**
 * What a test has written and asked, each with its begin and end; tells which verdicts were wrong. A write on its way
 * counts in favour of the verdict.
 *
 * - A permit is wrong iff no matching grant existed at any moment from `bound` before the review's begin to its end.
 * - A denial is wrong iff one existed throughout the review.
 */
export class History {
  readonly #bound: number
  readonly #now: () => number
  readonly #lives = new Map<string, Life[]>()
  #reviews: Review[] = []
  /** Reviews that have ended so far, by what came of them. */
  readonly ended: Record<Verdict, number> = { permitted: 0, denied: 0, unjudged: 0 }

  /**
   * @param bound the age that knowledge may have, in ms
   * @param now a monotonic clock, in ms
   */
  constructor(bound: number, now: () => number = () => performance.now()) {
    this.#bound = bound
    this.#now = now
  }

  /** Makes a grant for a reference; gives what ends it. */
  async create(reference: string, write: () => Promise<unknown>): Promise<Ending> {
    const life: Life = { creating: this.#now() }
    this.#lives.set(reference, [...(this.#lives.get(reference) ?? []), life])
    const ending: Ending = async (request) => {
      life.deleting ??= this.#now()
      await request()
      life.deleted = this.#now()
    }
    try {
      await write()
      life.created = this.#now()
    } catch {
      // Whether it was carried out is not known: the grant exists perhaps, until it is deleted.
    }
    return ending
  }

  /** Asks for a verdict on a reference. */
  async review(reference: string, ask: () => Promise<{ verdict: Verdict; said?: string }>): Promise<Verdict> {
    const begun = this.#now()
    const { verdict, said = '' } = await ask().catch((error) => ({ verdict: 'unjudged' as const, said: String(error) }))
    this.#reviews.push({ reference, begun, ended: this.#now(), verdict, said })
    this.ended[verdict] += 1
    return verdict
  }

  /**
   * Counts the reviews that have ended since the last tally, and forgets them. Whatever is on its way does no harm: what
   * comes of it lies after the end of each of these.
   */
  tally(): Tally {
    const reviews = this.#reviews
    this.#reviews = []
    const count = (verdict: Verdict) => reviews.filter((review) => review.verdict === verdict).length
    const tally = {
      permitted: count('permitted'),
      denied: count('denied'),
      unjudged: count('unjudged'),
      wrong: reviews.filter((review) => this.#isWrong(review)).map((review) => this.#describe(review)),
      stalest: Math.max(0, ...reviews.map((review) => this.#staleness(review))),
    }
    this.#forget()
    return tally
  }

  /** Lives on record. */
  get lives(): number {
    return [...this.#lives.values()].reduce((sum, { length }) => sum + length, 0)
  }

  /**
   * Drops the lives that are over, but for the last of each reference. A review that is counted later ends later: for a
   * denial to be wrong the grant must live now, and how stale a permit is depends on the grant that ended last.
   */
  #forget(): void {
    for (const [reference, lives] of this.#lives) {
      const last = Math.max(...lives.map(({ deleted = -Infinity }) => deleted))
      const matters = ({ deleted = Infinity }: Life) => deleted >= last
      this.#lives.set(reference, lives.filter(matters))
    }
  }

  #isWrong(review: Review): boolean {
    const lives = this.#livesOf(review)
    if (review.verdict === 'permitted') return this.#staleness(review) > this.#bound
    const throughout = ({ created = Infinity, deleting = Infinity }: Life) =>
      created <= review.begun && deleting >= review.ended
    return review.verdict === 'denied' && lives.some(throughout)
  }

  /** How long before the review the last grant may have ended, in ms; 0 for any other verdict than a permit. */
  #staleness(review: Review): number {
    if (review.verdict !== 'permitted') return 0
    const possible = this.#livesOf(review).filter(({ creating }) => creating <= review.ended)
    return Math.max(0, review.begun - Math.max(-Infinity, ...possible.map(({ deleted = Infinity }) => deleted)))
  }

  #livesOf({ reference }: Review): readonly Life[] {
    return this.#lives.get(reference) ?? []
  }

  #describe(review: Review): Wrong {
    return JSON.stringify({ ...review, grants: this.#livesOf(review) })
  }
}

/** Deletes the grant: takes the request, which throws if it is not known to be carried out, and may be repeated then. */
export type Ending = (request: () => Promise<unknown>) => Promise<void>
