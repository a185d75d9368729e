import {
  CLASS,
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON_BYTE,
  COMMA,
  closingQuote,
  LITERAL,
  LITERAL_START,
  mayBeNumber,
  NEWLINE,
  NUMBERED,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
} from './bytes.ts'
import { JsonError, parseKept } from './parse.ts'

/** Receives the values that a scanner finds. Positions are in the current chunk. */
export interface ScanHandler {
  /**
   * A value begins at `at`: the document, or a direct child of an entered container.
   *
   * @returns whether to enter the value, if it is an object or a list, to receive its direct children
   */
  begin(first: number, at: number): boolean
  /** The name of the next value in an entered object; undefined if it is longer than `longestName`. */
  name(name: string | undefined): void
  /** The last value that began and has not ended yet ends before `at`. */
  end(chunk: Buffer, at: number): void
}

// States: what is expected next.
const VALUE = 0
const FIRST_ELEMENT = 1
const FIRST_NAME = 2
const NAME = 3
const COLON = 4
const AFTER_VALUE = 5
const NOTHING = 6
// States inside a token that may continue in the next chunk.
const IN_STRING = 7
const IN_NAME = 8
const AT_NAME = 9
const IN_LITERAL = 10

const EXPECTED = ['a value', 'a value or ]', 'a name or }', 'a name', 'a colon', 'a comma, } or ]', 'nothing']

/**
 * The deepest nesting of a text, in levels: each takes a byte of memory. The API server accepts at most 10,000. Source:
 * sigs.k8s.io/json, internal/golang/encoding/json/scanner.go, maxNestingDepth.
 */
const DEEPEST = 1024 * 1024

/** The longest form of one UTF-16 unit in a name, in bytes: `\u0000`. */
const ESCAPE = 6

/**
 * Reads the structure of JSON texts in UTF-8, chunk by chunk, without recursion. It reads no byte more than twice, and
 * holds one byte for each open container. It does not check strings, numbers and literals.
 */
export class Scanner {
  /** The objects, lists and scalars so far. One whose name may be a number counts as NUMBERED more. */
  values = 0
  /** The number of open objects and lists. */
  depth = 0
  /** The largest `depth` so far. Users may reset it. */
  deepest = 0
  readonly #handler: ScanHandler
  readonly #longestName: number
  readonly #lines: boolean
  #state = VALUE
  /** The length of all earlier chunks, in bytes. */
  #read = 0
  /** The opening byte of each open container. */
  #open = new Uint8Array(64)
  /** How many of the open containers are entered. */
  #entered = 0
  /** Whether the next byte, in a string, follows a backslash. */
  #escaped = false
  #name: Buffer[] = []
  #nameLength = 0

  /**
   * @param longestName the length of the longest name that matters, in UTF-16 units
   * @param lines whether each line is a document
   */
  constructor(handler: ScanHandler, longestName: number, lines: boolean) {
    this.#handler = handler
    this.#longestName = longestName * ESCAPE
    this.#lines = lines
  }

  /** Returns the position in the whole text, in bytes, of `at` in the current chunk. */
  offset(at: number): number {
    return this.#read + at
  }

  /** @throws JsonError; do not use the scanner after that */
  push(chunk: Buffer): void {
    const { length } = chunk
    let at = 0
    while (at < length) {
      if (this.#state >= IN_STRING) {
        at = this.#state === IN_LITERAL ? this.#inLiteral(chunk, at) : this.#inString(chunk, at)
        continue
      }
      const byte = chunk[at] as number
      if (CLASS[byte] !== SPACE) this.#token(byte, chunk, at)
      else if (byte === NEWLINE && this.#lines && this.depth > 0) throw this.#unexpected(at)
      at += 1
    }
    this.#read += length
  }

  /** @throws JsonError if the last document is incomplete, or if a required document is missing */
  end(): void {
    if (this.#state === IN_LITERAL && this.depth === 0) this.#endValue(Buffer.alloc(0), 0)
    const complete = this.#state === NOTHING || (this.#lines && this.#state === VALUE && this.depth === 0)
    if (!complete)
      throw new JsonError(this.#read === 0 ? 'it is empty' : `it ends too early, after ${this.#read} bytes`)
  }

  /** Handles one byte outside of strings and literals that is not a space. */
  #token(byte: number, chunk: Buffer, at: number): void {
    const state = this.#state
    if (state === AFTER_VALUE && byte === COMMA) this.#state = this.#open[this.depth - 1] === OPEN_OBJECT ? NAME : VALUE
    else if (state === COLON && byte === COLON_BYTE) this.#state = VALUE
    else if (byte === QUOTE && (state === NAME || state === FIRST_NAME)) this.#state = AT_NAME
    else if (byte === CLOSE_OBJECT && (state === AFTER_VALUE || state === FIRST_NAME))
      this.#close(OPEN_OBJECT, chunk, at)
    else if (byte === CLOSE_LIST && (state === AFTER_VALUE || state === FIRST_ELEMENT))
      this.#close(OPEN_LIST, chunk, at)
    else if (state === VALUE || state === FIRST_ELEMENT) this.#beginValue(byte, at)
    else throw this.#unexpected(at)
  }

  #beginValue(byte: number, at: number): void {
    const container = byte === OPEN_OBJECT || byte === OPEN_LIST
    if (!container && byte !== QUOTE && CLASS[byte] !== LITERAL_START) throw this.#unexpected(at)
    const enter = this.depth === this.#entered && this.#handler.begin(byte, at)
    this.values += 1
    if (!container) {
      this.#state = byte === QUOTE ? IN_STRING : IN_LITERAL
      return
    }
    if (this.depth === DEEPEST) throw new JsonError(`byte ${this.offset(at)}: more than ${DEEPEST} levels of nesting`)
    if (this.depth === this.#open.length) this.#open = grown(this.#open)
    this.#open[this.depth] = byte
    this.depth += 1
    if (this.depth > this.deepest) this.deepest = this.depth
    if (enter) this.#entered += 1
    this.#state = byte === OPEN_OBJECT ? FIRST_NAME : FIRST_ELEMENT
  }

  #close(opening: number, chunk: Buffer, at: number): void {
    if (this.#open[this.depth - 1] !== opening) throw this.#unexpected(at)
    if (this.#entered === this.depth) this.#entered -= 1
    this.depth -= 1
    this.#endValue(chunk, at + 1)
  }

  #endValue(chunk: Buffer, at: number): void {
    if (this.depth === this.#entered) this.#handler.end(chunk, at)
    if (this.depth > 0) this.#state = AFTER_VALUE
    else this.#state = this.#lines ? VALUE : NOTHING
  }

  /** Continues a literal. Returns the position after it. */
  #inLiteral(chunk: Buffer, at: number): number {
    while (at < chunk.length && (CLASS[chunk[at] as number] as number) >= LITERAL) at += 1
    if (at < chunk.length) this.#endValue(chunk, at)
    return at
  }

  /** Continues a string. Returns the position after it. */
  #inString(chunk: Buffer, from: number): number {
    const end = closingQuote(chunk, this.#escaped ? from + 1 : from)
    this.#escaped = end > chunk.length
    const quote = Math.min(end, chunk.length)
    if (this.#state === IN_STRING) {
      if (quote < chunk.length) this.#endValue(chunk, quote + 1)
      return quote + 1
    }
    if (this.#state === AT_NAME && mayBeNumber(chunk[from] as number)) this.values += NUMBERED
    this.#state = IN_NAME
    if (this.depth === this.#entered) this.#takeName(chunk, from, quote)
    if (quote < chunk.length) this.#state = COLON
    return quote + 1
  }

  /** Adds a part of a name, and ends the name if a quote is at `to`. It holds no more than `longestName`. */
  #takeName(chunk: Buffer, from: number, to: number): void {
    this.#nameLength += to - from
    const matters = this.#nameLength <= this.#longestName
    if (to === chunk.length) {
      if (matters) this.#name.push(Buffer.from(chunk.subarray(from, to)))
      return
    }
    const earlier = this.#name
    this.#name = []
    this.#nameLength = 0
    if (!matters) this.#handler.name(undefined)
    else if (earlier.length === 0) this.#handler.name(unescaped(chunk.toString('utf8', from, to)))
    else this.#handler.name(unescaped(Buffer.concat([...earlier, chunk.subarray(from, to)]).toString()))
  }

  #unexpected(at: number): JsonError {
    return new JsonError(`byte ${this.offset(at)}: ${EXPECTED[this.#state]} was expected`)
  }
}

function unescaped(raw: string): string {
  return raw.includes('\\') ? (parseKept(`"${raw}"`) as string) : raw
}

function grown(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const more = new Uint8Array(bytes.length * 2)
  more.set(bytes)
  return more
}
