import { type DestinationStream, type Logger, pino } from 'pino'
import { shorten, visibleJson } from '../policy/quote.ts'

/** Longest line of the log, in characters: what container runtimes keep in one piece (containerd, CRI logging). */
const LONGEST_LINE = 16 * 1_024

/** Of a line that is longer: the longest text and the longest key in characters, the most entries, and levels. */
const LONGEST_TEXT = 1_024
const LONGEST_KEY = 64
const MOST_ENTRIES = 64
const DEEPEST = 6

/** Characters that an entry needs beside its texts: a number, a comma, brackets. */
const ENTRY = 24

/**
 * The server's log: a JSON object a line, which holds nothing that a terminal would obey or hide, and is never longer
 * than 16 KiB, since requests and files bring texts of any length.
 *
 * @param destination standard output without it
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino({ level, base: null, hooks: { streamWrite: safeLine } }, destination ?? pino.destination(1))
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
