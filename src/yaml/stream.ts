/** A part of a text that kubectl reads separately. */
export interface Chunk {
  /** The text, with `\n` in place of each character at which kubectl begins a new line. */
  readonly text: string
  /** The text as written, except that `\r\n` is `\n`; as long as `text`. */
  readonly written: string
  /** Whether the part is YAML with a line separator that kubectl keeps in strings, unlike the YAML library. */
  readonly isSeparated: boolean
  /** Whether the part is JSON, which kubectl does not read as YAML. */
  readonly isJson: boolean
  /** The first line of the part, counted from 1. */
  readonly line: number
  /** The first column of the part in that line, counted from 1. */
  readonly column: number
}

/** An error in a text: it is not YAML, or a document is not an object. `line` counts from 1. */
export class DocumentError extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/** An error in a document that is YAML, but has a value that this parser does not read as kubectl does. */
export class ValueError extends DocumentError {}

/** How far kubectl looks for the opening brace of JSON, in bytes from the beginning of the text. */
const LOOKED_AT = 4_096

/**
 * Splits a text into the parts that kubectl reads separately. If the text begins with a brace, these are JSON values,
 * until one of the first two is not JSON. The rest is split at lines that begin with `---`.
 *
 * Source: k8s.io/apimachinery/pkg/util/yaml/decoder.go, YAMLOrJSONDecoder and YAMLReader.
 *
 * @throws DocumentError where kubectl would stop
 */
export function* chunksOf(text: string): Generator<Chunk> {
  const rest = { from: 0, line: 1 }
  if (/^[ \t\r\n]*\{/.test(text.slice(0, LOOKED_AT))) yield* jsonOf(text, rest)
  yield* yamlOf(text, rest)
}

/** The beginning of the unread rest of a text. */
interface Rest {
  from: number
  line: number
}

function* jsonOf(text: string, rest: Rest): Generator<Chunk> {
  for (let count = 0; ; count += 1) {
    const begin = afterSpace(text, rest.from)
    const line = rest.line + newlines(text, rest.from, begin)
    const end = endOfValue(text, begin)
    const value = text.slice(begin, end)
    if (begin === text.length) {
      Object.assign(rest, { from: begin, line })
      return
    }
    const problem = jsonProblem(value)
    if (problem !== undefined && count > 1)
      throw new DocumentError(line, `this is not JSON, unlike the text before it: ${problem}`)
    if (problem !== undefined) {
      // kubectl skips white space up to the end of the line.
      BLANK.lastIndex = rest.from
      const blank = BLANK.exec(text)?.[0] ?? ''
      Object.assign(rest, { from: rest.from + blank.length, line: rest.line + (blank.endsWith('\n') ? 1 : 0) })
      return
    }
    const column = begin - text.lastIndexOf('\n', begin - 1)
    yield { text: value, written: value, isSeparated: false, isJson: true, line, column }
    Object.assign(rest, { from: end, line: line + newlines(text, begin, end) })
  }
}

/** White space by Go's unicode.IsSpace, up to the end of the line. */
const BLANK = /[\t\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*\n?/y

function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function afterSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at += 1
  return at
}

/** Returns the end of the value that begins here, if it is JSON. */
function endOfValue(text: string, begin: number): number {
  let depth = 0
  for (let at = begin; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '"') at = endOfString(text, at)
    else if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') depth -= 1
    else if (depth > 0 || !' \t\r\n'.includes(character)) continue
    else return at
    if (depth <= 0) return at + 1
  }
  return text.length
}

function endOfString(text: string, begin: number): number {
  for (let at = text.indexOf('"', begin + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0
    while (text.charAt(at - 1 - escapes) === '\\') escapes += 1
    if (escapes % 2 === 0) return at
  }
  return text.length
}

function* yamlOf(text: string, rest: Rest): Generator<Chunk> {
  let { from: begin, line } = rest
  for (let at = separator(text, begin, begin); at !== -1; at = separator(text, begin, at + 1)) {
    const end = endOfLine(text, at)
    const beside = text.slice(at + 3, end).trim()
    const separatorLine = line + newlines(text, begin, at)
    if (beside !== '' && !beside.startsWith('#'))
      throw new DocumentError(separatorLine, 'only a comment may follow --- on its line')
    // A separator at the beginning does not end a part.
    if (at === begin) continue
    yield yaml(text.slice(begin, at), line)
    begin = end
    line = separatorLine + 1
  }
  if (begin < text.length) yield yaml(text.slice(begin), line)
}

/** Returns the beginning of the next line with a separator, or -1; the part begins at `first`. */
function separator(text: string, first: number, from: number): number {
  if (from === first && text.startsWith('---', from)) return from
  const at = text.indexOf('\n---', Math.max(first, from - 1))
  return at === -1 ? -1 : at + 1
}

/** Returns the position after the end of the line. */
function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from)
  return at === -1 ? text.length : at + 1
}

/**
 * The characters that kubectl rejects but the YAML library does not, and a byte order mark at the beginning of a line,
 * which kubectl reads as a space that indents the line.
 *
 * Source: go.yaml.in/yaml/v2, readerc.go (the allowed characters), scannerc.go (yaml_parser_scan_to_next_token).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression finds control characters
const REFUSED = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|\n\ufeff/

/** The characters at which kubectl begins a new line, but the YAML library does not. Source: go.yaml.in/yaml/v2, yamlprivateh.go (is_break). */
const BREAKS = /[\r\x85\u2028\u2029]/g

/** Those that kubectl keeps in a string. Source: go.yaml.in/yaml/v2, scannerc.go (read_line). */
export const SEPARATORS = /[\u2028\u2029]/

function yaml(part: string, line: number): Chunk {
  // kubectl also ends the last line.
  const unix = part.includes('\r') ? part.replaceAll('\r\n', '\n') : part
  const written = unix.endsWith('\n') ? unix : `${unix}\n`
  const text = written.replace(BREAKS, '\n')
  const refused = REFUSED.exec(text)
  if (refused) throw new DocumentError(line + newlines(written, 0, refused.index + 1), refusal(refused[0]))
  return { text, written, isSeparated: SEPARATORS.test(written), isJson: false, line, column: 1 }
}

function refusal(found: string): string {
  if (found.startsWith('\n')) return 'a byte order mark is allowed only at the beginning of a document'
  const name = `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  return `this line holds ${name}, which YAML does not allow: remove it, or write it as an escape in double quotes`
}

/** Counts the line ends of a part. Cuts the part off first, since a search in the whole text would go beyond its end. */
function newlines(text: string, from: number, to: number): number {
  const part = text.slice(from, to)
  let count = 0
  for (let at = part.indexOf('\n'); at !== -1; at = part.indexOf('\n', at + 1)) count += 1
  return count
}
