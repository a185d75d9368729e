import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { compareWithStored, deniedStored, unpermitted } from '../../src/admission/existing.ts'
import type { ReviewRequest } from '../../src/admission/review.ts'
import type { Settings } from '../../src/admission/settings.ts'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { crossingReferences } from '../../src/policy/crossing.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { judge } from '../../src/policy/judge.ts'
import { defaultSettings } from '../harness/stand-ins/settings.ts'

const kind = { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' }
const checkout = { group: kind.group, kind: kind.kind, namespace: 'shop', name: 'checkout' }
const DELETED = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }
const service = [{ group: '', kind: 'Service', name: 'payments' }]

/** A route to these Services of namespace billing, each `NAME` or `NAMESPACE/NAME`. */
function routeTo(targets: readonly string[], rest: object = {}, spec: object = {}): Record<string, unknown> {
  const backendRefs = targets.map((target) => {
    const [name, namespace = 'billing'] = target.split('/').reverse()
    return { name, namespace }
  })
  return { ...rest, spec: { ...spec, rules: [{ backendRefs }] } }
}

function compare(
  object: Record<string, unknown>,
  oldObject: Record<string, unknown>,
  settings: Partial<Settings> = {},
  operation: ReviewRequest['operation'] = 'UPDATE',
) {
  const request: ReviewRequest = { uid: '1', kind, operation, userInfo: {}, namespace: 'shop', object, oldObject }
  const all = { ...defaultSettings, ...settings }
  const { references } = crossingReferences(all.coverage, checkout, object)
  const { held, added } = compareWithStored(request, all, checkout, references)
  assert.equal(held.length + added.length, references.length)
  const names = (some: typeof held) => some.map(({ to }) => `${to.namespace}/${to.name}`)
  return { held: names(held), added: names(added) }
}

suite('of the references of an update', () => {
  test('those to targets of the stored object are held, at any position, and the others are added', () => {
    assert.deepEqual(compare(routeTo(['new', 'old', 'goods/old']), routeTo(['x', 'y', 'old'])), {
      held: ['billing/old'],
      added: ['billing/new', 'goods/old'],
    })
  })

  test('one that occurs twice is held twice', () => {
    assert.deepEqual(compare(routeTo(['old', 'old']), routeTo(['old'])).held, ['billing/old', 'billing/old'])
  })

  test('one to another kind or group with the same name is added', () => {
    const stored = routeTo(['old'])
    for (const change of [{ kind: 'ServiceImport' }, { group: 'multicluster.x-k8s.io' }]) {
      const object = { spec: { rules: [{ backendRefs: [{ name: 'old', namespace: 'billing', ...change }] }] } }
      assert.deepEqual(compare(object, stored), { held: [], added: ['billing/old'] })
    }
  })

  test('one in another field with the same target is held', () => {
    const mirror = { requestMirror: { backendRef: { name: 'old', namespace: 'billing' } } }
    assert.deepEqual(compare({ spec: { rules: [{ filters: [mirror] }] } }, routeTo(['old'])).held, ['billing/old'])
  })

  test('one whose target the stored object had in its own namespace is added', () => {
    assert.deepEqual(compare(routeTo(['billing/old']), routeTo(['shop/old'])).added, ['billing/old'])
  })

  test('all are added if the stored object is empty or malformed', () => {
    for (const stored of [{}, { spec: null }, { spec: { rules: {} } }, { spec: { rules: [null, { backendRefs: 7 }] } }])
      assert.deepEqual(compare(routeTo(['old']), stored), { held: [], added: ['billing/old'] })
  })

  test('all are added if the stored object was a mesh route', () => {
    const mesh = { parentRefs: service }
    assert.deepEqual(compare(routeTo(['old']), routeTo(['old'], {}, mesh)).added, ['billing/old'])
    const enforced = new Coverage(guardedFields, { meshRoutes: false, targets: [] })
    assert.deepEqual(compare(routeTo(['old']), routeTo(['old'], {}, mesh), { coverage: enforced }).held, [
      'billing/old',
    ])
  })

  test('none is held on creation, even with an old object', () => {
    assert.deepEqual(compare(routeTo(['old']), routeTo(['old']), {}, 'CREATE').held, [])
  })
})

suite('where existing violations are denied', () => {
  const denied = { existingViolations: 'deny' } as const
  const held = (object: Record<string, unknown>, stored: Record<string, unknown>) =>
    compare(object, stored, denied).held

  test('an update of a judged part holds none', () => {
    assert.deepEqual(held(routeTo(['old', 'new']), routeTo(['old'])), [])
    assert.deepEqual(held(routeTo(['old'], {}, { hostnames: ['a'] }), routeTo(['old'])), [])
  })

  test('an update of any other part holds all', () => {
    assert.deepEqual(held(routeTo(['old'], { metadata: { labels: { a: 'b' } }, status: {} }), routeTo(['old'])), [
      'billing/old',
    ])
  })

  test('a reference of the stored object is known as denied', () => {
    const object = routeTo(['old', 'new'])
    const [old, added] = crossingReferences(defaultSettings.coverage, checkout, object).references
    assert.ok(old && added)
    const request = { kind, operation: 'UPDATE', object, oldObject: routeTo(['old']) } as unknown as ReviewRequest
    const settings = { ...defaultSettings, ...denied }
    assert.equal(deniedStored(request, settings, checkout)(old), true)
    assert.equal(deniedStored(request, settings, checkout)(added), false)
    assert.equal(deniedStored(request, defaultSettings, checkout)(old), false)
    assert.equal(deniedStored({ ...request, operation: 'CREATE' }, settings, checkout)(old), false)
  })

  test('another order of keys is not a change', () => {
    const object = { spec: { rules: [{ backendRefs: [{ namespace: 'billing', name: 'old' }] }], a: 1 } }
    const stored = { spec: { a: 1, rules: [{ backendRefs: [{ name: 'old', namespace: 'billing' }] }] } }
    assert.deepEqual(held(object, stored), ['billing/old'])
  })

  test('updates of an object that is being deleted hold old references and add new ones', () => {
    assert.deepEqual(compare(routeTo(['old', 'new'], DELETED), routeTo(['old'], DELETED), denied), {
      held: ['billing/old'],
      added: ['billing/new'],
    })
  })

  test('a deletion timestamp of null does not count', () => {
    const object = routeTo(['old'], { metadata: { deletionTimestamp: null } }, { hostnames: [] })
    assert.deepEqual(held(object, routeTo(['old'])), [])
  })

  test('every part of the object with a guarded field is judged', () => {
    const from = { group: kind.group, kind: kind.kind, plural: 'httproutes' }
    const own = new Coverage([...guardedFields, { from, path: 'config.backendRef' }])
    const object = { ...routeTo(['old']), config: { x: 1 } }
    assert.deepEqual(compare(object, routeTo(['old']), { ...denied, coverage: own }).held, [])
    assert.deepEqual(compare(object, routeTo(['old']), denied).held, ['billing/old'])
  })
})

suite('held references are warned about', () => {
  const references = crossingReferences(defaultSettings.coverage, checkout, routeTo(['old', 'other'])).references
  const grant = {
    namespace: 'billing',
    name: 'shop',
    from: [{ group: kind.group, kind: kind.kind, namespace: 'shop' }],
    to: [{ group: '', kind: 'Service', name: 'old' }],
  }
  const warned = (object: Record<string, unknown>, current = true) => {
    const request: ReviewRequest = { uid: '1', kind, operation: 'UPDATE', userInfo: {}, object, oldObject: object }
    const verdicts = current ? judge(references, lookupIn([grant])) : []
    return unpermitted(references, verdicts, request).map(({ to }) => to.name)
  }

  test('if no grant permits them', () => assert.deepEqual(warned({}), ['other']))
  test('but not from a stale cache', () => assert.deepEqual(warned({}, false), []))
  test('but not if the object is being deleted', () => assert.deepEqual(warned(DELETED), []))
  test('with any metadata', () => {
    for (const metadata of [null, 7, 'deletionTimestamp', [], {}, { deletionTimestamp: null }])
      assert.deepEqual(warned({ metadata }), ['other'])
  })
})
