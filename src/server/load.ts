/** Reviews in judgement at once: more than an API server has requests in flight by default, 400 and 200 that write. */
const MOST_REVIEWS = 1_000

/** What reviews in flight may weigh together, in bytes: a container of 256 MiB holds that and all the rest. */
const MOST_WEIGHT = 64 * 1024 * 1024

/** Memory of one value of a parsed body, in bytes: 32 to 78 were measured with Node 24, for lists of `{}` and long objects. */
const VALUE_WEIGHT = 64

/**
 * The network has a turn of the event loop for each so many ms that bodies took: in a turn, one connection is accepted.
 * Source: https://github.com/libuv/libuv/pull/3696.
 */
const NETWORK_TURN = 1

/** What bodies that share a turn hold together, in bytes, unless one alone holds more: reviews are of some KiB mostly. */
const BODIES_TURN = 64 * 1024

/** Why a review is turned away: too many in judgement, too much memory for them, or too late, or nobody waits any more. */
export type ShedReason = 'reviews' | 'memory' | 'late'

/** What the reviews in flight take. What there is no room or no time for is turned away. */
export class Load {
  /** Reviews turned away since the start. */
  readonly shed: Record<ShedReason, number> = { reviews: 0, memory: 0, late: 0 }
  readonly held = { reviews: 0, weight: 0 }
  readonly #now: () => number
  readonly #waiting: { readonly bytes: number; readonly resolve: () => void }[] = []
  /** When the last bodies had their turn. */
  #begun = 0
  /** Turns that the network has before the next bodies; undefined until it is known how long the last ones took. */
  #networkTurns: number | undefined

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The share of one more request, which takes nothing yet. */
  enter(): Share {
    return new Share(this, this.#now)
  }

  /**
   * Resolves when it is a body's turn, in the order of calls. Between two turns of bodies the network has its own: else
   * connections and requests would wait unseen, in the system, and nobody could tell for how long.
   *
   * @param bytes of the body
   */
  turn(bytes: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ bytes, resolve })
    if (this.#waiting.length === 1) {
      this.#networkTurns = 0
      setImmediate(this.#next)
    }
    return promise
  }

  readonly #next = () => {
    this.#networkTurns ??= Math.floor((this.#now() - this.#begun) / NETWORK_TURN)
    if (this.#networkTurns > 0) this.#networkTurns -= 1
    else this.#letGo()
    if (this.#waiting.length > 0) setImmediate(this.#next)
  }

  #letGo(): void {
    this.#begun = this.#now()
    this.#networkTurns = undefined
    let bytes = 0
    do {
      const body = this.#waiting.shift()
      body?.resolve()
      bytes += body?.bytes ?? 0
    } while (bytes + (this.#waiting[0]?.bytes ?? Infinity) <= BODIES_TURN)
  }
}

/** What one request takes, until it leaves. */
export class Share {
  readonly #load: Load
  readonly #now: () => number
  readonly #entered: number
  #weight = 0
  #reviews = 0
  #left = false

  /** @param now a monotonic clock, in ms */
  constructor(load: Load, now: () => number) {
    this.#load = load
    this.#now = now
    this.#entered = now()
  }

  /** Time since it came, in ms. */
  get elapsed(): number {
    return this.#now() - this.#entered
  }

  /** Takes memory for a part of the body. A reason not to means that all that was taken is given back. */
  hold(bytes: number): ShedReason | undefined {
    if (this.#left) return this.#turnAway('late')
    if (this.#load.held.weight + bytes > MOST_WEIGHT) return this.#turnAway('memory')
    this.#weight += bytes
    this.#load.held.weight += bytes
    return undefined
  }

  /**
   * Begins with the judgement of a body that has arrived.
   *
   * @param values how many values it holds
   * @param patience how long it may have taken to get here, in ms
   */
  judge(values: number, patience: number): ShedReason | undefined {
    if (this.#left || this.elapsed > patience) return this.#turnAway('late')
    if (this.#load.held.reviews >= MOST_REVIEWS) return this.#turnAway('reviews')
    this.#reviews = 1
    this.#load.held.reviews += 1
    return this.hold(values * VALUE_WEIGHT)
  }

  /** Gives everything back, and takes nothing more. */
  leave(): void {
    this.#left = true
    this.#giveBack()
  }

  #giveBack(): void {
    this.#load.held.weight -= this.#weight
    this.#load.held.reviews -= this.#reviews
    this.#weight = 0
    this.#reviews = 0
  }

  #turnAway(reason: ShedReason): ShedReason {
    this.#giveBack()
    this.#load.shed[reason] += 1
    return reason
  }
}
