import type { Logger } from 'pino'
import { annotate, label } from '../admission/annotate.ts'
import type { Decision } from '../admission/decision.ts'
import { LookupFailed } from '../admission/grant-source.ts'
import type { ReviewRequest } from '../admission/review.ts'
import type { Catalogue } from '../policy/catalogue.ts'
import type { Metrics } from './metrics.ts'

/** Where reviews are recorded, and which kinds may be named there. */
export interface ReviewRecorder {
  readonly catalogue: Catalogue
  readonly logger: Logger
  readonly metrics: Metrics
}

/**
 * Counts a review and logs it: refused, warned and failed ones at info, all others at debug, since a line costs a good
 * part of a permitted review. Of the object's body only the references are logged.
 *
 * @param outcome what was decided, or why nothing could be
 */
export function recordReview(
  { catalogue, logger, metrics }: ReviewRecorder,
  review: ReviewRequest,
  outcome: Decision | LookupFailed,
  milliseconds: number,
): void {
  const failed = outcome instanceof LookupFailed
  const decision = failed ? 'failed' : label(outcome)
  // The review comes from the network: only kinds that the catalogue knows become labels.
  const kind = catalogue.referrer(review.kind)?.kind ?? 'other'
  metrics.review({ kind, operation: review.operation, decision }, milliseconds / 1_000)

  const level = decision === 'unjudged' || decision === 'permitted' ? 'debug' : 'info'
  if (!logger.isLevelEnabled(level)) return
  const { uid, operation, namespace, name, dryRun, userInfo } = review
  logger[level](
    {
      uid,
      user: userInfo.username,
      operation,
      dryRun,
      object: { kind: review.kind.kind, namespace, name },
      ...(failed ? { decision, error: outcome.message } : annotate(outcome)),
      milliseconds: Math.round(milliseconds * 100) / 100,
    },
    'review',
  )
}
