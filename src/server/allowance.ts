import { halfOf } from './deadline.ts'
import type { HeldFor, Lacking, Load } from './load.ts'
import type { ShedReason } from './observer.ts'

/**
 * The time and the room of one request: when it has to be answered, and what it holds until then. All of its times
 * count from the first try of the request.
 */
export class Allowance {
  readonly #load: Load
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
   * @param granted how long an answer may take, in ms, from the first try of the request
   */
  constructor(load: Load, now: () => number, granted: number) {
    this.#load = load
    this.#now = now
    this.#granted = granted
    this.#arrived = now()
    this.#begun = this.#arrived
  }

  /** When the first try arrived, on the clock of the load. */
  get begun(): number {
    return this.#begun
  }

  /** Time until the API server waits no more, in ms; below 0 if it waits no more already. */
  get left(): number {
    return this.#begun + this.#granted - this.#now()
  }

  /** Whether nobody waits for the answer any more. */
  get gone(): boolean {
    return this.#gone
  }

  /** Whether its look-ups were ended, and what it held was given to a smaller request. */
  get evicted(): boolean {
    return this.#evicted
  }

  /** Bytes that are held for its body, or for that and what is parsed from it. */
  holds(lacking: Lacking): number {
    return this.#held.bodies + (lacking === 'all' ? this.#held.values : 0)
  }

  /**
   * Begins to take a body.
   *
   * @param drop called if what has arrived is to be dropped, since its client has gone, or, with a reason, since a
   *   smaller request takes its room
   */
  startArrival(drop: (evicted: ShedReason | undefined) => void): void {
    this.#drop = drop
    this.#load.evictable.add(this)
  }

  /** Says that the body has arrived; it keeps its room until look-ups begin. */
  endArrival(): void {
    this.#load.evictable.delete(this)
  }

  /** Gives the room of a request that waits to a smaller one. */
  evict(): void {
    this.#evicted = true
    this.#lookUps?.abort()
    const reason = this.#turnAway('memory')
    this.#drop?.(reason)
  }

  /** Says that a request with this uid was tried before. If the time of that one is over, this is another. */
  continue(begun: number): void {
    if (begun + this.#granted > this.#arrived) this.#begun = begun
  }

  /** Says that nobody waits for the verdict any more. */
  turnAwayGone(): ShedReason {
    return this.#turnAway('gone')
  }

  /** Holds memory. A reason why not means that the request is turned away, and holds nothing any more. */
  reserve(what: HeldFor, bytes: number): ShedReason | undefined {
    if (this.#gone) return this.#turnAway('gone')
    for (;;) {
      const lacking = this.#load.reserve(what, bytes)
      if (!lacking) break
      if (!this.#load.evictLarger(lacking, this.holds(lacking) + bytes)) return this.#turnAway('memory')
    }
    this.#held[what] += bytes
    return undefined
  }

  /** Gives back what is held for this. */
  release(what: HeldFor): void {
    this.#load.held[what] -= this.#held[what]
    this.#held[what] = 0
  }

  /** Begins to read a body that is too large to take. */
  startOversized(): ShedReason | undefined {
    if (!this.#load.startOversized()) return this.#turnAway('reviews')
    this.#readingOversized = true
    return undefined
  }

  /** When a turn comes too late: half of the time that was left when the request arrived may go by. */
  get turnUntil(): number {
    return this.#arrived + halfOf(this.#begun + this.#granted - this.#arrived)
  }

  /** Whether the turn came too late. */
  startTurn(): ShedReason | undefined {
    if (this.#gone) return this.#turnAway('gone')
    return this.#now() > this.turnUntil ? this.#turnAway('late') : undefined
  }

  /** Begins with the judgement; until `finish`, what is held stays held, whatever the client does. */
  startReview(): ShedReason | undefined {
    if (!this.#load.startReview()) return this.#turnAway('reviews')
    this.#reviewing = true
    return undefined
  }

  /** Begins with look-ups, once: they end when half of the time that is left is over, or when the client has gone. */
  startLookUps(): AbortSignal {
    if (this.#lookUps) return this.#lookUps.signal
    const lookUps = new AbortController()
    const late = () => lookUps.abort(new DOMException('look-ups took too long', 'TimeoutError'))
    this.#lookUpTimer = setTimeout(late, halfOf(this.left))
    this.#lookUps = lookUps
    this.#load.evictable.add(this)
    if (this.#gone) lookUps.abort()
    return lookUps.signal
  }

  /** Ends the judgement. Only what the answer holds stays. */
  finish(): void {
    clearTimeout(this.#lookUpTimer)
    this.#load.evictable.delete(this)
    if (this.#reviewing) this.#load.counts.reviews -= 1
    if (this.#readingOversized) this.#load.counts.oversized -= 1
    this.#reviewing = false
    this.#readingOversized = false
    this.release('bodies')
    this.release('values')
  }

  /** Holds an answer until it is sent; nobody reads it any more if the client has gone. */
  answer(bytes: number): void {
    if (this.#gone) return
    this.#held.answers += bytes
    this.#load.held.answers += bytes
  }

  /** Says that the client has its answer, or has gone without. */
  leave(answered: boolean): void {
    this.release('answers')
    if (!this.#reviewing) this.finish()
    if (answered) return
    this.#gone = true
    this.#drop?.(undefined)
    this.#lookUps?.abort()
  }

  #turnAway(reason: ShedReason): ShedReason {
    this.finish()
    this.#load.observer.shed(reason)
    return reason
  }
}
