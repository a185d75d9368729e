import { isPlain } from '../policy/path.ts'
import { escapedCharacters } from './quote.ts'

/** A foreign text in a sentence. */
interface Part {
  readonly text: string
  readonly quoted: boolean
  /** How much more room it is given than others, when there is not enough for all. */
  readonly weight: number
}

/** A name, in quotes. */
export const name = (text: string): Part => ({ text, quoted: true, weight: 1 })

/** A group or kind: without quotes if it is one by the API's rules, so that ordinary sentences read well. */
export const word = (text: string): Part => ({ text, quoted: !isPlain(text), weight: 1 })

/** The path of a field, shortened last: no grant and no search finds a field by a part of it. */
export const field = (text: string): Part => ({ text, quoted: false, weight: 5 })

/** What stands in a shortened text in place of what is left out, in characters: a digest between two ellipses. */
const DIGEST = 7
const LEFT_OUT = DIGEST + 2

/** How much of each end of a text its digest covers, in UTF-16 units; names of Kubernetes have 253 at most. */
const DIGESTED = 16_384

/** A piece of a sentence: fixed words, or a foreign text. */
export type Piece = string | Part

/**
 * A sentence of at most `limit` characters (code points): as many of the foreign texts as necessary, the longest first,
 * are shortened in the middle. A digest of the whole stands there, so that texts that differ anywhere still do so.
 * Foreign texts are escaped as by `quote`.
 *
 * @returns a template tag; fixed words must leave 11 characters to each foreign text
 */
export function fitted(limit: number) {
  return (words: TemplateStringsArray, ...inserted: readonly (Piece | readonly Piece[])[]): string => {
    const pieces = words
      .flatMap((fixed, index) => [fixed, inserted[index] ?? []].flat())
      .map((piece) => {
        if (typeof piece === 'string') return { characters: [piece], quoted: false, weight: Infinity, text: piece }
        return { ...piece, characters: charactersOf(piece, limit) }
      })
    const lengths = pieces.map(({ characters }) => lengthOf(characters))
    const capped = (cap: number) =>
      pieces.reduce((sum, { weight }, index) => sum + Math.min(lengths[index] as number, cap * weight), 0)
    let cap = limit
    while (cap > 1 && capped(cap) > limit) cap -= 1
    return pieces
      .map((piece, index) => {
        const most = cap * piece.weight
        return (lengths[index] as number) <= most ? piece.characters.join('') : shortened(piece, most)
      })
      .join('')
  }
}

/** A foreign text as it is shown, by characters; of a very long one, more of both ends than can be shown. */
function charactersOf({ text, quoted }: Part, limit: number): string[] {
  const long = text.length > 2 * limit
  const characters = escapedCharacters(long ? `${text.slice(0, limit)}${text.slice(-limit)}` : text)
  return quoted ? ['"', ...characters, '"'] : characters
}

/** Both ends of a text around its digest, in at most `most` characters. No escape is cut. */
function shortened({ text, quoted, characters }: Part & { characters: readonly string[] }, most: number): string {
  const marks = quoted ? ['"'] : []
  const ends = most - LEFT_OUT - 2 * marks.length
  const inner = quoted ? characters.slice(1, -1) : characters
  const head = fill(inner, Math.ceil(ends / 2))
  const tail = fill(inner.toReversed(), Math.floor(ends / 2)).reverse()
  return [...marks, ...head, `…${digest(text)}…`, ...tail, ...marks].join('')
}

/** As many of the first characters as there is room for. */
function fill(characters: readonly string[], room: number): string[] {
  const taken: string[] = []
  for (const character of characters) {
    room -= lengthOf([character])
    if (room < 0) break
    taken.push(character)
  }
  return taken
}

/** Code points. */
function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + (text.length === 1 ? 1 : [...text].length), 0)
}

/**
 * 32 bits of a text (FNV-1a over its UTF-16 units). Of a very long one only the ends and the length count, which bounds
 * the work for one line to 1 ms.
 */
function digest(text: string): string {
  const long = text.length > 2 * DIGESTED
  const read = long ? `${text.slice(0, DIGESTED)}${text.slice(-DIGESTED)}${text.length}` : text
  let hash = 0x811c9dc5
  for (let index = 0; index < read.length; index += 1) hash = Math.imul(hash ^ read.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(36).padStart(DIGEST, '0')
}
