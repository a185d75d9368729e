import type { Catalogue } from '../policy/catalogue.ts'
import { lintGrant } from '../policy/lint.ts'
import { allow, type ReviewResponse } from './respond.ts'
import { type ReviewRequest, reviewedObject } from './review.ts'
import { SPELT_OUT, warningsOfGrant } from './warnings.ts'

/**
 * Advice to the author of a ReferenceGrant: what the linter finds, as warnings. Whatever it finds, the grant is allowed,
 * and so is any other object that an edited rule may bring.
 */
export function advise(request: ReviewRequest, catalogue: Catalogue): ReviewResponse {
  const { group, kind } = request.kind
  const grantKind = catalogue.grantKinds.find((one) => one.group === group && one.kind === kind)
  if (!grantKind) return allow(request, [], { findings: '0' })
  const { findings, counts } = lintGrant(request.object, request.namespace ?? '', catalogue, SPELT_OUT, grantKind)
  const count = counts.error + counts.warning + counts.note
  const warnings = warningsOfGrant(reviewedObject(request), findings, count)
  return allow(request, warnings, { findings: String(count) })
}
