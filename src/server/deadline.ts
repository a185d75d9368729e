/** What the API server grants a webhook that sets no timeout, in ms. Source: admissionregistration/v1, defaults.go. */
const DEFAULT_TIMEOUT = 10_000

/** Kept back for the answer's way home and for the API server rounding its `timeout` up to whole seconds, in ms. */
export const MARGIN = 250

/** Longest timeout that a webhook can have, in ms. Source: admissionregistration/v1, validation.go. */
const LONGEST_TIMEOUT = 30_000

/**
 * The time that an answer may take, in ms, from the first try of a request.
 *
 * @param timeout the query parameter `timeout` that the API server adds, a Go duration such as `5s` or `1m0s`. It covers
 *   all tries of a request and is the same in each.
 */
export function grantedTime(timeout: unknown): number {
  const {
    minutes = '0',
    seconds = '0',
    milliseconds = '0',
  } = (typeof timeout === 'string' &&
    /^(?:(?<minutes>\d{1,2})m)?(?:(?<seconds>\d{1,4}(?:\.\d+)?)s)?(?:(?<milliseconds>\d{1,6})ms)?$/.exec(timeout)
      ?.groups) ||
  {}
  const asked = Number(minutes) * 60_000 + Number(seconds) * 1_000 + Number(milliseconds) || DEFAULT_TIMEOUT
  return Math.min(asked, LONGEST_TIMEOUT) - MARGIN
}

/**
 * Half of what is left, in ms: so long may a review wait for its turn, and so long may fresh reads take, so that an
 * answer is still possible after they have failed. A whole number, which timers ask for, and never so small that nothing
 * could be tried.
 */
export function halfOf(left: number): number {
  return Math.floor(Math.max(left, MARGIN) / 2)
}
