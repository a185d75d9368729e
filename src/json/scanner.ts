import { JsonError, parseKept } from './parse.ts'

/** What a scanner tells of the values it is asked for. Positions are in the chunk that is being read. */
export interface ScanHandler {
  /**
   * A value begins at `at`: the document, or one directly in a container that was entered.
   *
   * @returns whether to enter it, if it is an object or a list: to tell of each value directly in it
   */
  begin(first: number, at: number): boolean
  /** The name of the next value, in an object that was entered; undefined if it is longer than the longest asked for. */
  name(name: string | undefined): void
  /** The value that began last and has not ended yet ends before `at`. */
  end(chunk: Buffer, at: number): void
}

// What is expected next.
const VALUE = 0
const FIRST_ELEMENT = 1
const FIRST_NAME = 2
const NAME = 3
const COLON = 4
const AFTER_VALUE = 5
const NOTHING = 6
/** Inside a token that may go on in the next chunk. */
const IN_STRING = 7
const IN_NAME = 8
const IN_LITERAL = 9

const EXPECTED = ['a value', 'a value or ]', 'a name or }', 'a name', 'a colon', 'a comma, } or ]', 'nothing']

const NEWLINE = 0x0a
const QUOTE = 0x22
const COMMA = 0x2c
const COLON_BYTE = 0x3a
const BACKSLASH = 0x5c
export const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
export const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const SPACE = 1
const LITERAL = 2
const LITERAL_START = 3
/**
 * Levels of nesting that a text may have: each takes a byte of memory. An API server reads 10,000 at most.
 * Source: sigs.k8s.io/json, internal/golang/encoding/json/scanner.go, maxNestingDepth.
 */
const DEEPEST = 1024 * 1024

const CLASS = new Uint8Array(256)
for (const byte of Buffer.from(' \t\n\r')) CLASS[byte] = SPACE
for (const byte of Buffer.from('+.Eeralsu')) CLASS[byte] = LITERAL
for (const byte of Buffer.from('-0123456789tfn')) CLASS[byte] = LITERAL_START

/** Bytes of a string that are looked at one by one before the native search, whose call costs as much as these. */
const NEAR = 24

/** The longest form of one UTF-16 unit in a name, in bytes: `\u0000`. */
const ESCAPE = 6

/**
 * Reads the structure of JSON texts in UTF-8, chunk by chunk, without recursion: no byte is looked at more than twice, and
 * nothing is held but one byte for each open container. Strings, numbers and literals are not checked: whoever uses one
 * parses it.
 */
export class Scanner {
  /** Values so far: objects, lists and scalars; names are none. */
  values = 0
  /** Open objects and lists. */
  depth = 0
  /** The most that were open at a time; may be set back. */
  deepest = 0
  readonly #handler: ScanHandler
  readonly #longestName: number
  readonly #lines: boolean
  #state = VALUE
  /** Bytes of earlier chunks. */
  #read = 0
  /** The opening byte of each open container. */
  #open = new Uint8Array(64)
  /** How many of the open containers have been entered. */
  #entered = 0
  /** Whether the next byte, in a string, follows a backslash. */
  #escaped = false
  #name: Buffer[] = []
  #nameLength = 0

  /**
   * @param longestName the longest name that matters, in UTF-16 units
   * @param lines whether each line is a document, and not all lines together
   */
  constructor(handler: ScanHandler, longestName: number, lines: boolean) {
    this.#handler = handler
    this.#longestName = longestName * ESCAPE
    this.#lines = lines
  }

  /** Where `at`, in the chunk that is being read, is in all that has been pushed, in bytes. */
  offset(at: number): number {
    return this.#read + at
  }

  /** @throws JsonError, after which the scanner is of no use */
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

  /** @throws JsonError if the last document is not complete, or there is none and there has to be one */
  end(): void {
    if (this.#state === IN_LITERAL && this.depth === 0) this.#endValue(Buffer.alloc(0), 0)
    const complete = this.#state === NOTHING || (this.#lines && this.#state === VALUE && this.depth === 0)
    if (!complete)
      throw new JsonError(this.#read === 0 ? 'it is empty' : `it ends too early, after ${this.#read} bytes`)
  }

  /** Takes one byte that is no space, outside of strings and literals. */
  #token(byte: number, chunk: Buffer, at: number): void {
    const state = this.#state
    if (state === AFTER_VALUE && byte === COMMA) this.#state = this.#open[this.depth - 1] === OPEN_OBJECT ? NAME : VALUE
    else if (state === COLON && byte === COLON_BYTE) this.#state = VALUE
    else if (byte === QUOTE && (state === NAME || state === FIRST_NAME)) this.#state = IN_NAME
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

  /** Reads on in a literal; gives where it stopped. */
  #inLiteral(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && (CLASS[chunk[at] as number] as number) >= LITERAL) at += 1
    if (at < chunk.length) this.#endValue(chunk, at)
    return at
  }

  /** Reads on in a string; gives where it stopped. */
  #inString(chunk: Buffer, from: number): number {
    const quote = this.#closingQuote(chunk, from)
    if (this.#state === IN_STRING) {
      if (quote < chunk.length) this.#endValue(chunk, quote + 1)
      return quote + 1
    }
    if (this.depth === this.#entered) this.#takeName(chunk, from, quote)
    if (quote < chunk.length) this.#state = COLON
    return quote + 1
  }

  /** Where the quote is that closes a string; the chunk's length if it goes on in the next one. */
  #closingQuote(chunk: Buffer, from: number): number {
    const { length } = chunk
    let at = this.#escaped ? from + 1 : from
    this.#escaped = false
    for (;;) {
      const near = Math.min(at + NEAR, length)
      for (; at < near; at += 1) {
        const byte = chunk[at]
        if (byte === QUOTE) return at
        if (byte === BACKSLASH) at += 1
      }
      const quote = at < length ? chunk.indexOf(QUOTE, at) : -1
      const stop = quote < 0 ? length : quote
      // The byte at `at` follows no backslash, unless it is beyond the chunk.
      let run = stop
      while (run > at && chunk[run - 1] === BACKSLASH) run -= 1
      const escaped = at > length || (stop - run) % 2 === 1
      if (quote >= 0 && !escaped) return quote
      if (quote < 0) {
        this.#escaped = escaped
        return length
      }
      at = quote + 1
    }
  }

  /** Takes a part of a name, which ends with it if a quote is there; no more is held than a name that matters can have. */
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
