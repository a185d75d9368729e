/** A signal that comes with another one, or when the time for some work is over. */
export class Deadline {
  readonly signal: AbortSignal
  readonly #lack: string
  readonly #over = new AbortController()
  #timer: NodeJS.Timeout

  /**
   * @param lack what there is not when the time is over, for the error: `/version: no answer`
   * @param milliseconds how long it may take
   */
  constructor(lack: string, milliseconds: number, signal: AbortSignal) {
    this.#lack = lack
    this.signal = AbortSignal.any([signal, this.#over.signal])
    this.#timer = this.#start(milliseconds)
  }

  /** Gives the work this time from now, in ms. */
  move(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = this.#start(milliseconds)
  }

  /** The work has ended. */
  clear(): void {
    clearTimeout(this.#timer)
  }

  /** Why the work failed: its error, unless the time was over. */
  reasonFor(error: unknown): unknown {
    return this.#over.signal.aborted ? this.#over.signal.reason : error
  }

  #start(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#over.abort(new Error(`${this.#lack} in ${milliseconds} ms`)), milliseconds)
  }
}
