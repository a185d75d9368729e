import { Allowance } from './allowance.ts'
import { ConnectionCounts } from './connections.ts'
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

/**
 * What a request may hold to count as small, in bytes, and the part of the memory that larger ones may take together: the
 * rest is for small ones, so that no large review keeps an ordinary one of some KiB out.
 */
const SMALL = 256 * 1024
const LARGE_SHARE = 15 / 16

/**
 * Why a review is turned away: too many in judgement, too much memory for them, too late, or its client has gone.
 */
export type ShedReason = 'reviews' | 'memory' | 'late' | 'gone'

/** What memory is held for: bodies as they arrive, what is parsed from them, and answers that are not sent yet. */
export type HeldFor = 'bodies' | 'values' | 'answers'

/** The account of what requests in flight take. What there is no room or no time for is turned away. */
export class Load {
  readonly room: Room
  readonly turns: Turns
  /** Reviews turned away since the start. */
  readonly shed: Record<ShedReason, number> = { reviews: 0, memory: 0, late: 0, gone: 0 }
  /** Memory held now, in bytes. */
  readonly held: Record<HeldFor, number> = { bodies: 0, values: 0, answers: 0 }
  /** Connections of the review listener. */
  readonly connections = new ConnectionCounts()
  /** Reviews in judgement, and bodies in reading that are too large to be judged. */
  readonly counts = { reviews: 0, oversized: 0 }
  /** Requests whose bodies are on their way. */
  readonly arriving = new Set<Allowance>()
  readonly #now: () => number

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number, room: Room = roomIn(usableMemory())) {
    this.#now = now
    this.room = room
    this.turns = new Turns(now)
  }

  /**
   * The allowance of one more request, which takes nothing yet.
   *
   * @param timeout the query parameter `timeout` of the API server
   */
  enter(timeout: unknown): Allowance {
    return new Allowance(this, this.#now, timeout)
  }

  /**
   * Whether there is room for so many bytes more; if there is, they are held.
   *
   * @param held what the request holds already, in bytes
   */
  reserve(what: HeldFor, bytes: number, held: number): boolean {
    const { bodies, values, answers } = this.held
    const room = held + bytes > SMALL ? this.room.bytes * LARGE_SHARE : this.room.bytes
    if (bodies + values + answers + bytes > room) return false
    if (what === 'bodies' && bodies + bytes > this.room.bytes * BODIES_SHARE) return false
    this.held[what] += bytes
    return true
  }

  /**
   * Gives up the largest body on its way, if it is larger than this, so that who sends the beginnings of large bodies
   * keeps no smaller one out.
   *
   * @param than in bytes
   */
  evictLarger(than: number): boolean {
    let largest: Allowance | undefined
    for (const one of this.arriving) if (one.arrived > (largest?.arrived ?? than)) largest = one
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
