import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { admit, admitOversized } from '../../src/admission/admit.ts'
import { label } from '../../src/admission/annotate.ts'
import { respond } from '../../src/admission/respond.ts'
import type { ReviewRequest } from '../../src/admission/review.ts'
import type { Mode, Settings } from '../../src/admission/settings.ts'
import { MOST_REFERENCES } from '../../src/policy/crossing.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { sourceOf } from '../harness/stand-ins/grant-source.ts'
import { defaultSettings } from '../harness/stand-ins/settings.ts'

const source = sourceOf(lookupIn([]))
const routeWith = (count: number) => ({
  spec: { rules: [{ backendRefs: Array.from({ length: count }, () => ({ name: 'x', namespace: 'billing' })) }] },
})
const review = (change: Partial<ReviewRequest> = {}): ReviewRequest => ({
  uid: '1',
  kind: { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' },
  name: 'checkout',
  namespace: 'shop',
  operation: 'CREATE',
  userInfo: { username: 'jane' },
  object: routeWith(MOST_REFERENCES + 1),
  ...change,
})
const decide = (request: ReviewRequest, settings: Settings = defaultSettings) =>
  admit(request, settings, source, AbortSignal.timeout(10_000))

suite('an object with more references than are judged', () => {
  test('is refused in mode deny, with what to do', async () => {
    const decision = await decide(review())
    const { response } = respond(review(), decision, 'deny')
    assert.deepEqual([response.allowed, response.status?.code, response.status?.reason], [false, 403, 'Forbidden'])
    assert.equal(
      response.status?.message,
      'HTTPRoute "checkout" in namespace "shop" is too large to be judged: it has 10001 references to other namespaces, and at most 10000 are read.\nSplit the object into several objects.',
    )
  })

  for (const [mode, decision, warnings] of [
    ['warn', 'warned', 2],
    ['audit', 'audited', 0],
  ] as const) {
    test(`is allowed in mode ${mode}, and annotated`, async () => {
      const { response } = respond(review(), await decide(review()), mode satisfies Mode)
      assert.equal(response.allowed, true)
      assert.equal(response.warnings?.length ?? 0, warnings)
      assert.deepEqual(response.auditAnnotations, {
        decision,
        reason: 'too large',
        references: '10001 of at most 10000',
      })
    })
  }

  test('is let through with a warning where the stored object has too many as well', async () => {
    const update = review({ operation: 'UPDATE', oldObject: routeWith(MOST_REFERENCES + 1) })
    const decision = await decide(update)
    assert.equal(label(decision, 'deny'), 'existing')
    const { response } = respond(update, decision, 'deny')
    assert.deepEqual([response.allowed, response.warnings?.length], [true, 2])
    const strict = await decide(
      { ...update, object: routeWith(MOST_REFERENCES + 2) },
      { ...defaultSettings, existingViolations: 'deny' },
    )
    assert.equal(label(strict, 'deny'), 'refused', 'existing violations are denied where what is judged changes')
  })

  test('is refused where the stored object has fewer', async () => {
    const decision = await decide(review({ operation: 'UPDATE', oldObject: routeWith(1) }))
    assert.equal(label(decision, 'deny'), 'refused')
  })

  test('once stored, can be made smaller', async () => {
    const decision = await decide(
      review({ operation: 'UPDATE', object: routeWith(3), oldObject: routeWith(MOST_REFERENCES + 1) }),
    )
    assert.equal(label(decision, 'deny'), 'existing')
  })

  test('of an exempt user passes', async () => {
    const exempt = { ...defaultSettings.exempt, users: new Set(['jane']) }
    assert.deepEqual(await decide(review(), { ...defaultSettings, exempt }), {
      outcome: 'unjudged',
      reason: 'exempt user',
    })
  })
})

suite('a review that is too large to be read', () => {
  const unread = (change: Partial<ReviewRequest> = {}) => {
    const { object: _, ...request } = review(change)
    return request
  }
  const oversize = { cap: 'bytes', found: 9_000_000, most: 8_388_608 } as const

  test('is refused, unless the stored object is too large as well', () => {
    const update = unread({ operation: 'UPDATE' })
    assert.equal(label(admitOversized(update, defaultSettings, oversize, false), 'deny'), 'refused')
    assert.equal(label(admitOversized(update, defaultSettings, oversize, true), 'deny'), 'existing')
    assert.equal(label(admitOversized(unread(), defaultSettings, oversize, true), 'deny'), 'refused')
    const strict: Settings = { ...defaultSettings, existingViolations: 'deny' }
    assert.equal(label(admitOversized(update, strict, oversize, true), 'deny'), 'refused')
  })

  test('is none of ours where no review of its kind is', () => {
    for (const change of [{ operation: 'DELETE' }, { subResource: 'status' }] as const)
      assert.equal(admitOversized(unread(change), defaultSettings, oversize, false).outcome, 'unjudged')
  })
})
