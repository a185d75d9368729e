import type { Catalogue } from '../policy/catalogue.ts'
import { lintGrant } from '../policy/lint.ts'
import { lintSentence } from '../policy/lint-sentence.ts'
import { allow, type ReviewResponse } from './respond.ts'
import type { ReviewRequest } from './review.ts'

/** Warnings that a response has room for (see respond.ts): findings in words, the last of them a count if there are more. */
const SHOWN = 8

/**
 * Advice to the author of a ReferenceGrant: what the linter finds, as warnings. Whatever it finds, the grant is allowed,
 * and so is any other object that an edited rule may bring.
 */
export function advise(request: ReviewRequest, catalogue: Catalogue): ReviewResponse {
  const { group, kind } = request.kind
  const isGrant = catalogue.grantKinds.some((one) => one.group === group && one.kind === kind)
  if (!isGrant) return allow(request, [], { findings: '0' })
  const { findings, counts } = lintGrant(request.object, request.namespace ?? '', catalogue, SHOWN)
  const count = counts.error + counts.warning + counts.note
  const shown = count > SHOWN ? findings.slice(0, SHOWN - 1) : findings
  const rest = count > shown.length ? [`and ${count - shown.length} more findings`] : []
  return allow(request, [...shown.map(lintSentence), ...rest], { findings: String(count) })
}
