import { LONGEST_NAME } from '../policy/names.ts'

/** The longest text that is shown without quotes, in characters: longer than any path that a person types. */
const LONGEST_BARE = 1_024

/**
 * The characters that a terminal or a log viewer interprets, or does not show: control, format, private and unassigned
 * characters, halves of surrogate pairs, line separators, and ignorable characters such as variation selectors and
 * fillers. Also the second of two `#`, since Azure Pipelines, GitHub Actions and TeamCity run `##[`, `##vso[` and
 * `##teamcity[` anywhere in a line.
 */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?<=#)#/gu

/**
 * Returns a foreign text in double quotes, safe on a terminal and in a header line. Escapes quotes, backslashes, control
 * characters and other invisible characters, and cuts a text that is longer than any name. The name in a reference may hold
 * any character, since the schema bounds only its length.
 */
export function quote(text: string): string {
  const shown = text.length > LONGEST_NAME ? `${text.slice(0, whole(text, LONGEST_NAME))}…` : text
  return visible(JSON.stringify(shown))
}

/**
 * Returns a foreign text as `quote` does, with every character escaped that is not ASCII: names of Kubernetes have no others, and
 * a Cyrillic letter may look as a Latin one does.
 */
export function quoteAscii(text: string): string {
  return quote(text).replace(/[^\x20-\x7e…]/gu, escaped)
}

/**
 * Returns a foreign text, in quotes only if necessary: if it has invisible characters, is overlong, or looks like a
 * quoted text or, at the beginning of a line, like a command of GitHub Actions.
 */
export function bare(text: string): string {
  const ordinary = text.length <= LONGEST_BARE && /^[^\s:#"]/.test(text) && visible(text) === text
  return ordinary ? text : quote(text)
}

/** Returns the characters of a text, each as `quote` shows it. */
export function escapedCharacters(text: string): string[] {
  return Array.from(visible(JSON.stringify(text)).slice(1, -1).matchAll(ESCAPED), ([character]) => character)
}

/** One character, or one escape. */
const ESCAPED = /\\(u\{[\da-f]+\}|u[\da-f]{4}|.)|./gu

/** Returns a text on one line, with unsafe characters escaped. Does not cut the text or put it in quotes. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => SHORT[character] ?? escaped(character))
}

const escaped = (character: string) => `\\u{${character.codePointAt(0)?.toString(16)}}`

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Returns JSON with unsafe characters escaped in JSON's own form: `\u202e`. Its value stays the same.
 *
 * @param json a result of JSON.stringify, with or without line breaks
 */
export function visibleJson(json: string): string {
  return json.replace(UNSAFE, (character) => (character === '\n' ? character : unicodeEscapes(character)))
}

function unicodeEscapes(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/**
 * Shortens a text in the middle, since similar names often differ at their end.
 *
 * @param most the maximum length of the result, in UTF-16 units as `length` counts them; at least 1
 */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text
  const kept = most - 1
  const head = whole(text, Math.ceil(kept / 2))
  const tail = text.length - Math.floor(kept / 2)
  return `${text.slice(0, head)}…${text.slice(isInsidePair(text, tail) ? tail + 1 : tail)}`
}

/** Returns the length of the longest beginning, up to this length, that does not split a surrogate pair. */
function whole(text: string, length: number): number {
  return isInsidePair(text, length) ? length - 1 : length
}

function isInsidePair(text: string, index: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(index - 1, index + 1))
}
