/** A signal that aborts with another signal or after a timeout. */
export class Deadline {
  readonly signal: AbortSignal
  readonly #lack: string
  readonly #over = new AbortController()
  #timer: NodeJS.Timeout

  /**
   * @param lack what is missing when the time is over, for the error message: `/version: no answer`
   * @param milliseconds the timeout
   */
  constructor(lack: string, milliseconds: number, signal: AbortSignal) {
    this.#lack = lack
    this.signal = AbortSignal.any([signal, this.#over.signal])
    this.#timer = this.#start(milliseconds)
  }

  /** Restarts the timeout with this length, in ms. */
  move(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = this.#start(milliseconds)
  }

  /** Stops the timeout. */
  clear(): void {
    clearTimeout(this.#timer)
  }

  /** Returns the reason for a failure: the timeout if it has passed, or else the given error. */
  reasonFor(error: unknown): unknown {
    return this.#over.signal.aborted ? this.#over.signal.reason : error
  }

  #start(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#over.abort(new Error(`${this.#lack} within ${milliseconds / 1_000} s`)), milliseconds)
  }
}
