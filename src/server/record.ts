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
  /** For rows that lead to what is no reference: each write of a kind may meet one. */
  readonly misfitPace: Pace
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
export function recordReview(recorder: ReviewRecorder, record: ReviewRecord): void {
  const { logger, metrics, oversizedPace } = recorder
  const { review, catalogue, mode, outcome, milliseconds } = record
  const failed = outcome instanceof LookupFailed
  const decision = failed ? 'failed' : label(outcome, mode)
  const reason = !failed && outcome.outcome === 'unjudged' ? outcome.reason : ''
  // The review comes from the network: only kinds that the catalogue knows become labels.
  const kind = catalogue.referrer(review.kind)?.kind ?? 'other'
  metrics.review({ kind, operation: review.operation, mode, decision, reason }, milliseconds / 1_000)
  if (!failed && outcome.misfits) recordMisfits(recorder, kind, outcome.misfits)

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

/** Tells the admin of rows of the configuration that are wrong, or that an object does not fit. */
function recordMisfits({ logger, metrics, misfitPace }: ReviewRecorder, kind: string, fields: readonly string[]): void {
  for (const field of fields) metrics.misfit(kind, field)
  const suppressed = misfitPace.take()
  if (suppressed === undefined) return
  logger.warn(
    { kind, fields, ...(suppressed > 0 && { suppressed }) },
    'guarded fields of the configuration lead to what is no reference; the other fields of the object were judged',
  )
}

/** Whoever asks chooses these. */
function cut(name: string | undefined): string | undefined {
  return name !== undefined && name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name
}
