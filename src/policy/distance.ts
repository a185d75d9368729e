/**
 * Returns how many characters must be added, removed, changed or swapped with their neighbour to turn one text into the other
 * (optimal string alignment).
 */
export function distance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let at = 0; at < a.length; at += 1) {
    const next = [at + 1]
    for (let to = 0; to < b.length; to += 1) {
      const kept = (row[to] as number) + (a[at] === b[to] ? 0 : 1)
      const swapped = a[at] === b[to - 1] && a[at - 1] === b[to] ? (before[to - 1] as number) + 1 : Infinity
      next.push(Math.min(kept, swapped, (row[to + 1] as number) + 1, (next[to] as number) + 1))
    }
    before = row
    row = next
  }
  return row[b.length] as number
}

/** The longest text that is compared with words, in characters: longer than any option or kind. */
const LONGEST = 80

/** The most characters in which a word differs from a text that is meant for it; they are less than half of the longer one. */
const MOST = 3

/** Returns the word that a text is probably meant for; undefined if it resembles none. */
export function nearestWord(text: string, words: readonly string[]): string | undefined {
  if (text.length > LONGEST) return undefined
  const compared = words.map((word) => ({ word, off: distance(text, word) }))
  const near = compared.filter(({ word, off }) => off <= MOST && 2 * off < Math.max(word.length, text.length))
  return near.toSorted((a, b) => a.off - b.off)[0]?.word
}
