import type { Coverage } from '../policy/coverage.ts'
import { lintGrant } from '../policy/lint.ts'
import { SPELT_OUT } from '../wording/refusal.ts'
import type { Advised } from './decision.ts'
import type { Excess } from './excess.ts'
import { type ReviewRequest, reviewedObject } from './review.ts'

/**
 * Lints a ReferenceGrant. An object of another kind, which only an edited rule can send, gets no findings. For a grant
 * that is too large to read, the advice says so.
 *
 * @param excess why the grant is too large to read, if it is
 */
export function advise(request: ReviewRequest, excess: Excess | undefined, coverage: Coverage): Advised {
  const grantKind = coverage.grantKind(request.kind)
  const grant = reviewedObject(request)
  const unread = excess?.oversize
  if (!grantKind || unread) return { outcome: 'advised', grant, findings: [], count: 0, unread }
  const { findings, counts } = lintGrant(request.object, request.namespace ?? '', coverage, SPELT_OUT, grantKind)
  return { outcome: 'advised', grant, findings, count: counts.error + counts.warning + counts.note }
}
