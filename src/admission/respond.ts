import { LONGEST_NAME } from '../policy/names.ts'
import { oversizeLines } from '../wording/oversize.ts'
import { shorten } from '../wording/quote.ts'
import { refusalText, sentence } from '../wording/refusal.ts'
import { annotate } from './annotate.ts'
import type { Decided, Oversized, Refused } from './decision.ts'
import type { ReviewRequest } from './review.ts'
import type { Mode } from './settings.ts'
import { LONGEST, warningsOf } from './warnings.ts'

/** How many causes a denial lists, each a field of the object. An object may have 10,000 references. */
const CAUSES = 16

/** The sentence that a denial of a dry run adds. */
const DRY_RUN =
  'This was a dry run: a ReferenceGrant of the same dry run is not stored, so refgrant cannot read it. Store the grant first, or use refgrant check.'

/** An AdmissionReview v1 that answers a request. Source: k8s.io/api/admission/v1, types.go. */
export interface ReviewResponse {
  readonly apiVersion: 'admission.k8s.io/v1'
  readonly kind: 'AdmissionReview'
  readonly response: {
    readonly uid: string
    readonly allowed: boolean
    readonly status?: Status
    readonly warnings?: readonly string[]
    readonly auditAnnotations: Readonly<Record<string, string>>
  }
}

/** The fields of a metav1.Status that reach the user. */
interface Status {
  readonly status: 'Failure'
  readonly code: 403
  readonly reason: 'Forbidden'
  readonly message: string
  readonly details: {
    readonly group: string
    readonly kind: string
    readonly name: string
    readonly causes: readonly { readonly reason: string; readonly field: string; readonly message: string }[]
  }
}

/** Returns the response for a decision. It depends only on the decision, the mode, the uid, the kind and whether it is a dry run. */
export function respond(request: ReviewRequest, decision: Decided, mode: Mode): ReviewResponse {
  const auditAnnotations = annotate(decision, mode)
  const status = mode === 'deny' ? refusal(request, decision) : undefined
  const warnings = status || mode === 'audit' ? [] : warningsOf(decision)
  const { uid } = request
  const response = status
    ? { uid, allowed: false, status, auditAnnotations }
    : { uid, allowed: true, ...(warnings.length > 0 && { warnings }), auditAnnotations }
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }
}

/** Returns the Status of a decision that refuses; undefined if it allows. */
function refusal(request: ReviewRequest, decision: Decided): Status | undefined {
  if (decision.outcome === 'refused') return denial(request, decision)
  if (decision.outcome === 'oversized' && !decision.existing) return oversizeDenial(request, decision)
  return undefined
}

function denial({ kind, dryRun }: ReviewRequest, refused: Refused): Status {
  const causes = refused.refused.slice(0, CAUSES).map((reference) => ({
    reason: 'FieldValueForbidden',
    field: reference.path,
    message: sentence(reference),
  }))
  const message = dryRun ? `${refusalText(refused)}\n${DRY_RUN}` : refusalText(refused)
  return failure(message, { group: kind.group, kind: kind.kind, name: refused.refused[0]?.from.name ?? '', causes })
}

function oversizeDenial({ kind }: ReviewRequest, oversized: Oversized): Status {
  const [problem, remedy] = oversizeLines(oversized.object, oversized, LONGEST.one)
  const details = { group: kind.group, kind: kind.kind, name: oversized.object.name, causes: [] }
  return failure(`${problem}\n${remedy}`, details)
}

function failure(message: string, details: Status['details']): Status {
  const name = shorten(details.name, LONGEST_NAME)
  return { status: 'Failure', code: 403, reason: 'Forbidden', message, details: { ...details, name } }
}
