import { getHeapStatistics } from 'node:v8'
import { Composer, type CST, type Document, isNode, Lexer, LineCounter, Parser } from 'yaml'
import type { Span } from '../policy/finding.ts'
import type { Range } from './ranges.ts'
import { type Chunk, chunksOf, DocumentError, ValueError } from './stream.ts'
import { syntaxSentence } from './syntax.ts'
import { LimitedValues, NO_KEY } from './values.ts'

export { DocumentError, ValueError } from './stream.ts'

/** A value from a YAML or JSON text. */
export interface ValueDocument {
  readonly value: unknown
  /** Returns where a part is, by keys and indexes; where the nearest enclosing part is if that part is absent. */
  spanAt(steps: readonly (string | number)[]): Span
}

/**
 * The maximum depth of nesting. CustomResourceDefinitions, the deepest objects, have about 100 levels in their schemas.
 * The YAML library recurses for each level, and some of its steps cost time in proportion to the depth.
 */
const DEEPEST = 256

/**
 * The memory of a token of YAML while its document is read, in bytes: measured at 200 to 400. A token is a scalar, its
 * beginning, an indicator, the indentation of a line or its end; an ordinary line has eight.
 */
const TOKEN_WEIGHT = 512

/**
 * The characters of a string that count as one token: the YAML library composes a quoted string of single characters, of
 * 32 bytes each. A line of a string counts as one token, too: measured at 150 bytes.
 */
const CHARACTERS = 16

/** How much more YAML may be read. */
export interface Room {
  /** The remaining tokens; reading decreases the number. */
  tokens: number
  /** What the user can do about larger YAML. */
  readonly remedy: string
}

/** Returns as much room as the heap has, so that larger YAML is an error before memory is exhausted. */
export const wholeMemory = (): Room => ({
  tokens: Math.floor(getHeapStatistics().heap_size_limit / TOKEN_WEIGHT),
  remedy: 'read fewer files at once, or give Node more memory with NODE_OPTIONS=--max-old-space-size=MEGABYTES',
})

/** The tokens of one slice, which take about a millisecond. */
const SLICE = 1_024

/**
 * Returns the documents of a text, in order, without the empty ones. Reads them as kubectl does: how it splits the text
 * into documents, which scalars are strings or numbers, and which keys a merge (`<<`) sets. A text that this parser
 * cannot read as kubectl does is an error. Time and memory are bounded by the length of the text.
 *
 * @throws DocumentError for the first error
 */
export function parseDocuments(text: string, room = wholeMemory()): ValueDocument[] {
  return [...readDocumentsOf(text, room)].filter((one) => one !== undefined)
}

/**
 * Does the same in slices: yields undefined where the caller may pause.
 *
 * @throws DocumentError for the first error
 */
export function* readDocumentsOf(text: string, room: Room): Generator<ValueDocument | undefined> {
  const aliases = { values: 0 }
  for (const chunk of chunksOf(text)) {
    try {
      yield* documentsOf(chunk, aliases, room)
    } catch (error) {
      if (!(error instanceof DocumentError) || !chunk.isSeparated || error.message.includes('U+')) throw error
      const hint = 'it holds U+2028 or U+2029, where kubectl begins a new line'
      throw new DocumentError(error.line, `${error.message}; ${hint}`)
    }
    yield undefined
  }
}

function* documentsOf(chunk: Chunk, aliases: { values: number }, room: Room): Generator<ValueDocument | undefined> {
  const lines = new LineCounter()
  const positions = positionsIn(lines, chunk)
  const { lineAt } = positions
  const values = new LimitedValues(chunk, lineAt, aliases)
  let read = 0
  for (const document of composedOf(chunk, lines, lineAt, room)) {
    if (document) read += 1
    if (document && read > 1)
      throw new DocumentError(beginOf(document, lineAt), 'kubectl ignores everything from ... to the next ---')
    yield document && contentOf(document, values, positions)
  }
}

interface Positions {
  readonly lineAt: (offset: number) => number
  readonly spanOf: (range: Range) => Span
}

/** Converts offsets into lines and columns. Keeps only numbers, since a document needs it as long as its object is in use. */
function positionsIn(lines: LineCounter, { line, column }: Pick<Chunk, 'line' | 'column'>): Positions {
  const lineAt = (offset: number) => line - 1 + Math.max(1, lines.linePos(offset).line)
  const columnAt = (offset: number) => {
    const at = lines.linePos(offset)
    return at.line === 1 ? column - 1 + at.col : at.col
  }
  const spanOf = ([begin, end]: Range) => ({
    line: lineAt(begin),
    column: columnAt(begin),
    endLine: lineAt(end),
    endColumn: columnAt(end),
  })
  return { lineAt, spanOf }
}

type LineAt = Positions['lineAt']

/** Composes each scalar as a string, with the style in which it is written. */
const TEXTS = { schema: 'failsafe', resolveKnownTags: false, merge: false, uniqueKeys: false } as const

/** Yields the documents of a part of a stream, which should have one; undefined at the end of each slice. */
function* composedOf(
  { text, written, isJson }: Chunk,
  lines: LineCounter,
  lineAt: LineAt,
  room: Room,
): Generator<Document | undefined> {
  const composer = new Composer(TEXTS)
  stopAtFirstError(composer, lineAt)
  const parser = new Parser((offset) => written.charAt(offset - 1) === '\n' && lines.addNewLine(offset))
  lines.addNewLine(0)
  let count = 0
  for (const lexeme of new Lexer().lex(text)) {
    room.tokens -= weightOf(lexeme)
    if (room.tokens < 0)
      throw new DocumentError(lineAt(parser.offset), `the YAML up to here is too large to read at once: ${room.remedy}`)
    if (parser.stack.length > DEEPEST)
      throw new DocumentError(lineAt(parser.offset), `this is nested more than ${DEEPEST} levels deep`)
    for (const token of parser.next(lexeme)) yield* composed(composer, token, lineAt, isJson)
    count += 1
    if (count % SLICE === 0) yield undefined
  }
  for (const token of parser.end()) yield* composed(composer, token, lineAt, isJson)
  for (const document of composer.end()) yield whole(document, lineAt)
}

/** Returns the weight of a lexeme, in tokens. */
function weightOf(lexeme: string): number {
  let weight = 1 + Math.floor(lexeme.length / CHARACTERS)
  for (let end = lexeme.indexOf('\n'); end !== -1; end = lexeme.indexOf('\n', end + 1)) weight += 1
  return weight
}

/** Yields the documents that a token of the stream completes: usually the one before it. */
function* composed(composer: Composer, token: CST.Token, lineAt: LineAt, isJson: boolean): Generator<Document> {
  if (token.type === 'error') throw new DocumentError(lineAt(token.offset), syntaxSentence(token.message))
  if (token.type === 'document') refuseKeys(token, lineAt, isJson)
  for (const document of composer.next(token)) yield whole(document, lineAt)
}

function whole(document: Document, lineAt: LineAt): Document {
  const [error] = document.errors
  if (error) throw new DocumentError(lineAt(error.pos[0]), syntaxSentence(error.message))
  return document
}

/**
 * Rejects lists and objects as keys, which JSON does not have, before the composer reads them once for each level; and keys of
 * several lines in braces, which kubectl refuses in YAML.
 */
function refuseKeys(document: CST.Document, lineAt: LineAt, isJson: boolean): void {
  const rest: (CST.Token | undefined)[] = [document.value]
  while (rest.length > 0) {
    const token = rest.pop()
    if (!token || !('items' in token)) continue
    // In braces, an item without a colon is a key.
    const inBraces = token.type === 'flow-collection' && token.start.source === '{'
    for (const { start, key, sep, value } of token.items) {
      if (!isJson && token.type === 'flow-collection' && key && sep && isBroken(start, key, sep))
        throw new DocumentError(lineAt(key.offset), 'this key goes over several lines: write it in one, with its colon')
      const asKey = key ?? (inBraces && !sep ? value : undefined)
      if (asKey && 'items' in asKey) throw new DocumentError(lineAt(asKey.offset), NO_KEY)
      if (value) rest.push(value)
    }
  }
}

/** Whether a key without a question mark and its colon are not in one line. */
function isBroken(start: readonly CST.SourceToken[], key: CST.Token, sep: readonly CST.SourceToken[]): boolean {
  if (start.some(({ type }) => type === 'explicit-key-ind')) return false
  const colon = sep.findIndex(({ type }) => type === 'map-value-ind')
  const between = sep.slice(0, Math.max(colon, 0))
  const source = 'source' in key ? key.source : ''
  return source.includes('\n') || between.some(({ type }) => type === 'newline')
}

/**
 * Stops at the first error, since a text may have as many errors as characters. The library catches a thrown error at
 * each level and reports it again, so the first error is kept and thrown each time.
 */
function stopAtFirstError(composer: Composer, lineAt: LineAt): void {
  let first: DocumentError | undefined
  const onError = (source: ErrorSource, _code: string, message: string, warning?: boolean) => {
    if (warning) return
    first ??= new DocumentError(lineAt(offsetOf(source)), syntaxSentence(message))
    throw first
  }
  Object.assign(composer, { onError })
}

type ErrorSource = number | readonly [number, ...unknown[]] | { readonly offset: number }

function offsetOf(source: ErrorSource): number {
  if (typeof source === 'number') return source
  return 'offset' in source ? source.offset : source[0]
}

/** Returns the value of a document; undefined if it is empty. */
function contentOf(document: Document, values: LimitedValues, { spanOf }: Positions): ValueDocument | undefined {
  const value = resolved(document, values)
  if (value === null || value === undefined) return undefined
  return { value, spanAt: (steps) => spanOf(values.rangeAt(value, steps)) }
}

/** @throws ValueError */
function resolved({ contents }: Document, values: LimitedValues): unknown {
  try {
    return values.valueOf(contents)
  } catch (error) {
    throw error instanceof DocumentError ? new ValueError(error.line, error.message) : error
  }
}

function beginOf({ contents }: Document, lineAt: LineAt): number {
  return lineAt(isNode(contents) && contents.range ? contents.range[0] : 0)
}
