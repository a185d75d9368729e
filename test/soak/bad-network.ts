import { setTimeout as wait } from 'node:timers/promises'
import type { TcpProxy } from '../harness/network/tcp-proxy.ts'
import type { Hands } from '../harness/traffic/churn.ts'

/**
 * One turn, in ms: time to recover from the fault before, longer than a watch waits before it tries again (0.8 s at
 * most); a calm; and time for what began in the calm to end in it. Then comes a fault.
 */
const TURN = { recovery: 2_000, calm: 4_000, rest: 1_000 }

/** How long nothing passes in a hole, in ms: far less than the age that knowledge may have. */
const HOLE = 5_000

/** The faults of 8 turns, which last a minute; then they begin anew. */
const FAULTS = ['cut', 'cut', 'truncate', 'cut', 'hole', 'cut', 'cut', 'cut'] as const

/**
 * Bytes of annotations of a grant, and how many bytes of the server's pass before a cut: the line that tells of the grant
 * spans TLS records of 16 KiB at most, of which some arrive.
 */
const LARGE = { grant: 100_000, cut: 40_000 }

/** Padding of the hands that write what is too large for one piece. */
export const PADDING = LARGE.grant

/** Fails now and then, in the same way each minute. */
export class BadNetwork {
  readonly #proxy: TcpProxy
  readonly #hands: Hands
  /** Faults so far. */
  readonly counts = { cut: 0, truncate: 0, hole: 0 }
  /** Whether the last fault is over and the next one is not near. */
  calm = false

  /** @param hands write grants of the `PADDING` */
  constructor(proxy: TcpProxy, hands: Hands) {
    this.#proxy = proxy
    this.#hands = hands
  }

  /** Lasts until then, by the monotonic clock, in ms; the last turn ends before. */
  async until(end: number): Promise<void> {
    const longest = TURN.recovery + TURN.calm + TURN.rest + HOLE
    for (let turn = 0; performance.now() + longest < end; turn += 1) {
      await wait(TURN.recovery)
      this.calm = true
      await wait(TURN.calm)
      this.calm = false
      await wait(TURN.rest)
      const fault = FAULTS[turn % FAULTS.length] as (typeof FAULTS)[number]
      this.counts[fault] += 1
      await this[fault](turn)
    }
  }

  async cut(): Promise<void> {
    this.#proxy.cut()
  }

  /** Breaks connections, that of the watch in the middle of a line. */
  async truncate(turn: number): Promise<void> {
    const large = { from: 'shop-large', to: 'billing-never-0', target: 'large' }
    this.#proxy.truncate(LARGE.cut)
    await this.#hands.create(large, `large-${turn}`)
    await this.#hands.delete(large, `large-${turn}`)
    // What is left of the connections must not break the watch again that begins on one of them.
    this.#proxy.truncate(Infinity)
  }

  async hole(): Promise<void> {
    this.#proxy.hole()
    await wait(HOLE)
    this.#proxy.heal()
  }
}
