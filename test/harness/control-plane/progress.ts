/** How often the elapsed time is told, in ms: on a terminal, where one line is rewritten, and in a log. */
const ON_TERMINAL = 1_000
const IN_LOG = 30_000

/** Returns a function that does one step, and shows how long it takes. After an abort, it throws the reason. */
export function stepsUntil(signal: AbortSignal) {
  return async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    const progress = new Progress(what)
    try {
      return await work()
    } finally {
      progress.end()
    }
  }
}

/** Tells on stderr that something slow is going on, and for how long it has been. */
export class Progress {
  readonly #what: string
  readonly #begun = performance.now()
  readonly #timer: NodeJS.Timeout

  /** @param remark what to know of it, in a line before */
  constructor(what: string, remark?: string) {
    this.#what = what
    if (remark !== undefined) process.stderr.write(`${what}: ${remark}\n`)
    else process.stderr.write(process.stderr.isTTY ? what : `${what}\n`)
    this.#timer = setInterval(() => this.#tell(), process.stderr.isTTY ? ON_TERMINAL : IN_LOG)
  }

  /** Tells the time that it took; nothing is told any more. */
  end(): void {
    clearInterval(this.#timer)
    this.#tell()
    if (process.stderr.isTTY) process.stderr.write('\n')
  }

  #tell(): void {
    const seconds = Math.round((performance.now() - this.#begun) / 1_000)
    const line = `${this.#what}: ${seconds} s`
    process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`)
  }
}
