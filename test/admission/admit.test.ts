import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admit } from '../../src/admission/admit.ts'
import type { Decision } from '../../src/admission/decision.ts'
import { type GrantSource, LookupFailed } from '../../src/admission/grant-source.ts'
import type { ReviewRequest } from '../../src/admission/review.ts'
import type { Grant } from '../../src/policy/grant.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { lookUpsIn } from '../harness/stand-ins/grant-source.ts'
import { defaultSettings } from '../harness/stand-ins/settings.ts'

const GROUP = 'gateway.networking.k8s.io'

const grantIn = (namespace: string): Grant => ({
  namespace,
  name: 'shop',
  from: [{ group: GROUP, kind: 'HTTPRoute', namespace: 'shop' }],
  to: [{ group: '', kind: 'Service' }],
})

/** A source with these cached grants, whose fresh reads return `stored` for as many namespaces as the budget allows. */
function source(cached: Grant[], stored: Grant[], { current = true, budget = 99 } = {}) {
  const asked: string[][] = []
  const grants: GrantSource = {
    cached: () => ({ grants: lookupIn(cached), current }),
    fresh: async (places, _referrer, take) => {
      const namespaces = places.map(({ namespace }) => namespace)
      asked.push(namespaces)
      // Reads end in reverse order.
      for (const namespace of namespaces.slice(0, budget).toReversed()) take(namespace, lookupIn(stored))
    },
  }
  return { ...grants, asked }
}

function review(namespaces: readonly string[], change: Partial<ReviewRequest> = {}): ReviewRequest {
  const backendRefs = namespaces.map((namespace) => ({ name: 'payments', namespace }))
  return {
    uid: '1',
    kind: { group: GROUP, version: 'v1', kind: 'HTTPRoute' },
    name: 'checkout',
    namespace: 'shop',
    operation: 'CREATE',
    userInfo: {},
    object: { spec: { rules: [{ backendRefs }] } },
    ...change,
  }
}

const decide = (request: ReviewRequest, grants: GrantSource) => admit(request, defaultSettings, lookUpsIn(grants))
const many = Array.from({ length: 12 }, (_, index) => `n${index}`)

test('a reference that a cached grant permits needs no fresh read', async () => {
  const known = source([grantIn('billing')], [])
  assert.equal((await decide(review(['billing']), known)).outcome, 'permitted')
  assert.deepEqual(known.asked, [])
})

test('a grant that is stored but not cached yet permits', async () => {
  const late = source([], [grantIn('billing')])
  assert.equal((await decide(review(['billing']), late)).outcome, 'permitted')
  assert.deepEqual(late.asked, [['billing']])
})

test('at most eight namespaces are read, in the order of the object; the rest are counted', async () => {
  const none = source([], [])
  const decision = await decide(review(many), none)
  assert.deepEqual(none.asked, [many.slice(0, 8)])
  assert.ok(decision.outcome === 'refused')
  assert.equal(decision.refused.length, 8)
  assert.equal(decision.unjudged, 4)
  assert.equal(decision.confirmed, true)
})

test('the next eight namespaces are read while all of the previous eight permit', async () => {
  const all = source([], many.map(grantIn))
  assert.equal((await decide(review(many), all)).outcome, 'permitted')
  assert.deepEqual(all.asked, [many.slice(0, 8), many.slice(8)])
  const allButTheLast = source([], many.slice(0, -1).map(grantIn))
  const decision = await decide(review(many), allButTheLast)
  assert.ok(decision.outcome === 'refused' && decision.confirmed)
  assert.deepEqual(
    decision.refused.map(({ to }) => to.namespace),
    many.slice(-1),
  )
})

test('over the budget, a current index refuses, and the refusal says that it is unconfirmed', async () => {
  const decision = await decide(review(['billing']), source([], [], { budget: 0 }))
  assert.ok(decision.outcome === 'refused' && !decision.confirmed)
})

test('over the budget, a stale index does not refuse', async () => {
  const decision = await decide(review(['billing']), source([], [], { budget: 0, current: false }))
  assert.ok(decision.outcome === 'undecided')
  assert.match(decision.why, /are stale/)
})

test('a stale index does not permit', async () => {
  const decision = await decide(review(['billing']), source([grantIn('billing')], [], { current: false }))
  assert.equal(decision.outcome, 'refused')
})

test('without a lookup of grants there is no verdict', async () => {
  const broken: GrantSource = {
    ...source([], []),
    fresh: async () => {
      throw new LookupFailed('no answer')
    },
  }
  assert.deepEqual(await decide(review(['billing']), broken), { outcome: 'undecided', why: 'no answer' })
})

for (const [title, change] of Object.entries<Partial<ReviewRequest>>({
  'a deletion': { operation: 'DELETE' },
  'a connection': { operation: 'CONNECT' },
  'a subresource': { subResource: 'status' },
  'an unknown kind': { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } },
})) {
  test(`${title} is allowed without a check`, async () => {
    const decision: Decision = await decide(review(['billing'], change), source([], []))
    assert.equal(decision.outcome, 'unjudged')
  })
}

test('an old object does not count unless the request is an update', async () => {
  const oldObject = review(['billing']).object
  const outcome = async (operation: 'CREATE' | 'UPDATE') =>
    (await decide(review(['billing'], { operation, oldObject: oldObject ?? null }), source([], []))).outcome
  assert.deepEqual([await outcome('CREATE'), await outcome('UPDATE')], ['refused', 'permitted'])
})
