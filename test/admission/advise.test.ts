import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { answerWithAdvice } from '../../src/admission/answer.ts'
import type { Excess } from '../../src/admission/excess.ts'
import type { ReviewRequest } from '../../src/admission/review.ts'
import { defaultSettings } from '../harness/stand-ins/settings.ts'

const GROUP = 'gateway.networking.k8s.io'

/** Returns the warnings for a grant with this number of empty entries in `from`, each of which lacks three fields. */
function advice(entries: number, kind = 'ReferenceGrant', excess?: Excess) {
  const review: ReviewRequest = {
    uid: '7',
    kind: { group: GROUP, version: 'v1', kind },
    name: 'shop',
    namespace: 'billing',
    operation: 'CREATE',
    userInfo: {},
    object: { spec: { from: Array(entries).fill(0), to: [{ group: '', kind: 'Service', name: 'payments' }] } },
  }
  const { response } = answerWithAdvice({ request: review, excess }, defaultSettings)
  assert.ok(response?.response.allowed)
  const { warnings, auditAnnotations } = response.response
  assert.equal(auditAnnotations.decision, 'advised')
  return { warnings: warnings ?? [], count: auditAnnotations.findings }
}

suite('the author of a grant gets', () => {
  test('each finding, if there are few', () => {
    const { warnings, count } = advice(2)
    assert.deepEqual([warnings.length, count], [6, '6'])
    assert.equal(
      warnings[5],
      'ReferenceGrant "shop" in namespace "billing": spec.from[1].namespace is missing, empty or not a string, so the entry matches nothing',
    )
  })

  test('the first findings and the number of others, if there are many', () => {
    const { warnings, count } = advice(450_000)
    assert.deepEqual([warnings.length, count], [9, '1350001'])
    assert.equal(
      warnings[8],
      'ReferenceGrant "shop" in namespace "billing": and 1349993 more findings. To see all: refgrant check FILE',
    )
  })

  test('a warning that the grant was not read, if it is too large', () => {
    const oversize = { cap: 'values', found: 130_000, most: 120_000 } as const
    assert.deepEqual(advice(2, 'ReferenceGrant', { oversize, storedOversized: false }), {
      warnings: [
        'ReferenceGrant "shop" in namespace "billing" was not read, because it is too large: it has 130000 values; the limit is 120000.',
      ],
      count: 'unread',
    })
  })

  test('no warning for an object that is not a grant', () => {
    assert.deepEqual(advice(2, 'HTTPRoute'), { warnings: [], count: '0' })
  })
})
