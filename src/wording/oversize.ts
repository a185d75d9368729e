import type { ObjectName } from '../policy/reference.ts'
import { fitted } from './fitted.ts'
import { objectPieces, objectTitle } from './objects.ts'

/** A limit that the content of a review exceeds. */
export interface Oversize {
  /** What the content has too much of. */
  readonly cap: 'bytes' | 'values' | 'nesting' | 'references'
  /** How much it has; a lower bound if counting ended early. */
  readonly found: number
  readonly most: number
  /** What has it: the object under review (by default), the stored object, or the request without its objects. */
  readonly part?: 'object' | 'stored' | 'rest'
}

const WORDS: Record<Oversize['cap'], { readonly of: string; readonly remedy: string }> = {
  bytes: { of: 'bytes', remedy: 'Make the object smaller.' },
  values: { of: 'values', remedy: 'Make the object smaller, or split it into several objects.' },
  nesting: { of: 'levels of nesting', remedy: 'Reduce the nesting of its fields.' },
  references: { of: 'references to other namespaces', remedy: 'Split the object into several objects.' },
}

const PARTS = {
  object: { is: 'it', remedy: undefined },
  stored: {
    is: 'the stored object',
    remedy: 'First make the stored object smaller, in an update without references to other namespaces.',
  },
  rest: { is: 'the request without its objects', remedy: 'Use an account with fewer groups and extra fields.' },
}

const partOf = ({ part = 'object' }: Oversize) => PARTS[part]
const remedy = (oversize: Oversize) => partOf(oversize).remedy ?? WORDS[oversize.cap].remedy

function amount(oversize: Oversize): string {
  const { cap, found, most } = oversize
  return `${partOf(oversize).is} has ${found} ${WORDS[cap].of}; the limit is ${most}.`
}

const unjudged = (oversize: Oversize) => ` is too large to be judged: ${amount(oversize)}`

/** Returns what is wrong with an object that is too large, and what to do. */
export function oversizeSentence(object: ObjectName, oversize: Oversize): string {
  return `${objectTitle(object)}${unjudged(oversize)} ${remedy(oversize)}`
}

/**
 * Returns what is wrong with an object that is too large, and what to do: a sentence each.
 *
 * @param limit the longest sentence, in characters; 256 or more
 */
export function oversizeLines(
  object: ObjectName,
  oversize: Oversize,
  limit: number,
): readonly [problem: string, remedy: string] {
  return [fitted(limit)`${objectPieces(object)}${unjudged(oversize)}`, remedy(oversize)]
}

/**
 * Returns a sentence that says that a grant was not read, and why.
 *
 * @param limit the longest sentence, in characters; 256 or more
 */
export function unreadLine(grant: ObjectName, oversize: Oversize, limit: number): string {
  return fitted(limit)`${objectPieces(grant)}${` was not read, because it is too large: ${amount(oversize)}`}`
}
