import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { crossingReferences, MOST_REFERENCES } from '../../src/policy/crossing.ts'

const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' }
const route = (backendRefs: unknown[], parentRefs: unknown[] = []) => ({
  spec: { parentRefs, rules: [{ backendRefs }] },
})
const many = (count: number, namespace: string) => Array.from({ length: count }, () => ({ name: 'x', namespace }))
const coverage = new Coverage(guardedFields)

suite('references into other namespaces', () => {
  test('beyond the limit are counted but not kept', () => {
    const { references, count } = crossingReferences(coverage, from, route(many(MOST_REFERENCES + 5, 'billing')))
    assert.deepEqual([references.length, count], [MOST_REFERENCES, MOST_REFERENCES + 5])
  })

  test('are counted without those that stay in the namespace', () => {
    const object = route([...many(MOST_REFERENCES * 2, 'shop'), ...many(1, 'billing'), {}, { name: 'x' }])
    const { references, count } = crossingReferences(coverage, from, object)
    assert.deepEqual([references.length, count], [1, 1])
    assert.equal(references[0]?.path, `spec.rules[0].backendRefs[${MOST_REFERENCES * 2}]`)
  })

  test('are not counted for a mesh route, or if they lead to exempt kinds', () => {
    const mesh = route(many(MOST_REFERENCES + 5, 'billing'), [{ group: '', kind: 'Service', name: 'x' }])
    assert.deepEqual(crossingReferences(coverage, from, mesh), { references: [], count: 0, exemptReason: 'mesh route' })
    const exempting = new Coverage(guardedFields, { meshRoutes: true, targets: [{ group: '', kind: 'Service' }] })
    const found = crossingReferences(exempting, from, route(many(MOST_REFERENCES + 5, 'billing')))
    assert.deepEqual(found, { references: [], count: 0, exemptReason: 'exempt target' })
  })
})
