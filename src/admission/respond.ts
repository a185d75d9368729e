import { distinctTargets, explain, sentence, UNCONFIRMED } from '../policy/explain.ts'
import { annotate } from './annotate.ts'
import type { Decision, Oversized, Refused } from './decision.ts'
import { oversizeSentences } from './oversize.ts'
import type { ReviewRequest } from './review.ts'
import type { Mode } from './settings.ts'

/** Causes listed in a denial, each a field of the object. An object may hold 10,000 references. */
const CAUSES = 16

/**
 * Warnings of one response, and the longest of them in characters. The API server cuts each warning to 256 once all
 * together exceed 4,096, so that this many stay whole. Source: k8s.io/apiserver/pkg/endpoints/filters/warning.go.
 */
const WARNINGS = { count: 8, length: 256 }

/** What a denial of a dry run adds. */
const DRY_RUN = 'This was a dry run: a ReferenceGrant of the same dry run is not stored, so it cannot be seen here.'

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

/** The part of a metav1.Status that reaches the user. */
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

/**
 * Words a decision for the API server. The same decision in the same mode always gives the same bytes, but for the uid.
 */
export function respond(request: ReviewRequest, decision: Decision, mode: Mode): ReviewResponse {
  const annotations = annotate(decision, mode)
  const status = mode === 'deny' ? refusal(request, decision) : undefined
  if (status) return review({ uid: request.uid, allowed: false, status, auditAnnotations: annotations })
  return allow(request, mode === 'audit' ? [] : warnings(decision), annotations)
}

/**
 * Allows a request.
 *
 * @param warnings shown to whoever made it; the last ones are counted if there are too many
 */
export function allow(
  { uid }: ReviewRequest,
  warnings: readonly string[],
  auditAnnotations: Readonly<Record<string, string>>,
): ReviewResponse {
  return review({ uid, allowed: true, ...(warnings.length > 0 && { warnings: fit(warnings) }), auditAnnotations })
}

function review(response: ReviewResponse['response']): ReviewResponse {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }
}

/** What a decision refuses with, if it refuses. */
function refusal(request: ReviewRequest, decision: Decision): Status | undefined {
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
  const message = dryRun ? `${explain(refused)}\n${DRY_RUN}` : explain(refused)
  return failure(message, { group: kind.group, kind: kind.kind, name: refused.refused[0]?.from.name ?? '', causes })
}

function oversizeDenial({ kind }: ReviewRequest, oversized: Oversized): Status {
  const [problem, remedy] = oversizeSentences(oversized)
  const details = { group: kind.group, kind: kind.kind, name: oversized.object.name, causes: [] }
  return failure(`${problem}\n${remedy}`, details)
}

function failure(message: string, details: Status['details']): Status {
  return { status: 'Failure', code: 403, reason: 'Forbidden', message, details }
}

function warnings(decision: Decision): string[] {
  switch (decision.outcome) {
    case 'unjudged':
      return []
    case 'oversized':
      return [...oversizeSentences(decision)]
    case 'permitted':
      return decision.existing.map((reference) => `allowed because it was there before: ${sentence(reference)}`)
    case 'refused': {
      const { refused, unjudged, confirmed } = decision
      return [
        ...(confirmed ? [] : [UNCONFIRMED]),
        ...(unjudged > 0 ? [`references of this object that were not looked at: ${unjudged}`] : []),
        ...distinctTargets(refused).map(sentence),
      ]
    }
  }
}

/** As many warnings as stay whole, each no longer than the API server keeps it. */
function fit(warnings: readonly string[]): string[] {
  const shown = warnings.slice(0, warnings.length > WARNINGS.count ? WARNINGS.count - 1 : WARNINGS.count)
  const more = warnings.length - shown.length
  return [...shown.map(cut), ...(more > 0 ? [`and ${more} more warnings`] : [])]
}

/** Counted in code points, as the API server does. */
function cut(text: string): string {
  const characters = [...text]
  return characters.length > WARNINGS.length ? `${characters.slice(0, WARNINGS.length - 1).join('')}…` : text
}
