import { setTimeout as wait } from 'node:timers/promises'
import type { Hands, Reference } from '../harness/traffic/churn.ts'
import type { Verdict } from '../harness/traffic/history.ts'

/**
 * How often a grant is made, and how long after that it is deleted, in ms. Neither waits for what others take: else
 * whatever takes long would be measured seldom.
 */
const EVERY = 500
const LIFE = 10_000

/** Kept free before the end, in ms, for what is on its way. */
const ROOM = LIFE + 5_000

/** Pause before the index is asked again, in ms at least, and as a part of the time so far. */
const POLL = { least: 2, part: 0.05 }

/** How long the index may take to follow, in ms, before the soak is given up: longer than it takes to give up a watch. */
const LONGEST = 60_000

/** Times of one kind, in ms: all, and those that began while the network was calm. */
interface Times {
  readonly all: number[]
  readonly calm: number[]
}

/**
 * Measures how long the watch takes to bring a write to the index that reviews are judged by: from the end of the
 * request that creates a grant until the index permits its reference, and from the end of the request that deletes the
 * grant until it does not. Fresh reads have no part in it, since the index alone is asked. Each time includes the
 * review that showed it, a few ms, and is too long by a twentieth at most, as nothing is known between two reviews.
 */
export class Latency {
  readonly granted: Times = { all: [], calm: [] }
  readonly revoked: Times = { all: [], calm: [] }
  readonly #hands: Hands
  readonly #isCalm: () => boolean

  /** @param hands ask the index */
  constructor(hands: Hands, isCalm: () => boolean) {
    this.#hands = hands
    this.#isCalm = isCalm
  }

  /** Measures until then, by the monotonic clock, in ms. */
  async until(end: number): Promise<void> {
    const count = Math.max(1, Math.floor((end - performance.now() - ROOM) / EVERY))
    await Promise.all(Array.from({ length: count }, (_, index) => wait(index * EVERY).then(() => this.#measure(index))))
  }

  async #measure(index: number): Promise<void> {
    const name = `latency-${index}`
    const reference = { from: 'shop-latency', to: 'billing-never-0', target: name }
    const life = wait(LIFE)
    await this.#hands.create(reference, name)
    await this.#time(this.granted, reference, 'permitted')
    await life
    await this.#hands.delete(reference, name)
    await this.#time(this.revoked, reference, 'denied')
  }

  async #time({ all, calm }: Times, reference: Reference, awaited: Verdict): Promise<void> {
    const begun = performance.now()
    const wasCalm = this.#isCalm()
    for (;;) {
      const verdict = await this.#hands.ask(reference).then(
        (answer) => answer.verdict,
        () => 'unjudged',
      )
      const taken = performance.now() - begun
      if (verdict === awaited) {
        all.push(taken)
        if (wasCalm) calm.push(taken)
        return
      }
      if (taken > LONGEST) throw new Error(`the index has not ${awaited} ${reference.target} for ${LONGEST} ms`)
      await wait(Math.max(POLL.least, taken * POLL.part))
    }
  }
}

/** The value that so many of 100 are not above, to a tenth; NaN if there is none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN
}
