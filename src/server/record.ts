import type { Logger } from 'pino'
import type { Answer } from '../admission/answer.ts'
import type { Decision } from '../admission/decision.ts'
import type { ReviewRequest } from '../admission/review.ts'
import type { Coverage } from '../policy/coverage.ts'
import { LONGEST_NAME } from '../policy/names.ts'
import type { ServerObserver } from './observer.ts'
import { Pace } from './pace.ts'

/** The destinations of records. */
export interface Records {
  readonly logger: Logger
  readonly observer: ServerObserver
}

/** One review and its answer. */
export interface ReviewRecord {
  readonly request: ReviewRequest
  /** The kinds that metrics may name. */
  readonly coverage: Coverage
  readonly answer: Answer
  /** The duration, in ms. */
  readonly milliseconds: number
}

/** Reports reviews to the observer, and logs the annotations that the API server's audit log has. */
export class ReviewRecorder {
  readonly #logger: Logger
  readonly #observer: ServerObserver
  /** The pace of lines about reviews that are too large, of which any client can send many. */
  readonly #oversized = new Pace(() => performance.now())
  /** The pace of lines about misfits, which every write of a kind may cause. */
  readonly #misfits = new Pace(() => performance.now())

  constructor({ logger, observer }: Records) {
    this.#logger = logger
    this.#observer = observer
  }

  record(record: ReviewRecord): void {
    const { request, coverage, answer, milliseconds } = record
    const { decision, mode } = answer
    const { decision: label = '', reason = '' } = annotationsOf(answer)
    // A client chooses the kind in a review, so only kinds that are judged become labels.
    const known = coverage.referrer(request.kind) ?? coverage.grantKind(request.kind)
    const kind = known?.kind ?? 'other'
    this.#observer.reviewed({ kind, operation: request.operation, mode, decision: label, reason }, milliseconds)
    if (decision.misfits) this.#recordMisfits(kind, decision.misfits, request)
    const level = isQuiet(decision) ? 'debug' : 'info'
    if (this.#logger.isLevelEnabled(level)) this.#log(level, record)
  }

  #log(level: 'debug' | 'info', { request, answer, milliseconds }: ReviewRecord): void {
    const suppressed = isOversized(answer.decision) ? this.#oversized.take() : 0
    if (suppressed === undefined) return
    const { uid, operation, namespace, name, dryRun, userInfo } = request
    this.#logger[level](
      {
        uid,
        user: cut(userInfo.username),
        operation,
        dryRun,
        object: { kind: cut(request.kind.kind), namespace: cut(namespace), name: cut(name) },
        ...(suppressed > 0 && { suppressed }),
        ...annotationsOf(answer),
        milliseconds: Math.round(milliseconds * 100) / 100,
      },
      'review',
    )
  }

  /** Reports rows that are wrong, or objects that do not match them. */
  #recordMisfits(kind: string, fields: readonly string[], { uid, namespace, name }: ReviewRecord['request']): void {
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
      'skipped guarded fields that do not hold a reference in this object: correct the object or guardedFields',
    )
  }
}

/**
 * Whether a review is logged at debug, since a line is a large part of the cost of a permitted review. Exemptions matter to
 * admins, so they are logged at info.
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

/** Returns the audit annotations of a response; without a verdict there is only the error. */
function annotationsOf({ decision, response }: Answer): Readonly<Record<string, string>> {
  return response ? response.response.auditAnnotations : { decision: 'failed', error: decision.why }
}

function isOversized(decision: Decision): boolean {
  return decision.outcome === 'oversized' || (decision.outcome === 'advised' && decision.unread !== undefined)
}

/** Cuts a name, whose length a client can choose, to the longest name that Kubernetes allows. */
function cut(name: string | undefined): string | undefined {
  return name !== undefined && name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name
}
