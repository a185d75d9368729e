import type { Logger } from 'pino'
import { label } from '../admission/annotate.ts'
import type { Answer } from '../admission/answer.ts'
import type { Decision, Undecided } from '../admission/decision.ts'
import type { ReviewRequest } from '../admission/review.ts'
import type { Catalogue } from '../policy/catalogue.ts'
import type { ServerObserver } from './observer.ts'
import { Pace } from './pace.ts'

/** What of a name is logged, in characters: the longest that Kubernetes allows. */
const LONGEST_NAME = 253

/** Where reviews are recorded. */
export interface Records {
  readonly logger: Logger
  readonly observer: ServerObserver
}

/** One review, and what came of it. */
export interface ReviewRecord {
  readonly review: ReviewRequest
  /** The kinds that may be named in a metric. */
  readonly catalogue: Catalogue
  readonly answer: Answer
  /** How long it took, in ms. */
  readonly milliseconds: number
}

/** Tells of reviews, and logs what the API server's audit log has of them. */
export class ReviewRecorder {
  readonly #logger: Logger
  readonly #observer: ServerObserver
  /** For reviews that are too large: anybody can send many of them, and each is logged. */
  readonly #oversized = new Pace(() => performance.now())
  /** For rows of the configuration that an object does not fit: each write of a kind may meet one. */
  readonly #misfits = new Pace(() => performance.now())

  constructor({ logger, observer }: Records) {
    this.#logger = logger
    this.#observer = observer
  }

  record(record: ReviewRecord): void {
    const { review, catalogue, answer, milliseconds } = record
    const { decision, mode } = answer
    const { group, kind } = review.kind
    // The review comes from the network: only kinds that the catalogue knows become labels.
    const known =
      catalogue.referrer(review.kind) ?? catalogue.grantKinds.find((one) => one.group === group && one.kind === kind)
    const labels = {
      kind: known?.kind ?? 'other',
      operation: review.operation,
      mode,
      decision: label(decision, mode),
      reason: decision.outcome === 'unjudged' ? decision.reason : '',
    }
    this.#observer.reviewed(labels, milliseconds)
    if (decision.misfits) this.#recordMisfits(labels.kind, decision.misfits, review)
    const level = isQuiet(decision) ? 'debug' : 'info'
    if (this.#logger.isLevelEnabled(level)) this.#log(level, record)
  }

  #log(level: 'debug' | 'info', { review, answer, milliseconds }: ReviewRecord): void {
    const suppressed = isOversized(answer.decision) ? this.#oversized.take() : 0
    if (suppressed === undefined) return
    const { uid, operation, namespace, name, dryRun, userInfo } = review
    this.#logger[level](
      {
        uid,
        user: cut(userInfo.username),
        operation,
        dryRun,
        object: { kind: cut(review.kind.kind), namespace: cut(namespace), name: cut(name) },
        ...(suppressed > 0 && { suppressed }),
        ...(answer.response ? answer.response.response.auditAnnotations : failure(answer.decision)),
        milliseconds: Math.round(milliseconds * 100) / 100,
      },
      'review',
    )
  }

  /** Tells the admin of rows that are wrong, or that an object does not fit. */
  #recordMisfits(kind: string, fields: readonly string[], { uid, namespace, name }: ReviewRecord['review']): void {
    for (const field of fields) this.#observer.misfit(kind, field)
    const suppressed = this.#misfits.take()
    if (suppressed === undefined) return
    this.#logger.warn(
      {
        uid,
        object: { kind, namespace: cut(namespace), name: cut(name) },
        fields,
        ...(suppressed > 0 && { suppressed }),
      },
      'the configuration guards fields that do not hold references in this object; its other fields were judged',
    )
  }
}

/**
 * Whether a review is logged at debug: a line costs a good part of a permitted review. Exemptions are for a person to
 * see, so they are logged at info.
 */
function isQuiet(decision: Decision): boolean {
  switch (decision.outcome) {
    case 'unjudged':
      return !decision.reason.startsWith('exempt')
    case 'permitted':
      return decision.existing.length === 0
    case 'advised':
      return decision.count === 0 && !decision.unread
    default:
      return false
  }
}

function failure({ why }: Undecided): object {
  return { decision: 'failed', error: why }
}

function isOversized(decision: Decision): boolean {
  return decision.outcome === 'oversized' || (decision.outcome === 'advised' && decision.unread !== undefined)
}

/** The client chooses these. */
function cut(name: string | undefined): string | undefined {
  return name !== undefined && name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name
}
