/** Longest part of a foreign text that is shown, in characters: the longest name that Kubernetes allows. */
const LONGEST = 253

/** Longest text that is shown without quotes, in characters: more than any path that a person has typed. */
const LONGEST_BARE = 1_024

/**
 * What a terminal or a log viewer obeys, or does not show: control, format, private and unassigned characters, halves of
 * surrogate pairs, line separators, and what is ignorable, such as variation selectors and fillers. The second of two
 * `#` too, since Azure Pipelines, GitHub Actions and TeamCity obey `##[`, `##vso[` and `##teamcity[` anywhere in a line.
 */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?<=#)#/gu

/**
 * A foreign text in double quotes, safe on a terminal and in a header line: quotes, backslashes, control and other
 * invisible characters are escaped, and an overlong text is cut. Object names may hold any character, since the schema
 * of a reference's `name` bounds only its length.
 */
export function quote(text: string): string {
  const shown = text.length > LONGEST ? `${text.slice(0, whole(text, LONGEST))}…` : text
  return visible(JSON.stringify(shown))
}

/**
 * A foreign text without quotes where it is an ordinary one, and quoted where it is not: where it holds what cannot be
 * seen, is overlong, or could be taken for a quoted text or, at the beginning of a line, for a command to GitHub Actions.
 */
export function bare(text: string): string {
  const ordinary = text.length <= LONGEST_BARE && /^[^\s:#"]/.test(text) && visible(text) === text
  return ordinary ? text : quote(text)
}

/** The characters of a text, each as `quote` shows it. */
export function escapedCharacters(text: string): string[] {
  return Array.from(visible(JSON.stringify(text)).slice(1, -1).matchAll(ESCAPED), ([character]) => character)
}

/** One character, or one escape. */
const ESCAPED = /\\(u\{[\da-f]+\}|u[\da-f]{4}|.)|./gu

/** A text in one line, with all escaped that is not to be obeyed. It is not cut, and gets no quotes. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * JSON with the same escapes, in JSON's own form: `\u202e`. What it says stays the same.
 *
 * @param json as JSON.stringify makes it, with or without lines
 */
export function visibleJson(json: string): string {
  return json.replace(UNSAFE, (character) => (character === '\n' ? character : unicodeEscapes(character)))
}

function unicodeEscapes(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/**
 * A text that is no longer than this: one that is loses its middle, so that its end, where names differ, is kept.
 *
 * @param most length of the result at most, in UTF-16 units as `length` counts them; at least 1
 */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text
  const kept = most - 1
  const head = whole(text, Math.ceil(kept / 2))
  const tail = text.length - Math.floor(kept / 2)
  return `${text.slice(0, head)}…${text.slice(isInsidePair(text, tail) ? tail + 1 : tail)}`
}

/** The longest beginning, up to this length, that ends between characters. */
function whole(text: string, length: number): number {
  return isInsidePair(text, length) ? length - 1 : length
}

function isInsidePair(text: string, index: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(index - 1, index + 1))
}
