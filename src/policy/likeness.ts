import type { VALID } from './names.ts'

/** The parts of an entry of a grant. */
export type Part = keyof typeof VALID

/**
 * Whether one text is the other with one typing error: one character added, left out or replaced, or two neighbours
 * swapped (a Damerau-Levenshtein distance of 1). Takes time in proportion to the texts.
 */
export function isOneOff(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length)
  if (a === b || Math.max(a.length, b.length) - shorter > 1) return false
  let head = 0
  while (head < shorter && a[head] === b[head]) head += 1
  let tail = 0
  while (tail < shorter - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1
  const [one, other] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)]
  if (one.length <= 1 && other.length <= 1) return true
  return one.length === 2 && other.length === 2 && one[0] === other[1] && one[1] === other[0]
}

/** The shortest part of a name between two dashes in which a difference is a typing error: `team-a` and `team-b` are two teams. */
const SHORTEST = 3

/** Whether one name is probably the other with a typing error: names that differ in a number are two names on purpose. */
export function isMisspelt(a: string, b: string): boolean {
  if (!isOneOff(a, b) || withoutDigits(a) === withoutDigits(b)) return false
  const [ours, theirs] = [a.split('-'), b.split('-')]
  if (ours.length !== theirs.length) return true
  const at = ours.findIndex((part, index) => part !== theirs[index])
  return Math.min(ours[at]?.length ?? 0, theirs[at]?.length ?? 0) >= SHORTEST
}

const withoutDigits = (text: string) => text.replaceAll(/\d/g, '')

const VERSION = /(^|\/)v\d+((alpha|beta)\d+)?$/

/** Returns a group without the version that it may name. */
export function withoutVersion(group: string): string {
  return group.replace(VERSION, '')
}

/** Whether a part of a grant is not the wanted one, but is only written in a wrong way. */
export function isSlip(part: Part, written: string, wanted: string): boolean {
  switch (part) {
    case 'group':
      return (written === 'core' && wanted === '') || withoutVersion(written) === wanted || isOneOff(written, wanted)
    case 'kind':
      return isSameWord(written.toLowerCase(), wanted.toLowerCase()) || isOneOff(written, wanted)
    default:
      return written === '*' || written.toLowerCase() === wanted || isMisspelt(written, wanted)
  }
}

/** Whether a word is another, or its plural. */
function isSameWord(written: string, wanted: string): boolean {
  return [wanted, `${wanted}s`, `${wanted}es`, wanted.replace(/y$/, 'ies')].includes(written)
}
