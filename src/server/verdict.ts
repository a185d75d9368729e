import { admit, admitOversized } from '../admission/admit.ts'
import { advise } from '../admission/advise.ts'
import type { Decision } from '../admission/decision.ts'
import { type GrantSource, LookupFailed } from '../admission/grant-source.ts'
import { allow, type ReviewResponse, respond } from '../admission/respond.ts'
import { parseReview, type ReviewRequest } from '../admission/review.ts'
import { type Mode, modeOf, type Settings } from '../admission/settings.ts'
import { bare } from '../policy/quote.ts'
import type { Allowance } from './allowance.ts'
import { type Body, Overloaded } from './body.ts'
import type { Excess } from './content.ts'
import { Pace } from './pace.ts'
import { type ReviewRecorder, recordReview } from './record.ts'

export interface VerdictOptions extends Omit<ReviewRecorder, 'oversizedPace' | 'misfitPace'> {
  /** Asked for with each review, since settings change while the server runs. */
  readonly settings: () => Settings
  readonly source: GrantSource
}

/** What is asked, and why it is too large to be judged, if it is. */
export interface Asked {
  readonly review: ReviewRequest
  readonly excess: Excess | undefined
}

/** There is no verdict, since grants could not be looked up. */
export class NoVerdict extends Error {
  readonly uid: string

  constructor(uid: string, cause: LookupFailed) {
    super(`refgrant could not look up ReferenceGrants: ${cause.message}`, { cause })
    this.uid = uid
  }
}

/** @throws NotAReview */
export function asked({ review: body, excess }: Body): Asked {
  const review = parseReview(body)
  // In the place of an object is its size.
  return excess ? { review: { ...review, object: null, oldObject: null }, excess } : { review, excess }
}

/**
 * Answers reviews, and records them.
 *
 * @returns a function that throws NoVerdict or Overloaded
 */
export function verdictsBy(options: VerdictOptions) {
  const { settings, source } = options
  const pace = () => new Pace(() => performance.now())
  const recorder = { ...options, oversizedPace: pace(), misfitPace: pace() }
  return async ({ review, excess }: Asked, allowance: Allowance, entry?: Mode): Promise<ReviewResponse> => {
    const started = performance.now()
    const current = settings()
    const mode = modeOf(review, entry ?? current.mode, current)
    const outcome = excess
      ? admitOversized(review, current, excess.oversize, excess.storedOversized)
      : await admit(review, current, source, allowance.startLookUps()).catch(orLookupFailed)
    if (outcome instanceof LookupFailed && allowance.evicted) throw new Overloaded('memory', review.uid)
    if (outcome instanceof LookupFailed && allowance.gone) allowance.turnAwayGone()
    else
      recordReview(recorder, {
        review,
        catalogue: current.catalogue,
        mode,
        outcome,
        milliseconds: performance.now() - started,
      })
    if (outcome instanceof LookupFailed) throw new NoVerdict(review.uid, outcome)
    return respond(review, outcome, mode)
  }
}

/** Advice on a grant. One that is too large to be read is allowed all the same: nothing was to be refused. */
export function adviceOn({ review, excess }: Asked, { catalogue }: Settings): ReviewResponse {
  if (!excess) return advise(review, catalogue)
  const { cap, found, most } = excess.oversize
  const warning = `this ${bare(review.kind.kind)} was not read, since it is too large: ${found} ${cap}, and at most ${most} are read`
  return allow(review, [warning], { findings: 'unread' })
}

function orLookupFailed(error: unknown): LookupFailed | Decision {
  if (error instanceof LookupFailed) return error
  throw error
}
