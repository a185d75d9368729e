/**
 * The time of bodies, in ms, for which the network gets one turn of the event loop, but not more time than the bodies
 * took: in a turn, one connection is accepted. Source: https://github.com/libuv/libuv/pull/3696.
 */
const NETWORK_TURN = 1

/** A body in the queue. */
interface Waiting {
  readonly bytes: number
  /** The latest time at which its turn may begin. */
  readonly until: number
  readonly resolve: () => void
}

/** How often late bodies are removed from the queue, in ms. */
const LOOK = 100

/** The bytes of the bodies that share a turn. Most reviews have a few KiB; a larger body has a turn of its own. */
const SHARED_TURN = 64 * 1024

/**
 * Orders the bodies that are parsed and judged. Small and large bodies alternate, so that a small body waits for at most
 * one large one. Large bodies keep their order of arrival. The smallest body goes first among the small ones, so that a
 * flood of others does not delay an ordinary review; in every other turn, it is the one that has waited longest, so that
 * a flood of the smallest does not delay the others without end. Between two turns of bodies the network has its own turns: otherwise
 * connections and requests would wait in the kernel, where their waiting time is unknown.
 */
export class Turns {
  readonly #now: () => number
  /** The smallest first. */
  readonly #small: Waiting[] = []
  /** The small ones, in their order of arrival. */
  readonly #inOrder = new Set<Waiting>()
  readonly #large: Waiting[] = []
  #last: 'small' | 'large' = 'large'
  #isOldestNext = false
  /** When the last turn of bodies began. */
  #begun = 0
  #lookedAt = 0
  /** The remaining turns of the network before the next bodies, and their end; undefined until the last bodies are done. */
  #network: { turns: number; readonly until: number } | undefined

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Resolves when the turn of a body begins, or soon after it is too late for it.
   *
   * @param bytes the size of the body
   * @param until the latest time at which the turn may begin, on the clock of the constructor
   */
  next(bytes: number, until: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = { bytes, until, resolve }
    if (bytes > SHARED_TURN) this.#large.push(waiting)
    else {
      this.#small.splice(placeOf(bytes, this.#small), 0, waiting)
      this.#inOrder.add(waiting)
    }
    if (this.#small.length + this.#large.length === 1) {
      this.#network = { turns: 0, until: 0 }
      setImmediate(this.#step)
    }
    return promise
  }

  readonly #step = () => {
    const now = this.#now()
    if (now - this.#lookedAt >= LOOK) this.#removeLate(now)
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

  /** Resolves and removes the bodies whose turn would come too late. */
  #removeLate(now: number): void {
    this.#lookedAt = now
    for (const queue of [this.#small, this.#large]) {
      const late = queue.filter(({ until }) => until < now)
      if (late.length > 0) queue.splice(0, Infinity, ...queue.filter(({ until }) => until >= now))
      for (const waiting of late) {
        this.#inOrder.delete(waiting)
        waiting.resolve()
      }
    }
  }

  #startSmall(): void {
    let bytes = 0
    const [oldest] = this.#inOrder
    let next = this.#isOldestNext ? oldest : this.#small[0]
    this.#isOldestNext = !this.#isOldestNext
    do {
      if (!next) return
      this.#small.splice(this.#small.indexOf(next), 1)
      this.#inOrder.delete(next)
      next.resolve()
      bytes += next.bytes
      next = this.#small[0]
    } while (bytes + (next?.bytes ?? Infinity) <= SHARED_TURN)
  }
}

/** Returns the place of a body among others that are sorted by size: after those of the same size, which arrived first. */
function placeOf(bytes: number, sorted: readonly Waiting[]): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as Waiting).bytes <= bytes) low = middle + 1
    else high = middle
  }
  return low
}
