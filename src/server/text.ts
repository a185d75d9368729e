import { NotAReview } from '../admission/review.ts'
import type { Look } from './content.ts'

/** A parsed text of a review. */
export interface Parsed {
  readonly review: unknown
  /** Parses the stored object, in whose place the review has an empty one; undefined if it is parsed already. */
  readonly stored?: () => unknown
}

/**
 * Parses the text of a review, but not yet the stored object in it, which few reviews need.
 *
 * @throws NotAReview
 */
export function parseText(text: string, stored: Look['stored']): Parsed {
  if (!stored) return { review: parseJson(text) }
  const { from, to } = stored
  const review = parseJson(`${text.slice(0, from)}{}${text.slice(to)}`)
  return { review, stored: () => parseJson(text.slice(from, to)) }
}

/** @throws NotAReview */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new NotAReview(`the body is not JSON: ${(error as Error).message}`, { cause: error })
  }
}
