/** Reviews in judgement at once: more than an API server has requests in flight by default, 400 and 200 that write. */
const MOST_REVIEWS = 1_000

/** What reviews in flight may weigh together, in bytes: a container of 256 MiB holds that and all the rest. */
const MOST_WEIGHT = 64 * 1024 * 1024

/** Memory of one value of a parsed body, in bytes: 32 to 78 were measured with Node 24, for lists of `{}` and long objects. */
const VALUE_WEIGHT = 64

/** How often the event loop shows that it turns, in ms. */
const TURN = 20

/** Why a review is turned away: too many in judgement, too much memory for them, or too late to begin with it. */
export type ShedReason = 'reviews' | 'memory' | 'late'

/** What the reviews in flight take. More than can be carried is turned away at once: it is never queued. */
export class Load {
  /** Reviews turned away since the start. */
  readonly shed: Record<ShedReason, number> = { reviews: 0, memory: 0, late: 0 }
  readonly held = { reviews: 0, weight: 0 }
  readonly #now: () => number
  #turned: number

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number) {
    this.#now = now
    this.#turned = now()
    const turn = () => {
      this.#turned = now()
    }
    setInterval(turn, TURN).unref()
  }

  /** How long this turn of the event loop has lasted, in ms: so long has waited what is read in it. */
  get late(): number {
    return this.#now() - this.#turned
  }

  /** The share of one more request, which takes nothing yet. */
  enter(): Share {
    return new Share(this)
  }
}

/** What one request takes, until it leaves. */
export class Share {
  readonly #load: Load
  #weight = 0
  #reviews = 0

  constructor(load: Load) {
    this.#load = load
  }

  /** Takes memory for a part of the body. A reason not to means that all that was taken is given back. */
  hold(bytes: number): ShedReason | undefined {
    if (this.#load.held.weight + bytes > MOST_WEIGHT) return this.#turnAway('memory')
    this.#weight += bytes
    this.#load.held.weight += bytes
    return undefined
  }

  /**
   * Begins with the judgement of a body that has arrived.
   *
   * @param values how many values it holds
   * @param patience how long it may have waited until now, in ms
   */
  judge(values: number, patience: number): ShedReason | undefined {
    if (this.#load.late > patience) return this.#turnAway('late')
    if (this.#load.held.reviews >= MOST_REVIEWS) return this.#turnAway('reviews')
    this.#reviews = 1
    this.#load.held.reviews += 1
    return this.hold(values * VALUE_WEIGHT)
  }

  /** Gives everything back. */
  leave(): void {
    this.#load.held.weight -= this.#weight
    this.#load.held.reviews -= this.#reviews
    this.#weight = 0
    this.#reviews = 0
  }

  #turnAway(reason: ShedReason): ShedReason {
    this.leave()
    this.#load.shed[reason] += 1
    return reason
  }
}
