import { admit, admitOversized, type LookUps } from './admit.ts'
import { advise } from './advise.ts'
import type { Decided, Undecided } from './decision.ts'
import type { Excess } from './excess.ts'
import { type ReviewResponse, respond } from './respond.ts'
import { parseReview, type ReviewRequest } from './review.ts'
import { type Mode, modeOf, type Settings } from './settings.ts'

/** The request of a review, to be answered. */
export interface Question {
  readonly request: ReviewRequest
  /** Why its objects are too large to read, if they are. The request does not have them then. */
  readonly excess?: Excess | undefined
}

/** What a body says beside its review. */
interface Beside {
  /** Why the objects are too large to read, if they are; the body has their sizes in their place. */
  readonly excess?: Excess | undefined
  /** Parses the stored object, if the body has an empty one in its place. */
  readonly stored?: (() => unknown) | undefined
}

/**
 * Reads an AdmissionReview v1.
 *
 * @param body a parsed JSON body; it is not modified
 * @throws NotAReview
 */
export function questionIn(body: unknown, { excess, stored }: Beside = {}): Question {
  const request = parseReview(body, stored)
  return excess ? { request: { ...request, object: null, oldObject: null }, excess } : { request }
}

/** The decision, its mode and the response. Without a verdict there is no response. */
export type Answer =
  | { readonly decision: Decided; readonly mode: Mode; readonly response: ReviewResponse }
  | { readonly decision: Undecided; readonly mode: Mode; readonly response?: never }

/**
 * Answers a review of an object that may refer to other namespaces.
 *
 * @param entry the mode of the webhook entry that sent the review; undefined for the mode of the configuration
 */
export async function answer(
  { request, excess }: Question,
  settings: Settings,
  lookUps: LookUps,
  entry?: Mode,
): Promise<Answer> {
  const mode = modeOf(request, entry ?? settings.mode, settings)
  const decision = excess ? admitOversized(request, settings, excess) : await admit(request, settings, lookUps)
  if (decision.outcome === 'undecided') return { decision, mode }
  return { decision, mode, response: respond(request, decision, mode) }
}

/** Answers a review of a grant: allows it, with advice as warnings. */
export function answerWithAdvice({ request, excess }: Question, { coverage }: Settings): Answer {
  const decision = advise(request, excess, coverage)
  return { decision, mode: 'warn', response: respond(request, decision, 'warn') }
}
