import type { ObjectName } from '../policy/reference.ts'
import { fitted } from '../wording/fitted.ts'
import { objectPieces } from '../wording/objects.ts'
import type { Oversized } from './decision.ts'

/** A limit that the content of a review exceeds. */
export interface Oversize {
  /** What the content has too much of. */
  readonly cap: 'bytes' | 'values' | 'nesting' | 'references'
  /** How much it has; a lower bound if counting ended early. */
  readonly found: number
  readonly most: number
}

/** Why the objects of a review are too large to read. */
export interface Excess {
  readonly oversize: Oversize
  /** Whether the stored object of an update is too large by itself. */
  readonly storedOversized: boolean
}

const WORDS: Record<Oversize['cap'], { readonly of: string; readonly remedy: string }> = {
  bytes: { of: 'bytes', remedy: 'Make the object smaller.' },
  values: { of: 'values', remedy: 'Make the object smaller, or split it into several objects.' },
  nesting: { of: 'levels of nesting', remedy: 'Reduce the nesting of its fields.' },
  references: { of: 'references to other namespaces', remedy: 'Split the object into several objects.' },
}

/**
 * Returns what is wrong with an object that is too large, and what to do: a sentence each.
 *
 * @param limit the longest sentence, in characters; 256 or more
 */
export function oversizeSentences(
  { object, cap, found, most }: Oversized,
  limit: number,
): readonly [problem: string, remedy: string] {
  const { of, remedy } = WORDS[cap]
  const excess = ` is too large to be judged: it has ${found} ${of}, and at most ${most} are read.`
  return [fitted(limit)`${objectPieces(object)}${excess}`, remedy]
}

/**
 * Returns a sentence that says that a grant was not read, and why.
 *
 * @param limit the longest sentence, in characters; 256 or more
 */
export function unreadLine(grant: ObjectName, { cap, found, most }: Oversize, limit: number): string {
  const excess = ` was not read, because it is too large: it has ${found} ${WORDS[cap].of}, and at most ${most} are read.`
  return fitted(limit)`${objectPieces(grant)}${excess}`
}
