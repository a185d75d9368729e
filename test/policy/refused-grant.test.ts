import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { refusedField } from '../../src/policy/refused-grant.ts'

const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }
const to = { group: '', kind: 'Service', name: 'payments' }
const grant = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'ReferenceGrant', spec: { from: [from], to: [to] } }
const withEntry = (half: 'from' | 'to', change: object) => ({
  ...grant,
  spec: { ...grant.spec, [half]: [{ ...(half === 'from' ? from : to), ...change }] },
})

test('a grant that the API server takes is not refused', () => {
  for (const one of [
    grant,
    withEntry('to', { name: null }),
    withEntry('to', { name: 'a/b' }),
    withEntry('from', { kind: 'httproutes', more: 1 }),
    { ...grant, spec: { from: Array(16).fill(from), to: Array(16).fill(to) } },
    { ...grant, spec: undefined },
  ])
    assert.equal(refusedField(one, REFERENCE_GRANT), undefined)
})

suite('a grant that the API server rejects is refused for its first wrong field:', () => {
  const cases: [field: string, grant: object][] = [
    ['apiVersion', { ...grant, apiVersion: 'gateway.networking.k8s.io/v9' }],
    ['metadata.name', { ...grant, metadata: { name: 'G_g' } }],
    ['spec.from', { ...grant, spec: { from: Array(17).fill(from), to: [to] } }],
    ['spec.from[0].namespace', withEntry('from', { namespace: '*' })],
    ['spec.from[0].group', withEntry('from', { group: undefined })],
    ['spec.to[0].group', withEntry('to', { group: 'Foo/Bar baz' })],
    ['spec.to[0].kind', withEntry('to', { kind: 'Config Map' })],
    ['spec.to[0].name', withEntry('to', { name: true })],
    ['spec.to[0].name', withEntry('to', { name: '' })],
    ['spec.to[0].name', withEntry('to', { name: 'a'.repeat(254) })],
    ['spec.to[1].group', { ...grant, spec: { from: [from], to: [to, null] } }],
  ]
  for (const [field, one] of cases)
    test(`${field} ${JSON.stringify(one).slice(0, 60)}`, () => assert.equal(refusedField(one, REFERENCE_GRANT), field))
})

test('of a kind of your own, the schema is not known', () => {
  const kind = { group: 'example.com', kind: 'Grant', plural: 'grants' }
  assert.equal(refusedField(withEntry('to', { kind: 'Config Map' }), kind), undefined)
})
