import { setTimeout as wait } from 'node:timers/promises'

/** Periodic work, which never overlaps. */
export class Periodic {
  readonly #pause: () => number
  readonly #work: (signal: AbortSignal) => Promise<void> | void
  #pausing = new AbortController()

  /** @param pause the time before each run of the work, in ms; a function is called before each */
  constructor(pause: number | (() => number), work: (signal: AbortSignal) => Promise<void> | void) {
    this.#pause = typeof pause === 'number' ? () => pause : pause
    this.#work = work
  }

  /**
   * Skips the current pause, or the next one during work. The next work begins after this call, so it sees every
   * change.
   */
  readonly soon = (): void => this.#pausing.abort()

  /**
   * Repeats the work until the signal.
   *
   * @throws what the work throws
   */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', this.soon, { once: true })
    while (!signal.aborted) {
      await wait(this.#pause(), undefined, { signal: this.#pausing.signal, ref: false }).catch(() => {})
      this.#pausing = new AbortController()
      if (!signal.aborted) await this.#work(signal)
    }
  }
}
