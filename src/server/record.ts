import type { Logger } from 'pino'
import { annotate, label } from '../admission/annotate.ts'
import type { Decision } from '../admission/decision.ts'
import { LookupFailed } from '../admission/grant-source.ts'
import type { ReviewRequest } from '../admission/review.ts'
import type { Mode } from '../admission/settings.ts'
import type { Catalogue } from '../policy/catalogue.ts'
import type { Metrics } from './metrics.ts'
import type { Pace } from './pace.ts'

/** What of a name is logged, in characters: the longest that Kubernetes allows. */
const LONGEST_NAME = 253

/** Where reviews are recorded. */
export interface ReviewRecorder {
  readonly logger: Logger
  readonly metrics: Metrics
  /** For reviews that are too large: anybody can send many of them, and each is logged. */
  readonly oversizedPace: Pace
}

/** One review, and what came of it. */
export interface ReviewRecord {
  readonly review: ReviewRequest
  /** The kinds that may be named in a metric. */
  readonly catalogue: Catalogue
  readonly mode: Mode
  /** What was decided, or why nothing could be. */
  readonly outcome: Decision | LookupFailed
  /** How long it took, in ms. */
  readonly milliseconds: number
}

/**
 * Counts a review and logs it: refused, warned and failed ones at info, all others at debug, since a line costs a good
 * part of a permitted review. Of the object's body only the references are logged. Exemptions are for a person to see,
 * so they are logged at info too.
 */
export function recordReview(
  { logger, metrics, oversizedPace }: ReviewRecorder,
  { review, catalogue, mode, outcome, milliseconds }: ReviewRecord,
): void {
  const failed = outcome instanceof LookupFailed
  const decision = failed ? 'failed' : label(outcome, mode)
  const reason = !failed && outcome.outcome === 'unjudged' ? outcome.reason : ''
  // The review comes from the network: only kinds that the catalogue knows become labels.
  const kind = catalogue.referrer(review.kind)?.kind ?? 'other'
  metrics.review({ kind, operation: review.operation, mode, decision, reason }, milliseconds / 1_000)

  const quiet = decision === 'permitted' || (decision === 'unjudged' && !reason.startsWith('exempt'))
  const level = quiet ? 'debug' : 'info'
  if (!logger.isLevelEnabled(level)) return
  const suppressed = !failed && outcome.outcome === 'oversized' ? oversizedPace.take() : 0
  if (suppressed === undefined) return
  const { uid, operation, namespace, name, dryRun, userInfo } = review
  logger[level](
    {
      uid,
      user: cut(userInfo.username),
      operation,
      dryRun,
      object: { kind: cut(review.kind.kind), namespace: cut(namespace), name: cut(name) },
      ...(suppressed > 0 && { suppressed }),
      ...(failed ? { decision, error: outcome.message } : annotate(outcome, mode)),
      milliseconds: Math.round(milliseconds * 100) / 100,
    },
    'review',
  )
}

/** Whoever asks chooses these. */
function cut(name: string | undefined): string | undefined {
  return name !== undefined && name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name
}
