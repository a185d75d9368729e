import { getHeapStatistics } from 'node:v8'
import { Composer, type CST, type Document, isNode, Lexer, LineCounter, Parser } from 'yaml'
import { LimitedValues, ValueError } from './values.ts'

/** An object from a YAML or JSON text. Lines are counted from 1. */
export interface ObjectDocument {
  readonly object: Record<string, unknown>
  /** The line where the object begins. */
  readonly line: number
  /** The line of a field, such as `spec.rules[0]`; of what encloses it, where the field itself is not written. */
  lineOf(field: string): number
}

/** A text that is no YAML, or a document that is no object; `line` counts from 1. */
export class DocumentError extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/**
 * Levels of nesting that are read. The schemas of CustomResourceDefinitions, the deepest objects there are, have about
 * 100. The YAML library calls itself for each level, and some of its steps cost as much as there are levels.
 */
const DEEPEST = 256

/**
 * Memory that a token of YAML needs while its document is read, in bytes: 200 to 400 were measured. A token is a scalar,
 * its beginning, a sign, a line's indentation or its end; an ordinary line has eight.
 */
const TOKEN_WEIGHT = 512

/**
 * Characters of a text that weigh as much as a token: the YAML library composes a quoted text of single characters, of 32
 * bytes each. A line in a text weighs as much, too: 150 bytes were measured.
 */
const CHARACTERS = 16

/** How much YAML may be read yet. */
export interface Room {
  /** In tokens; what is read is taken off. */
  tokens: number
  /** What to do where there is more. */
  readonly remedy: string
}

/** As much YAML as memory holds, so that more is refused before memory is exhausted. */
export const wholeMemory = (): Room => ({
  tokens: Math.floor(getHeapStatistics().heap_size_limit / TOKEN_WEIGHT),
  remedy: 'read fewer files at once, or give Node more memory with NODE_OPTIONS=--max-old-space-size=MEGABYTES',
})

/** Tokens after which a slice of the reading is over. They take about a millisecond. */
const SLICE = 1_024

/**
 * The objects of a text, in order: each document of a YAML stream, and each item where a document is a `List`. Empty
 * documents are left out. Anchors, aliases and merge keys (`<<`) mean what they mean to kubectl. Time and memory are
 * bounded by the length of the text.
 *
 * @throws DocumentError for the first thing that is wrong
 */
export function parseObjects(text: string, room = wholeMemory()): ObjectDocument[] {
  return [...readObjectsOf(text, room)].filter((one) => one !== undefined)
}

/**
 * The same in slices: undefined comes where the caller may do something else before it goes on.
 *
 * @throws DocumentError for the first thing that is wrong
 */
export function* readObjectsOf(text: string, room: Room): Generator<ObjectDocument | undefined> {
  const lines = new LineCounter()
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line)
  const values = new LimitedValues(lineAt)
  for (const document of documentsOf(text, lines, lineAt, room)) {
    if (document) yield* objectsOf(document, values, lineAt)
    yield undefined
  }
}

type LineAt = (offset: number) => number

/** The documents of a stream; undefined at the end of each slice. */
function* documentsOf(text: string, lines: LineCounter, lineAt: LineAt, room: Room): Generator<Document | undefined> {
  const composer = new Composer({ uniqueKeys: false, merge: true })
  stopAtFirstError(composer, lineAt)
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  let count = 0
  for (const lexeme of new Lexer().lex(text)) {
    room.tokens -= weightOf(lexeme)
    if (room.tokens < 0)
      throw new DocumentError(
        lineAt(parser.offset),
        `there is more YAML up to here than is read at once: ${room.remedy}`,
      )
    if (parser.stack.length > DEEPEST)
      throw new DocumentError(lineAt(parser.offset), `this is nested more than ${DEEPEST} levels deep`)
    for (const token of parser.next(lexeme)) yield* composed(composer, token, lineAt)
    count += 1
    if (count % SLICE === 0) yield undefined
  }
  for (const token of parser.end()) yield* composed(composer, token, lineAt)
  for (const document of composer.end()) yield whole(document, lineAt)
}

/** In tokens. */
function weightOf(lexeme: string): number {
  let weight = 1 + Math.floor(lexeme.length / CHARACTERS)
  for (let end = lexeme.indexOf('\n'); end !== -1; end = lexeme.indexOf('\n', end + 1)) weight += 1
  return weight
}

/** What a token of the stream completes: usually the document before it. */
function* composed(composer: Composer, token: CST.Token, lineAt: LineAt): Generator<Document> {
  if (token.type === 'error') throw new DocumentError(lineAt(token.offset), firstLine(token.message))
  if (token.type === 'document') refuseCollectionsAsKeys(token, lineAt)
  for (const document of composer.next(token)) yield whole(document, lineAt)
}

function whole(document: Document, lineAt: LineAt): Document {
  const [error] = document.errors
  if (error) throw new DocumentError(lineAt(error.pos[0]), firstLine(error.message))
  return document
}

/** JSON has no such keys. They are refused before they are composed, which would read them once for each level. */
function refuseCollectionsAsKeys(document: CST.Document, lineAt: LineAt): void {
  const rest: (CST.Token | undefined)[] = [document.value]
  while (rest.length > 0) {
    const token = rest.pop()
    if (!token || !('items' in token)) continue
    for (const { key, value } of token.items) {
      if (key && 'items' in key) throw new DocumentError(lineAt(key.offset), 'a list or an object cannot be a key')
      if (value) rest.push(value)
    }
  }
}

/**
 * One error is all that is told, and a text may hold as many as it has characters. The library catches what is thrown at
 * each level and reports it once more, hence the first is kept.
 */
function stopAtFirstError(composer: Composer, lineAt: LineAt): void {
  let first: DocumentError | undefined
  const onError = (source: ErrorSource, _code: string, message: string, warning?: boolean) => {
    if (warning) return
    first ??= new DocumentError(lineAt(offsetOf(source)), firstLine(message))
    throw first
  }
  Object.assign(composer, { onError })
}

type ErrorSource = number | readonly [number, ...unknown[]] | { readonly offset: number }

function offsetOf(source: ErrorSource): number {
  if (typeof source === 'number') return source
  return 'offset' in source ? source.offset : source[0]
}

function* objectsOf(document: Document, values: LimitedValues, lineAt: LineAt): Generator<ObjectDocument> {
  const { contents } = document
  const line = isNode(contents) && contents.range ? lineAt(contents.range[0]) : 1
  const value = plain(document, values)
  if (value === null || value === undefined) return
  if (!isObject(value)) throw new DocumentError(line, 'this document is no object')
  for (const { item, path } of itemsOf(value)) {
    const begin = values.lineOf(value, line, path)
    if (!isObject(item)) throw new DocumentError(begin, 'this item of a list is no object')
    yield { object: item, line: begin, lineOf: (field) => values.lineOf(item, begin, stepsOf(field)) }
  }
}

function plain(document: Document, values: LimitedValues): unknown {
  try {
    return values.valueOf(document.contents)
  } catch (error) {
    if (error instanceof ValueError) throw new DocumentError(error.line, error.message)
    throw error
  }
}

function itemsOf(object: Record<string, unknown>): { item: unknown; path: (string | number)[] }[] {
  const isList = typeof object.kind === 'string' && object.kind.endsWith('List') && Array.isArray(object.items)
  if (!isList) return [{ item: object, path: [] }]
  return (object.items as unknown[]).map((item, index) => ({ item, path: ['items', index] }))
}

/** `spec.rules[0]` as `['spec', 'rules', 0]`. */
function stepsOf(field: string): (string | number)[] {
  return (field.match(/[^.[\]]+|\[\d+\]/g) ?? []).map((step) =>
    step.startsWith('[') ? Number(step.slice(1, -1)) : step,
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
