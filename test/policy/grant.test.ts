import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { parseGrant } from '../../src/policy/grant.ts'

const metadata = { name: 'shop', namespace: 'billing' }
const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }
const to = { group: '', kind: 'Service', name: 'payments' }
const parse = (spec: unknown) => parseGrant({ metadata, spec })
const toOf = (...entries: unknown[]) => parse({ from: [from], to: entries })?.to

/** Values in place of a list or an entry, which grant nothing. */
const ODD: readonly unknown[] = [
  undefined,
  null,
  true,
  7,
  'text',
  [],
  {},
  [[from]],
  { 0: to, length: 1 },
  JSON.parse('{ "__proto__": { "group": "", "kind": "Service", "namespace": "shop" } }'),
  Object.create({ ...from, ...to }),
  JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)),
]

test('a parsed grant has its name, its namespace and its entries, and nothing else', () => {
  const written = {
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'ReferenceGrant',
    metadata: { ...metadata, uid: '1', labels: { a: 'b' }, managedFields: [{}] },
    spec: { from: [{ ...from, name: 'checkout' }], to: [{ ...to, namespace: 'other' }], also: 1 },
    status: {},
  }
  assert.deepEqual(parseGrant(written), { ...metadata, from: [from], to: [to] })
})

suite('an object without a name or a namespace is not a grant', () => {
  for (const [title, object] of Object.entries<unknown>({
    undefined: undefined,
    null: null,
    'a text': 'text',
    'a list': [],
    'no metadata': { spec: { from: [from], to: [to] } },
    'metadata that is null': { metadata: null },
    'no name': { metadata: { namespace: 'billing' } },
    'no namespace': { metadata: { name: 'shop' } },
    'a name that is not a string': { metadata: { ...metadata, name: 7 } },
    'a namespace that is not a string': { metadata: { ...metadata, namespace: ['billing'] } },
    'an inherited name': { metadata: Object.create(metadata) },
    'inherited metadata': Object.create({ metadata }),
  }))
    test(title, () => assert.equal(parseGrant(object), undefined))
})

suite('a malformed grant', () => {
  test('grants nothing without a spec that is an object', () => {
    for (const spec of ODD) assert.deepEqual(parse(spec), { ...metadata, from: [], to: [] })
  })

  test('grants nothing without lists', () => {
    for (const odd of ODD.filter((one) => !Array.isArray(one))) {
      assert.deepEqual(parse({ from: odd, to: [to] }), { ...metadata, from: [], to: [to] })
      assert.deepEqual(parse({ from: [from], to: odd }), { ...metadata, from: [from], to: [] })
    }
  })

  test('keeps its valid entries in their order, without the malformed ones', () => {
    const first = { ...to, name: 'first' }
    const second = { ...from, namespace: 'second' }
    assert.deepEqual(parse({ from: [...ODD, from, ...ODD, second], to: [first, ...ODD, to, ...ODD] }), {
      ...metadata,
      from: [from, second],
      to: [first, to],
    })
  })

  test('matches nothing by an entry that lacks a part', () => {
    for (const odd of [undefined, null, 7, true, ['shop'], { name: 'shop' }]) {
      for (const part of Object.keys(from))
        assert.deepEqual(parse({ from: [{ ...from, [part]: odd }], to: [to] })?.from, [], part)
      for (const part of ['group', 'kind']) assert.deepEqual(toOf({ ...to, [part]: odd }), [], part)
    }
  })
})

suite('the name of a target', () => {
  const { name: _, ...every } = to
  test('means every object of the kind if it is absent', () => assert.deepEqual(toOf(every), [every]))
  test('means the same if it is undefined', () => assert.deepEqual(toOf({ ...to, name: undefined }), [every]))
  test('means the same if it is null, as the API server prunes it', () =>
    assert.deepEqual(toOf({ ...to, name: null }), [every]))
  test('matches nothing if it is empty', () => assert.deepEqual(toOf({ ...to, name: '' }), []))
  test('means an object called * if it is *', () =>
    assert.deepEqual(toOf({ ...to, name: '*' }), [{ ...to, name: '*' }]))
  test('matches nothing if it is not a string', () => {
    for (const name of [0, 7, false, true, [], ['payments'], {}]) assert.deepEqual(toOf({ ...to, name }), [])
  })
})

test('strings are kept as written: case and spaces stay, and there are no aliases', () => {
  const odd = { group: 'core', kind: ' service\n', name: 'PAYMENTS' }
  assert.deepEqual(toOf(odd), [odd])
  assert.deepEqual(parse({ from: [{ ...from, group: 'gateway.networking.k8s.io/v1' }], to: [] })?.from, [
    { ...from, group: 'gateway.networking.k8s.io/v1' },
  ])
})

test('any JSON can be parsed, and no entry matches more than it says', () => {
  const part = fc.oneof(fc.constantFrom('', 'a', 'b'), fc.jsonValue({ maxDepth: 1 }))
  const entry = fc.oneof(
    fc.record({ group: part, kind: part, namespace: part, name: part }, { requiredKeys: [] }),
    fc.jsonValue({ maxDepth: 1 }),
  )
  const half = fc.oneof({ weight: 4, arbitrary: fc.array(entry, { maxLength: 4 }) }, fc.jsonValue())
  fc.assert(
    fc.property(fc.record({ from: half, to: half }, { requiredKeys: [] }), (spec) => {
      const grant = parse(spec)
      assert.ok(grant)
      const written = (list: unknown) => (Array.isArray(list) ? list : []) as Record<string, unknown>[]
      for (const one of grant.from)
        assert.ok(
          written(spec.from).some((entry) => Object.entries(one).every(([key, value]) => entry?.[key] === value)),
        )
      for (const one of grant.to)
        assert.ok(
          written(spec.to).some(
            (entry) =>
              entry?.group === one.group &&
              entry.kind === one.kind &&
              (one.name === undefined ? (entry.name ?? null) === null : entry.name === one.name),
          ),
        )
    }),
    { numRuns: 3_000 },
  )
})
