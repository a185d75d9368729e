/** Why a review is dropped. The keys are the values of the label `reason` of the metric. */
const OVERLOAD = {
  reviews: 'too many reviews are in flight',
  memory: 'the reviews in flight use all of the memory for reviews',
  late: 'the review could not start within half of its timeout',
  gone: 'the client closed the connection',
}

/** Returns the answer to a review that is dropped. */
export function overloadSentence(reason: keyof typeof OVERLOAD): string {
  return `refgrant is overloaded: ${OVERLOAD[reason]}`
}

/**
 * Why grants could not be looked up. The requester reads it, so it does not have addresses, paths of the server or answers
 * of the API server.
 */
export const NO_LOOKUP = {
  stale: 'the cached grants are stale, and the budget of fresh reads is exhausted',
  incomplete: 'the cached grants of a namespace are stale or not complete, and the budget of fresh reads is exhausted',
  unreadable: 'the last fresh reads failed, and the budget of fresh reads is exhausted',
  tooMany: 'a namespace has more grants than can be read, or larger ones',
  late: 'the API server did not answer in time',
  unreachable: 'the API server could not be reached',
  notServed: (kind: string) => `the API server does not serve kind ${kind} now`,
  unusable: 'the API server did not answer with a list of grants',
  lateFolder: 'the folder of grants was not read in time',
  unreadableFolder: 'the folder of grants could not be read',
  answered: (status: number) => `the API server answered HTTP ${status}`,
  notWatched: (kind: string) => `refgrant does not watch kind ${kind} yet: restart the server`,
}

/** Returns the answer to a review whose grants could not be looked up. */
export function lookupSentence(why: string): string {
  return `refgrant could not look up ReferenceGrants: ${why}`
}
