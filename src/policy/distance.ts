/** Returns how many characters must be added, removed or changed to turn one text into the other (Levenshtein). */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [index, character] of [...a].entries()) {
    const next = [index + 1]
    for (const [column, other] of [...b].entries()) {
      const kept = (row[column] as number) + (character === other ? 0 : 1)
      next.push(Math.min(kept, (row[column + 1] as number) + 1, (next[column] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

/** The longest text that is compared with words, in characters: longer than any option or kind. */
const LONGEST = 80

/** The most characters in which a word differs from a text that is meant for it, and the part of the longer one that they may be. */
const MOST = 3
const PART = 0.6

/** Returns the word that a text is probably meant for; undefined if it resembles none. */
export function nearestWord(text: string, words: readonly string[]): string | undefined {
  if (text.length > LONGEST) return undefined
  const compared = words.map((word) => ({ word, off: distance(text, word) }))
  const near = compared.filter(({ word, off }) => off <= MOST && off < PART * Math.max(word.length, text.length))
  return near.toSorted((a, b) => a.off - b.off)[0]?.word
}
