import { constants, openSync, writeSync } from 'node:fs'
import { type DestinationStream, type Logger, pino } from 'pino'
import { shorten, visibleJson } from '../wording/quote.ts'

/** Longest line of the log, in characters: what container runtimes keep in one piece (containerd, CRI logging). */
const LONGEST_LINE = 16 * 1_024

/** Of a line that is longer: the longest text and the longest key in characters, the most entries, and levels. */
const LONGEST_TEXT = 1_024
const LONGEST_KEY = 64
const MOST_ENTRIES = 64
const DEEPEST = 6

/** Characters that an entry needs beside its texts: a number, a comma, brackets. */
const ENTRY = 24

/** Lines that wait until they can be written, in bytes: some thousands of refusals. */
const MOST_WAITING = 1_024 * 1_024

/** Between two attempts to write what waits, in ms: short for a reader, and no load. */
const RETRY = 100

/**
 * The server's log: a JSON object a line, with the name of its level and an ISO 8601 time in UTC. A line holds nothing that
 * a terminal would obey or hide, and is never longer than 16 KiB, since requests and files bring texts of any length.
 *
 * @param destination standard output without it
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const formatters = { level: (name: string) => ({ level: name }) }
  const format = { formatters, timestamp: pino.stdTimeFunctions.isoTime }
  return pino({ level, base: null, ...format, hooks: { streamWrite: safeLine } }, destination ?? new StandardOutput())
}

/**
 * Standard output, which never fails and never blocks: a full disk and a reader that has stopped must not stop the
 * server. Lines that cannot be written wait, up to a limit; further ones are dropped, and a line says how many.
 */
class StandardOutput implements DestinationStream {
  #waiting: Buffer[] = []
  /** Bytes. */
  #size = 0
  /** Lines. */
  #dropped = 0
  readonly #file = process.stdout.isTTY ? unblockedTerminal() : 1

  constructor() {
    // Node makes a pipe non-blocking when it opens the stream, which is not written to: the first error would close it.
    process.stdout.on('error', () => {})
  }

  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#size + bytes.length > MOST_WAITING) {
      this.#dropped += 1
      return
    }
    this.#waiting.push(bytes)
    this.#size += bytes.length
    // While earlier lines wait, a timer runs that writes this one too.
    if (this.#waiting.length === 1) this.#flush()
  }

  #flush(): void {
    let rest = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting)
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#file, rest))
    } catch (error) {
      this.#waiting = [rest]
      this.#size = rest.length
      const timer = setTimeout(() => this.#flush(), RETRY)
      // A slow reader gets the last lines of a server that ends. Nothing else is waited for.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') timer.unref()
      return
    }
    this.#waiting = []
    this.#size = 0
    if (this.#dropped > 0) this.#tellDropped()
  }

  #tellDropped(): void {
    const lines = this.#dropped
    this.#dropped = 0
    const entry = { level: 'warn', time: new Date().toISOString(), lines, msg: 'dropped lines of the log' }
    this.write(`${JSON.stringify(entry)}\n`)
  }
}

/**
 * The terminal, opened once more so that writes do not wait while somebody has stopped it: what Node and the shell write
 * there is to wait as before. The terminal as it is, where the system does not let it be opened.
 */
function unblockedTerminal(): number {
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return 1
  }
}

function safeLine(line: string): string {
  const safe = visibleJson(line)
  if (safe.length <= LONGEST_LINE) return safe
  const { msg, ...rest } = JSON.parse(line)
  const cut = new Cut()
  // What happened is the last thing in a line, and the last to be left out.
  const happened = cut.value(msg, 0)
  return `${visibleJson(JSON.stringify({ ...(cut.value(rest, 0) as object), msg: happened }))}\n`
}

/** Cuts the values of one line: what comes first is kept, as far as there is room. */
class Cut {
  /** Characters. The other half of a line is for the last text, each character of which may take six. */
  #room = LONGEST_LINE / 2

  value(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.#text(value, LONGEST_TEXT)
    if (typeof value !== 'object' || value === null) return value
    if (depth > DEEPEST) return '…'
    if (Array.isArray(value)) return this.#some(value).map((one) => this.value(one, depth + 1))
    const entries = this.#some(Object.entries(value))
    return Object.fromEntries(entries.map(([key, one]) => [this.#text(key, LONGEST_KEY), this.value(one, depth + 1)]))
  }

  #some<T>(parts: readonly T[]): T[] {
    const most = Math.max(0, Math.min(MOST_ENTRIES, Math.floor(this.#room / ENTRY)))
    const some = parts.slice(0, most)
    this.#room -= some.length * ENTRY
    return some
  }

  #text(text: string, most: number): string {
    const short = shorten(text, Math.max(1, Math.min(most, this.#room)))
    this.#room -= visibleJson(JSON.stringify(short)).length
    return short
  }
}
