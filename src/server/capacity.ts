import { Allowance } from './allowance.ts'
import { limitsIn, type RequestLimits, usableMemory } from './limits.ts'
import { type ServerObserver, UNOBSERVED } from './observer.ts'
import { Turns } from './turns.ts'

/** The most reviews in flight: more than the default limit of an API server, 400 requests and 200 mutating ones. */
const MOST_REVIEWS = 1_000

/** The most bodies that are summarized at once because they are too large: the work is proportional to their size. */
const MOST_OVERSIZED = 4

/**
 * The part of the memory for incoming bodies, in which one of the largest fits. The rest is for parsed reviews:
 * otherwise many incoming bodies could leave no memory to judge any of them.
 */
const BODIES_SHARE = 1 / 4

/** The purposes of memory: incoming bodies, parsed values, and unsent answers. */
export type HeldFor = 'bodies' | 'values' | 'answers'

/** The exhausted memory: that of bodies, or all of it. */
export type Lacking = 'bodies' | 'all'

/** The memory and the turns of all requests in flight. A request that exceeds them is dropped. */
export class Capacity {
  readonly limits: RequestLimits
  readonly turns: Turns
  /** Receives each dropped review. */
  readonly observer: ServerObserver
  /** The memory in use, in bytes. */
  readonly held: Record<HeldFor, number> = { bodies: 0, values: 0, answers: 0 }
  /** The reviews in flight, and the bodies that are summarized because they are too large. */
  readonly counts = { reviews: 0, oversized: 0 }
  /** The requests that wait for the rest of their bodies or for look-ups, and can be evicted. */
  readonly evictable = new Set<Allowance>()
  readonly #now: () => number

  /** @param now a monotonic clock, in ms */
  constructor(
    now: () => number,
    observer: ServerObserver = UNOBSERVED,
    limits: RequestLimits = limitsIn(usableMemory()),
  ) {
    this.#now = now
    this.observer = observer
    this.limits = limits
    this.turns = new Turns(now)
  }

  /**
   * Returns the allowance of a new request, which does not use memory yet.
   *
   * @param granted the time for an answer, in ms, from the first try of the request
   */
  enter(granted: number): Allowance {
    return new Allowance(this, this.#now, granted)
  }

  /** Reserves memory. If there is not enough, returns what is exhausted, and reserves nothing. */
  reserve(what: HeldFor, bytes: number): Lacking | undefined {
    const { bodies, values, answers } = this.held
    if (what === 'bodies' && bodies + bytes > this.limits.bytes * BODIES_SHARE) return 'bodies'
    if (bodies + values + answers + bytes > this.limits.bytes) return 'all'
    this.held[what] += bytes
    return undefined
  }

  /**
   * Evicts the waiting request that uses most of the exhausted memory, so that large requests do not block smaller ones.
   *
   * @param than the bytes that it must exceed
   * @returns false if no request exceeds them
   */
  evictLarger(lacking: Lacking, than: number): boolean {
    let largest: Allowance | undefined
    for (const one of this.evictable) if (one.holds(lacking) > (largest?.holds(lacking) ?? than)) largest = one
    largest?.evict()
    return largest !== undefined
  }

  /** Counts one more review; false if there are too many. */
  startReview(): boolean {
    if (this.counts.reviews >= MOST_REVIEWS) return false
    this.counts.reviews += 1
    return true
  }

  /** Counts one more oversized body; false if there are too many. */
  startOversized(): boolean {
    if (this.counts.oversized >= MOST_OVERSIZED) return false
    this.counts.oversized += 1
    return true
  }
}
