import { Allowance } from './allowance.ts'
import { type ServerObserver, UNOBSERVED } from './observer.ts'
import { type Room, roomIn, usableMemory } from './room.ts'
import { Turns } from './turns.ts'

/** Reviews in judgement at once: more than an API server has requests in flight by default, 400 and 200 that write. */
const MOST_REVIEWS = 1_000

/** Bodies too large to take that are read at once for what they say of themselves: each is work of its own size. */
const MOST_OVERSIZED = 4

/**
 * The part of the memory that bodies may take as they arrive; one of the largest fits. The rest is there for those that
 * have arrived: else a crowd of bodies on their way would leave no room to judge any of them.
 */
const BODIES_SHARE = 1 / 4

/** What memory is held for: bodies as they arrive, what is parsed from them, and answers that are not sent yet. */
export type HeldFor = 'bodies' | 'values' | 'answers'

/** What there is no room for: more bodies, or more of anything. */
export type Lacking = 'bodies' | 'all'

/** The account of what requests in flight take. What there is no room or no time for is turned away. */
export class Load {
  readonly room: Room
  readonly turns: Turns
  /** Is told of each review that is turned away. */
  readonly observer: ServerObserver
  /** Memory held now, in bytes. */
  readonly held: Record<HeldFor, number> = { bodies: 0, values: 0, answers: 0 }
  /** Reviews in judgement, and bodies in reading that are too large to be judged. */
  readonly counts = { reviews: 0, oversized: 0 }
  /** Requests that wait for the rest of their bodies or for look-ups, and can give up what they hold. */
  readonly evictable = new Set<Allowance>()
  readonly #now: () => number

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number, observer: ServerObserver = UNOBSERVED, room: Room = roomIn(usableMemory())) {
    this.#now = now
    this.observer = observer
    this.room = room
    this.turns = new Turns(now)
  }

  /**
   * The allowance of one more request, which takes nothing yet.
   *
   * @param granted how long an answer may take, in ms, from the first try of the request
   */
  enter(granted: number): Allowance {
    return new Allowance(this, this.#now, granted)
  }

  /** What there is no room for so many bytes more of: bodies, or all together; undefined if there is, and they are held. */
  reserve(what: HeldFor, bytes: number): Lacking | undefined {
    const { bodies, values, answers } = this.held
    if (what === 'bodies' && bodies + bytes > this.room.bytes * BODIES_SHARE) return 'bodies'
    if (bodies + values + answers + bytes > this.room.bytes) return 'all'
    this.held[what] += bytes
    return undefined
  }

  /**
   * Gives up the request that holds most of what is lacking, if it holds more than this, so that large requests that wait
   * keep no smaller one out.
   *
   * @param than in bytes
   */
  evictLarger(lacking: Lacking, than: number): boolean {
    let largest: Allowance | undefined
    for (const one of this.evictable) if (one.holds(lacking) > (largest?.holds(lacking) ?? than)) largest = one
    largest?.evict()
    return largest !== undefined
  }

  /** Whether one more review may be judged; if so, it is counted. */
  startReview(): boolean {
    if (this.counts.reviews >= MOST_REVIEWS) return false
    this.counts.reviews += 1
    return true
  }

  /** Whether one more body that is too large to take may be read; if so, it is counted. */
  startOversized(): boolean {
    if (this.counts.oversized >= MOST_OVERSIZED) return false
    this.counts.oversized += 1
    return true
  }
}
