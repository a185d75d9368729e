/**
 * The network has a turn of the event loop for each so many ms that bodies took: in a turn, one connection is accepted.
 * Source: https://github.com/libuv/libuv/pull/3696.
 */
const NETWORK_TURN = 1

/** What bodies that share a turn hold together, in bytes, unless one alone holds more: reviews are of some KiB mostly. */
const SHARED_TURN = 64 * 1024

/**
 * The order in which bodies are parsed and judged. Between two turns of bodies the network has its own: else connections
 * and requests would wait unseen, in the system, and nobody could tell for how long.
 */
export class Turns {
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

  /**
   * Resolves when it is a body's turn, in the order of calls.
   *
   * @param bytes of the body
   */
  next(bytes: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ bytes, resolve })
    if (this.#waiting.length === 1) {
      this.#networkTurns = 0
      setImmediate(this.#step)
    }
    return promise
  }

  readonly #step = () => {
    this.#networkTurns ??= Math.floor((this.#now() - this.#begun) / NETWORK_TURN)
    if (this.#networkTurns > 0) this.#networkTurns -= 1
    else this.#start()
    if (this.#waiting.length > 0) setImmediate(this.#step)
  }

  #start(): void {
    this.#begun = this.#now()
    this.#networkTurns = undefined
    let bytes = 0
    do {
      const body = this.#waiting.shift()
      body?.resolve()
      bytes += body?.bytes ?? 0
    } while (bytes + (this.#waiting[0]?.bytes ?? Infinity) <= SHARED_TURN)
  }
}
