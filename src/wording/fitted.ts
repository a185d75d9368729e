import { isPlain } from '../policy/path.ts'
import { escapedCharacters } from './quote.ts'

/** A foreign text in a sentence: one that refgrant did not write. */
interface Part {
  readonly text: string
  readonly quoted: boolean
  /** How many times the length of a part of weight 1 this part may have, if the sentence is too long. */
  readonly weight: number
}

/** Returns a name, in quotes. */
export const name = (text: string): Part => ({ text, quoted: true, weight: 1 })

/** Returns a group or a kind, in quotes only if it has characters that the API does not allow. */
export const word = (text: string): Part => ({ text, quoted: !isPlain(text), weight: 1 })

/** Returns the path of a field, which is shortened last: a reader cannot find a field by a part of its path. */
export const field = (text: string): Part => ({ text, quoted: false, weight: 5 })

/** The characters that replace the middle of a shortened text: a digest between two ellipses. */
const DIGEST = 7
const LEFT_OUT = DIGEST + 2

/** How much of each end of a text its digest covers, in UTF-16 units; names in Kubernetes have at most 253. */
const DIGESTED = 16_384

/** A piece of a sentence: fixed words, or a foreign text. */
export type Piece = string | Part

/**
 * Makes sentences of at most `limit` characters (code points). Shortens foreign texts in the middle, the longest first.
 * A digest of the whole text replaces the middle, so that two different texts still differ. Escapes foreign texts as
 * `quote` does.
 *
 * @returns a template tag; the fixed words must leave 11 characters for each foreign text
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

/** Returns the escaped characters of a foreign text; of a very long text only both ends, which hold more than is shown. */
function charactersOf({ text, quoted }: Part, limit: number): string[] {
  const long = text.length > 2 * limit
  const characters = escapedCharacters(long ? `${text.slice(0, limit)}${text.slice(-limit)}` : text)
  return quoted ? ['"', ...characters, '"'] : characters
}

/** Returns both ends of a text around its digest, in at most `most` characters. Does not cut an escape. */
function shortened({ text, quoted, characters }: Part & { characters: readonly string[] }, most: number): string {
  const marks = quoted ? ['"'] : []
  const ends = most - LEFT_OUT - 2 * marks.length
  const inner = quoted ? characters.slice(1, -1) : characters
  const head = fill(inner, Math.ceil(ends / 2))
  const tail = fill(inner.toReversed(), Math.floor(ends / 2)).reverse()
  return [...marks, ...head, `…${digest(text)}…`, ...tail, ...marks].join('')
}

/** Returns the first characters, as many as fit into `room`. */
function fill(characters: readonly string[], room: number): string[] {
  const taken: string[] = []
  for (const character of characters) {
    room -= lengthOf([character])
    if (room < 0) break
    taken.push(character)
  }
  return taken
}

/** Returns the length of texts together, in code points. */
export function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + (text.length === 1 ? 1 : [...text].length), 0)
}

/**
 * Returns a digest of 32 bits (FNV-1a over the UTF-16 units). Reads only the ends and the length of a very long text,
 * which bounds the time for one line to 1 ms.
 */
function digest(text: string): string {
  const long = text.length > 2 * DIGESTED
  const read = long ? `${text.slice(0, DIGESTED)}${text.slice(-DIGESTED)}${text.length}` : text
  let hash = 0x811c9dc5
  for (let index = 0; index < read.length; index += 1) hash = Math.imul(hash ^ read.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(36).padStart(DIGEST, '0')
}
