import type { Capacity, HeldFor, Lacking } from './capacity.ts'
import { halfOf } from './deadline.ts'
import type { ShedReason } from './observer.ts'

/**
 * The time and the memory of one request: its deadline, and what it holds until then. Its times count from the first try
 * of the request.
 */
export class Allowance {
  readonly #capacity: Capacity
  readonly #now: () => number
  readonly #granted: number
  readonly #arrived: number
  readonly #held: Record<HeldFor, number> = { bodies: 0, values: 0, answers: 0 }
  /** When the first try of this request arrived. */
  #begun: number
  #reviewing = false
  #readingOversized = false
  #gone = false
  #evicted = false
  #drop: ((evicted: ShedReason | undefined) => void) | undefined
  #lookUps: AbortController | undefined
  #lookUpTimer: NodeJS.Timeout | undefined

  /**
   * @param now a monotonic clock, in ms
   * @param granted the time for an answer, in ms, from the first try of the request
   */
  constructor(capacity: Capacity, now: () => number, granted: number) {
    this.#capacity = capacity
    this.#now = now
    this.#granted = granted
    this.#arrived = now()
    this.#begun = this.#arrived
  }

  /** When the first try of the request arrived, on the clock of the capacity. */
  get begun(): number {
    return this.#begun
  }

  /** The time until the API server's timeout, in ms; negative after it. */
  get left(): number {
    return this.#begun + this.#granted - this.#now()
  }

  /** Whether the client has closed the connection. */
  get gone(): boolean {
    return this.#gone
  }

  /** Whether the request was evicted, so that a smaller one could use its memory. */
  get evicted(): boolean {
    return this.#evicted
  }

  /** Returns the bytes that the request holds for its body, or for its body and the parsed values. */
  holds(lacking: Lacking): number {
    return this.#held.bodies + (lacking === 'all' ? this.#held.values : 0)
  }

  /**
   * Begins to receive a body.
   *
   * @param drop called to discard the received bytes, once: with a reason if the request is evicted
   */
  startArrival(drop: (evicted: ShedReason | undefined) => void): void {
    this.#drop = drop
    this.#capacity.evictable.add(this)
  }

  /** Records that the body has arrived. The request cannot be evicted until its look-ups begin. */
  endArrival(): void {
    this.#capacity.evictable.delete(this)
  }

  /** Evicts the request: ends its look-ups, and releases its memory. */
  evict(): void {
    this.#evicted = true
    this.#lookUps?.abort()
    this.#discard('memory')
    this.#turnAway('memory')
  }

  /** Records the first try of the same uid. If its timeout has passed, this is a different request. */
  continue(begun: number): void {
    if (begun + this.#granted > this.#arrived) this.#begun = begun
  }

  /** Drops the request because the client has closed the connection. */
  turnAwayGone(): ShedReason {
    return this.#turnAway('gone')
  }

  /** Reserves memory. If it returns a reason, the request is dropped and holds nothing. */
  reserve(what: HeldFor, bytes: number): ShedReason | undefined {
    if (this.#gone) return this.#turnAway('gone')
    for (;;) {
      const lacking = this.#capacity.reserve(what, bytes)
      if (!lacking) break
      if (!this.#capacity.evictLarger(lacking, this.holds(lacking) + bytes)) return this.#turnAway('memory')
    }
    this.#held[what] += bytes
    return undefined
  }

  /** Releases the memory of one purpose. */
  release(what: HeldFor): void {
    this.#capacity.held[what] -= this.#held[what]
    this.#held[what] = 0
  }

  /** Begins to read a body that is too large to keep. */
  startOversized(): ShedReason | undefined {
    if (!this.#capacity.startOversized()) return this.#turnAway('reviews')
    this.#readingOversized = true
    return undefined
  }

  /** The latest time at which a turn may begin: half of the time that was left when the request arrived. */
  get turnUntil(): number {
    return this.#arrived + halfOf(this.#begun + this.#granted - this.#arrived)
  }

  /** Begins the turn; a reason if the turn came too late. */
  startTurn(): ShedReason | undefined {
    if (this.#gone) return this.#turnAway('gone')
    return this.#now() > this.turnUntil ? this.#turnAway('late') : undefined
  }

  /** Begins the judgement. The request keeps its memory until `finish`, even if the client closes the connection. */
  startReview(): ShedReason | undefined {
    if (!this.#capacity.startReview()) return this.#turnAway('reviews')
    this.#reviewing = true
    return undefined
  }

  /**
   * Begins the look-ups, for which the review keeps only a part of its values, and not its bytes. The signal aborts after
   * half of the remaining time, or when the client closes the connection.
   *
   * @param kept the memory of that part, in bytes
   */
  startLookUps(kept: number): AbortSignal {
    const values = Math.min(kept, this.#held.values)
    this.#capacity.held.values -= this.#held.values - values
    this.#held.values = values
    this.#discard()
    const lookUps = new AbortController()
    const late = () => lookUps.abort(new DOMException('look-ups took too long', 'TimeoutError'))
    this.#lookUpTimer = setTimeout(late, halfOf(this.left))
    this.#lookUps = lookUps
    this.#capacity.evictable.add(this)
    if (this.#gone) lookUps.abort()
    return lookUps.signal
  }

  /** Ends the judgement, and releases all memory but that of the answer. */
  finish(): void {
    this.#discard()
    clearTimeout(this.#lookUpTimer)
    this.#capacity.evictable.delete(this)
    if (this.#reviewing) this.#capacity.counts.reviews -= 1
    if (this.#readingOversized) this.#capacity.counts.oversized -= 1
    this.#reviewing = false
    this.#readingOversized = false
    this.release('bodies')
    this.release('values')
  }

  /** Holds the memory of the answer until it is sent, unless the client has closed the connection. */
  holdAnswer(bytes: number): void {
    if (this.#gone) return
    this.#held.answers += bytes
    this.#capacity.held.answers += bytes
  }

  /** Ends the request: the client has its answer, or has closed the connection without one. */
  leave(answered: boolean): void {
    this.release('answers')
    if (!this.#reviewing) this.finish()
    if (answered) return
    this.#gone = true
    this.#discard()
    this.#lookUps?.abort()
  }

  /** Discards the received bytes, unless that is done. */
  #discard(evicted?: ShedReason): void {
    const drop = this.#drop
    this.#drop = undefined
    drop?.(evicted)
  }

  #turnAway(reason: ShedReason): ShedReason {
    this.finish()
    this.#capacity.observer.shed(reason)
    return reason
  }
}
