import { NotAReview } from '../admission/review.ts'
import type { Span } from './look.ts'

/** A parsed review. */
export interface Parsed {
  readonly review: unknown
  /** Parses the stored object, in whose place the review has an empty one; undefined if it is parsed already. */
  readonly stored?: () => unknown
}

/** Stands for the stored object in the text that is parsed first. The API server writes an object there, or null. */
const LATER = 'later'

/**
 * Parses the body of a review, but not yet the stored object in it, which few reviews need. Returns undefined if the
 * rest is not a review of an update without it.
 *
 * @param bytes not changed and not freed before the stored object is parsed
 */
export function parseApart(bytes: Buffer, { from, to }: Span): Parsed | undefined {
  const rest = `${bytes.toString('utf8', 0, from)}"${LATER}"${bytes.toString('utf8', to)}`
  const review = parsedOr(undefined, rest) as { request?: { oldObject?: unknown } } | null | undefined
  const request = review?.request
  if (request?.oldObject !== LATER) return undefined
  request.oldObject = {}
  return { review, stored: () => parseText(bytes.toString('utf8', from, to)) }
}

function parsedOr(otherwise: undefined, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return otherwise
  }
}

/** @throws NotAReview */
export function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new NotAReview(`the body is not JSON: ${(error as Error).message}`, { cause: error })
  }
}
