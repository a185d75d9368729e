import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { label } from '../../src/admission/annotate.ts'
import { type Answer, answer } from '../../src/admission/answer.ts'
import type { Excess } from '../../src/admission/excess.ts'
import type { ReviewRequest } from '../../src/admission/review.ts'
import type { Mode, Settings } from '../../src/admission/settings.ts'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { MOST_REFERENCES } from '../../src/policy/crossing.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { lookUpsIn, sourceOf } from '../harness/stand-ins/grant-source.ts'
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
const ask = (review: ReviewRequest, settings: Settings = defaultSettings, entry: Mode = 'deny', excess?: Excess) =>
  answer({ request: review, excess }, settings, lookUpsIn(source), entry)
const labelOf = ({ decision, mode }: Answer) => label(decision, mode)
const responseOf = ({ response }: Answer) => {
  assert.ok(response)
  return response.response
}

suite('an object with more references than are judged', () => {
  test('is refused in mode deny, with what to do', async () => {
    const response = responseOf(await ask(review()))
    assert.deepEqual([response.allowed, response.status?.code, response.status?.reason], [false, 403, 'Forbidden'])
    assert.equal(
      response.status?.message,
      'HTTPRoute "checkout" in namespace "shop" is too large to be judged: it has 10001 references to other namespaces; the limit is 10000.\nSplit the object into several objects.',
    )
  })

  for (const [mode, decision, warnings] of [
    ['warn', 'warned', 2],
    ['audit', 'audited', 0],
  ] as const) {
    test(`is allowed in mode ${mode}, and annotated`, async () => {
      const response = responseOf(await ask(review(), defaultSettings, mode))
      assert.equal(response.allowed, true)
      assert.equal(response.warnings?.length ?? 0, warnings)
      assert.deepEqual(response.auditAnnotations, {
        decision,
        reason: 'too large',
        references: '10001 of at most 10000',
      })
    })
  }

  test('is allowed with a warning if the stored object has them already', async () => {
    const update = review({ operation: 'UPDATE', oldObject: routeWith(MOST_REFERENCES + 1) })
    const answer = await ask(update)
    assert.equal(labelOf(answer), 'existing')
    const response = responseOf(answer)
    assert.deepEqual([response.allowed, response.warnings?.length], [true, 2])
    const strict = await ask(
      { ...update, object: routeWith(MOST_REFERENCES + 2) },
      { ...defaultSettings, existingViolations: 'deny' },
    )
    assert.equal(labelOf(strict), 'refused', 'existing violations are denied where what is judged changes')
  })

  test('is refused if the stored object does not have them', async () => {
    const answer = await ask(review({ operation: 'UPDATE', oldObject: routeWith(0) }))
    assert.equal(labelOf(answer), 'refused')
  })

  test('can be made smaller once it is stored', async () => {
    const answer = await ask(
      review({ operation: 'UPDATE', object: routeWith(3), oldObject: routeWith(MOST_REFERENCES + 1) }),
    )
    assert.equal(labelOf(answer), 'existing')
  })

  test('gets no other reference once it is stored, and neither does a smaller one', async () => {
    const oldObject = routeWith(MOST_REFERENCES + 1)
    const other = { name: 'ledger', namespace: 'billing' }
    for (const count of [MOST_REFERENCES + 1, 1, 0]) {
      const object = routeWith(count)
      object.spec.rules[0]?.backendRefs.push(other)
      assert.equal(labelOf(await ask(review({ operation: 'UPDATE', object, oldObject }))), 'refused', String(count))
    }
  })

  test('keeps each of its references, whatever its place', async () => {
    const last = { name: 'ledger', namespace: 'billing' }
    const oldObject = routeWith(MOST_REFERENCES + 1)
    oldObject.spec.rules[0]?.backendRefs.push(last)
    const object = { spec: { rules: [{ backendRefs: [last] }] } }
    assert.equal(labelOf(await ask(review({ operation: 'UPDATE', object, oldObject }))), 'existing')
  })

  test('of an exempt user is allowed', async () => {
    const exemptWrites = { ...defaultSettings.exemptWrites, users: new Set(['jane']) }
    assert.deepEqual((await ask(review(), { ...defaultSettings, exemptWrites })).decision, {
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

  const excess = (storedOversized: boolean, generation?: number, storedGeneration = generation) => ({
    oversize,
    storedOversized,
    generation,
    storedGeneration,
  })

  test('is refused, unless the stored object is too large, too', async () => {
    const update = unread({ operation: 'UPDATE' })
    assert.equal(labelOf(await ask(update, defaultSettings, 'deny', excess(false, 1))), 'refused')
    assert.equal(labelOf(await ask(update, defaultSettings, 'deny', excess(true, 1))), 'existing')
    assert.equal(labelOf(await ask(unread(), defaultSettings, 'deny', excess(true))), 'refused')
    const strict: Settings = { ...defaultSettings, existingViolations: 'deny' }
    assert.equal(labelOf(await ask(update, strict, 'deny', excess(true, 1))), 'refused')
  })

  test('is refused if the stored object is too large, too, but its references may change', async () => {
    const update = unread({ operation: 'UPDATE' })
    assert.equal(labelOf(await ask(update, defaultSettings, 'deny', excess(true, 2, 1))), 'refused')
    assert.equal(labelOf(await ask(update, defaultSettings, 'deny', excess(true, undefined, 1))), 'refused')
    const from = { group: update.kind.group, kind: update.kind.kind, plural: 'httproutes' }
    const withField = (path: string) => ({
      ...defaultSettings,
      coverage: new Coverage([...guardedFields, { from, path }]),
    })
    assert.equal(labelOf(await ask(update, withField('spec.secretRef'), 'deny', excess(true, 1))), 'existing')
    assert.equal(labelOf(await ask(update, withField('spec.secretRef'), 'deny', excess(true))), 'refused')
    assert.equal(labelOf(await ask(update, withField('metadata.labels.x'), 'deny', excess(true, 1))), 'refused')
  })

  test('is not judged if other reviews of its kind are not', async () => {
    for (const change of [{ operation: 'DELETE' }, { subResource: 'status' }] as const)
      assert.equal(labelOf(await ask(unread(change), defaultSettings, 'deny', excess(false))), 'unjudged')
  })
})
