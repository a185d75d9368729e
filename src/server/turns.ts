/**
 * The network has a turn of the event loop for each so many ms that bodies took, and no more time than these took: in a
 * turn, one connection is accepted. Source: https://github.com/libuv/libuv/pull/3696.
 */
const NETWORK_TURN = 1

/** A body that waits for its turn. */
interface Waiting {
  readonly bytes: number
  /** When its turn comes too late. */
  readonly until: number
  readonly resolve: () => void
}

/** How often those are looked for whose turn comes too late, in ms. */
const LOOK = 100

/** What bodies that share a turn hold together, in bytes: reviews are of some KiB mostly. A larger one has a turn alone. */
const SHARED_TURN = 64 * 1024

/**
 * The order in which bodies are parsed and judged: small and large ones by turns, so that large ones keep others waiting
 * for one of them at most. Large ones go in the order in which they came; of small ones the smallest goes first, so that
 * no flood of others keeps an ordinary review of some KiB waiting. Between two turns of bodies the network has its own:
 * else connections and requests would wait unseen, in the system, and nobody could tell for how long.
 */
export class Turns {
  readonly #now: () => number
  readonly #small: Waiting[] = []
  readonly #large: Waiting[] = []
  #last: 'small' | 'large' = 'large'
  /** When the last bodies had their turn. */
  #begun = 0
  #lookedAt = 0
  /** Turns that the network has before the next bodies, and until when; undefined until the last ones are done. */
  #network: { turns: number; readonly until: number } | undefined

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Resolves when it is a body's turn, or soon after its turn would come too late.
   *
   * @param bytes of the body
   * @param until when that is, on the clock of the constructor
   */
  next(bytes: number, until: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = { bytes, until, resolve }
    if (bytes > SHARED_TURN) this.#large.push(waiting)
    else this.#small.splice(placeOf(bytes, this.#small), 0, waiting)
    if (this.#small.length + this.#large.length === 1) {
      this.#network = { turns: 0, until: 0 }
      setImmediate(this.#step)
    }
    return promise
  }

  readonly #step = () => {
    const now = this.#now()
    if (now - this.#lookedAt >= LOOK) this.#giveUp(now)
    const took = now - this.#begun
    this.#network ??= { turns: Math.floor(took / NETWORK_TURN), until: now + took }
    if (this.#network.turns > 0 && now < this.#network.until) this.#network.turns -= 1
    else if (this.#small.length + this.#large.length > 0) this.#start()
    if (this.#small.length + this.#large.length > 0) setImmediate(this.#step)
  }

  #start(): void {
    this.#begun = this.#now()
    this.#network = undefined
    const largeIsNext = this.#small.length === 0 || (this.#last === 'small' && this.#large.length > 0)
    this.#last = largeIsNext ? 'large' : 'small'
    if (largeIsNext) this.#large.shift()?.resolve()
    else this.#startSmall()
  }

  /** Lets those go whose turn would come too late. */
  #giveUp(now: number): void {
    this.#lookedAt = now
    for (const queue of [this.#small, this.#large]) {
      const late = queue.filter(({ until }) => until < now)
      if (late.length > 0) queue.splice(0, Infinity, ...queue.filter(({ until }) => until >= now))
      for (const { resolve } of late) resolve()
    }
  }

  #startSmall(): void {
    let bytes = 0
    do {
      const body = this.#small.shift()
      body?.resolve()
      bytes += body?.bytes ?? 0
    } while (bytes + (this.#small[0]?.bytes ?? Infinity) <= SHARED_TURN)
  }
}

/** Where a body goes among others that are sorted by size: behind those of its size, which came before it. */
function placeOf(bytes: number, sorted: readonly Waiting[]): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as Waiting).bytes <= bytes) low = middle + 1
    else high = middle
  }
  return low
}
