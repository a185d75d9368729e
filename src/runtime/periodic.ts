import { setTimeout as wait } from 'node:timers/promises'

/** Work that is done again and again, never twice at once. */
export class Periodic {
  readonly #pause: number
  readonly #work: (signal: AbortSignal) => Promise<void> | void
  #pausing = new AbortController()

  /** @param pause between the end of the work and its next beginning, and before the first, in ms */
  constructor(pause: number, work: (signal: AbortSignal) => Promise<void> | void) {
    this.#pause = pause
    this.#work = work
  }

  /** Leaves out the pause that is under way, or the next one: what has changed is seen by work that begins after this. */
  readonly soon = (): void => this.#pausing.abort()

  /**
   * Works until the signal.
   *
   * @throws what the work throws, which ends it
   */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', this.soon, { once: true })
    while (!signal.aborted) {
      await wait(this.#pause, undefined, { signal: this.#pausing.signal, ref: false }).catch(() => {})
      this.#pausing = new AbortController()
      if (!signal.aborted) await this.#work(signal)
    }
  }
}
