import { constants, openSync, writeSync } from 'node:fs'
import { type DestinationStream, type Logger, pino } from 'pino'
import { shorten, visibleJson } from '../wording/quote.ts'

/** The longest line of the log, in characters: container runtimes split longer ones (containerd, CRI logging). */
const LONGEST_LINE = 16 * 1_024

/** The limits of a longer line: the longest text and the longest key in characters, the most entries, and levels. */
const LONGEST_TEXT = 1_024
const LONGEST_KEY = 64
const MOST_ENTRIES = 64
const DEEPEST = 6

/** The characters of an entry without its texts: a number, a comma, brackets. */
const ENTRY = 24

/** The most bytes of lines that wait for standard output: some thousands of denials. */
const MOST_WAITING = 1_024 * 1_024

/** The time between two attempts to write waiting lines, in ms: short for a reader, and cheap. */
const RETRY = 100

/**
 * Creates the server's log: one JSON object per line, with the name of its level and an ISO 8601 time in UTC. Escapes what
 * a terminal would interpret or hide, and shortens lines to 16 KiB, since requests and files may hold texts of any length.
 *
 * @param destination default: standard output
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const formatters = { level: (name: string) => ({ level: name }) }
  const format = { formatters, timestamp: pino.stdTimeFunctions.isoTime }
  return pino({ level, base: null, ...format, hooks: { streamWrite: safeLine } }, destination ?? new StandardOutput())
}

/**
 * Writes to standard output without failing or blocking: a full disk or a stopped reader must not stop the server. Lines
 * that cannot be written wait, up to a limit; further lines are dropped, and a line says how many.
 */
class StandardOutput implements DestinationStream {
  #waiting: Buffer[] = []
  /** The waiting bytes. */
  #size = 0
  /** The dropped lines. */
  #dropped = 0
  readonly #file = process.stdout.isTTY ? unblockedTerminal() : 1

  constructor() {
    // Opening the stream makes a pipe non-blocking. Lines do not go through the stream, which its first error would close.
    process.stdout.on('error', () => {})
    process.on('exit', () => this.#flush())
  }

  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#size + bytes.length > MOST_WAITING) {
      this.#dropped += 1
      return
    }
    this.#waiting.push(bytes)
    this.#size += bytes.length
    // One write serves all lines of a turn of the event loop. If earlier lines wait for a reader, their timer also writes this.
    if (this.#waiting.length === 1) setImmediate(this.#flush)
  }

  readonly #flush = () => {
    if (this.#waiting.length === 0) return
    let rest = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting)
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#file, rest))
    } catch (error) {
      this.#waiting = [rest]
      this.#size = rest.length
      const timer = setTimeout(this.#flush, RETRY)
      // A stopping server waits for a slow reader of its last lines, but not for other errors.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') timer.unref()
      return
    }
    this.#waiting = []
    this.#size = 0
    if (this.#dropped === 0) return
    this.#tellDropped()
    this.#flush()
  }

  #tellDropped(): void {
    const lines = this.#dropped
    this.#dropped = 0
    const entry = { level: 'warn', time: new Date().toISOString(), lines, msg: 'dropped log lines' }
    this.write(`${JSON.stringify(entry)}\n`)
  }
}

/**
 * Opens the terminal a second time, without blocking, so that the server does not wait while a user has paused it. Node
 * and the shell keep their blocking terminal. Returns standard output if the system does not allow that.
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
  // The message is the last part of a line, and the last to be left out.
  const happened = cut.value(msg, 0)
  return `${visibleJson(JSON.stringify({ ...(cut.value(rest, 0) as object), msg: happened }))}\n`
}

/** Shortens the values of one line: keeps the first ones, up to a number of characters. */
class Cut {
  /** The remaining characters. The other half of a line is for the last text, since an escaped character takes six. */
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
