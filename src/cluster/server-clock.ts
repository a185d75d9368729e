/** How long an answer may take for its date to count, in ms: the date is as old as the answer took. */
const PROMPT = 5_000

/**
 * The clock of the API server, as the dates of its answers tell it, to a second. The API server verifies certificates by
 * this clock, and that of this machine may be wrong.
 */
export class ServerClock {
  readonly #monotonic: () => number
  /** The time of the API server, in ms since the epoch, when the monotonic clock was at 0. */
  #origin: number | undefined

  /** @param monotonic a monotonic clock, in ms */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
  }

  /**
   * Takes the date of an answer.
   *
   * @param date the header, if there is one
   * @param asked when the request was sent, by the monotonic clock
   */
  heard(date: string | undefined, asked: number): void {
    const at = this.#monotonic()
    const time = Date.parse(date ?? '')
    if (at - asked <= PROMPT && !Number.isNaN(time)) this.#origin = time - at
  }

  /** Returns the time, in ms since the epoch; before the first answer, that of this machine. */
  now(): number {
    return this.#origin === undefined ? Date.now() : this.#origin + this.#monotonic()
  }

  /** By how much the clock of this machine is ahead, in ms; negative if it is behind; undefined before the first answer. */
  get ahead(): number | undefined {
    return this.#origin === undefined ? undefined : Date.now() - this.now()
  }
}
