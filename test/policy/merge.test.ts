import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { type Grant, parseGrant } from '../../src/policy/grant.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { judge } from '../../src/policy/judge.ts'
import { mergedInto } from '../../src/policy/merge.ts'
import { missingGrants } from '../../src/policy/missing-grant.ts'
import { property } from '../../src/policy/property.ts'
import type { Reference } from '../../src/policy/reference.ts'
import { refusedField } from '../../src/policy/refused-grant.ts'
import { grant } from '../harness/objects/objects.ts'

const coverage = new Coverage(guardedFields)
const GROUP = 'gateway.networking.k8s.io'

const reference = (namespace: string, name: string, kind = 'HTTPRoute'): Reference => ({
  from: { group: GROUP, kind, namespace, name: 'any' },
  to: { group: '', kind: 'Service', namespace: 'billing', name },
  path: 'spec.rules[0].backendRefs[0]',
})

type Entries = { from: { kind: string; namespace: string }[]; to: { name?: string }[] }

const candidateOf = (from: Entries['from'], to: Entries['to'], name = 'one') => ({
  name: { group: GROUP, kind: 'ReferenceGrant', namespace: 'billing', name },
  object: {
    ...grant({ name, to: 'none' }),
    spec: {
      from: from.map((one) => ({ group: GROUP, ...one })),
      to: to.map((one) => ({ group: '', kind: 'Service', ...one })),
    },
  },
})

const SHOP = { kind: 'HTTPRoute', namespace: 'shop' }
const MARKET = { kind: 'HTTPRoute', namespace: 'market' }

const specOf = ({ object }: { object: unknown }) => {
  const { from, to } = (object as { spec: Entries }).spec
  return [from.map((one) => one.namespace), to.map((one) => one.name)]
}

suite('an existing grant takes the place of a new one only where it then permits nothing else:', () => {
  const mergedOf = (existing: ReturnType<typeof candidateOf>[], references: Reference[], anyName = false) => {
    const { changed, left } = mergedInto(references, existing, anyName, coverage)
    return { changed: changed.map(specOf), left: left.length }
  }

  test('another target of the same referrer is added', () =>
    assert.deepEqual(mergedOf([candidateOf([SHOP], [{ name: 'payments' }])], [reference('shop', 'ledger')]), {
      changed: [[['shop'], ['payments', 'ledger']]],
      left: 0,
    }))

  test('another referrer of the same target is added', () =>
    assert.deepEqual(mergedOf([candidateOf([SHOP], [{ name: 'payments' }])], [reference('market', 'payments')]), {
      changed: [[['shop', 'market'], ['payments']]],
      left: 0,
    }))

  test('a grant with two targets takes no other referrer', () =>
    assert.deepEqual(
      mergedOf([candidateOf([SHOP], [{ name: 'payments' }, { name: 'tax' }])], [reference('market', 'payments')]),
      { changed: [], left: 1 },
    ))

  test('a grant with two referrers takes no other target', () =>
    assert.deepEqual(mergedOf([candidateOf([SHOP, MARKET], [{ name: 'payments' }])], [reference('shop', 'tax')]), {
      changed: [],
      left: 1,
    }))

  test('a grant that exposes every Service takes no referrer for one of them, but for every one', () => {
    const existing = [candidateOf([SHOP], [{}])]
    assert.equal(mergedOf(existing, [reference('market', 'payments')]).left, 1)
    assert.deepEqual(mergedOf(existing, [reference('market', 'payments')], true).changed, [
      [['shop', 'market'], [undefined]],
    ])
  })

  test('a misspelt name is corrected, and one change may serve several references', () => {
    const existing = [candidateOf([SHOP], [{ name: 'payment' }])]
    assert.deepEqual(mergedOf(existing, [reference('shop', 'payments'), reference('shop', 'payments')]), {
      changed: [[['shop'], ['payments']]],
      left: 0,
    })
  })

  test('a misspelt name is not corrected if another referrer would reach the target too', () => {
    const existing = [candidateOf([SHOP, MARKET], [{ name: 'payment' }])]
    assert.deepEqual(mergedOf(existing, [reference('shop', 'payments')]), { changed: [], left: 1 })
    const both = [reference('shop', 'payments'), reference('market', 'payments')]
    assert.deepEqual(mergedOf(existing, both), { changed: [[['shop', 'market'], ['payments']]], left: 0 })
  })

  test('a misspelt namespace is not corrected if the referrer would reach another target too', () => {
    const existing = [candidateOf([{ ...SHOP, namespace: 'shpo' }], [{ name: 'payments' }, { name: 'ledger' }])]
    assert.equal(mergedOf(existing, [reference('shop', 'payments')]).left, 1)
    assert.equal(mergedOf(existing, [reference('shop', 'payments'), reference('shop', 'ledger')]).left, 0)
  })

  test('a misspelt name is not corrected if another reference needs it, which may be one of the same run', () => {
    const changedBy = (references: Reference[], permitted: Reference[], name: string) =>
      mergedInto(references, [candidateOf([SHOP], [{ name }])], false, coverage, permitted).changed.map(specOf)
    const [right, one, other] = [
      reference('shop', 'payments'),
      reference('shop', 'payment'),
      reference('shop', 'paymants'),
    ]
    assert.deepEqual(changedBy([right], [one], 'payment'), [[['shop'], ['payment', 'payments']]])
    assert.deepEqual(changedBy([right, other], [], 'paymets'), [[['shop'], ['payments', 'paymants']]])
  })

  test('of a grant that others may need, only a name that nothing can have is corrected', () => {
    const changedBy = (name: string) => {
      const existing = [candidateOf([SHOP], [{ name }])]
      return mergedInto([reference('shop', 'payments')], existing, false, coverage, [], () => true).changed.map(specOf)
    }
    assert.deepEqual(changedBy('payment'), [[['shop'], ['payment', 'payments']]])
    assert.deepEqual(changedBy('Payments'), [[['shop'], ['payments']]])
  })

  test('a grant that the API server rejects is not corrected if its other entries would count then', () => {
    const existing = {
      ...candidateOf([{ ...SHOP, namespace: 'shop ' }, MARKET], [{ name: 'payments' }]),
      refused: 'spec.from[0].namespace',
    }
    assert.equal(mergedOf([existing], [reference('shop', 'payments')]).left, 1)
  })

  test('a grant with 16 entries takes no more', () => {
    const full = Array.from({ length: 16 }, (_, at) => ({ name: `service-${String.fromCharCode(97 + at).repeat(4)}` }))
    assert.equal(mergedOf([candidateOf([SHOP], full)], [reference('shop', 'payments')]).left, 1)
  })

  test('a grant with an entry that cannot be read takes no other', () => {
    const odd = candidateOf([SHOP, null as never], [{ name: 'payments' }])
    assert.equal(mergedOf([odd], [reference('shop', 'tax')]).left, 1)
  })
})

suite('a changed grant has no error, and one that would have is not changed:', () => {
  type Fields = Record<string, unknown>
  const FROM = { group: GROUP, kind: 'HTTPRoute', namespace: 'shop' }
  const TO = { group: '', kind: 'Service', name: 'payments' }
  const { namespace, ...OTHERS } = FROM
  const mergedSpec = (from: Fields[], to: Fields[]) => {
    const existing = {
      ...candidateOf([], []),
      object: { apiVersion: `${GROUP}/v1`, kind: 'ReferenceGrant', spec: { from, to } },
    }
    const refused = refusedField(existing.object, REFERENCE_GRANT)
    const { changed, left, unsound } = mergedInto(
      [reference('shop', 'payments')],
      [{ ...existing, refused }],
      false,
      coverage,
    )
    assert.equal(changed.length + left.length, 1)
    const [merged] = changed
    return merged ? property(merged.object, 'spec') : unsound.map(({ error }) => error.path)
  }
  const right = { from: [FROM], to: [TO] }

  for (const [title, from, to] of [
    ['a misspelt field', [{ ...OTHERS, namespaces: namespace }], [TO]],
    ['a misspelt field with a misspelt value', [{ ...OTHERS, namespaces: 'shpo' }], [TO]],
    ['the namespace of the grant in to', [{ ...FROM, kind: 'httproute' }], [{ ...TO, namespace: 'billing' }]],
    ['a group that has no such kind', [{ ...FROM, group: 'networking.k8s.io' }], [{ ...TO, group: 'apps' }]],
  ] as const)
    test(`${title} is corrected`, () => assert.deepEqual(mergedSpec([...from], [...to]), right))

  for (const [title, from, to, path] of [
    ['an entry in three parts', [{ group: GROUP }, { kind: 'HTTPRoute' }, { namespace }], [TO], 'spec.from[1].group'],
    ['a misspelt field for another namespace', [{ ...OTHERS, namespaces: 'a' }], [TO], 'spec.from[0].namespaces'],
    ['a list of namespaces', [{ ...OTHERS, namespaces: ['shop', 'a'] }], [TO], 'spec.from[0].namespaces'],
    ['another namespace in to', [{ ...FROM, kind: 'httproute' }], [{ ...TO, namespace: 'a' }], 'spec.to[0].namespace'],
    ['a name in from', [{ ...FROM, name: 'checkout' }], [{ ...TO, name: 'ledger' }], 'spec.from[0].name'],
    [
      'an error in another entry',
      [FROM],
      [
        { ...TO, kind: 'services', name: 'ledger' },
        { ...TO, name: 'payment' },
      ],
      'spec.to[0].kind',
    ],
  ] as const)
    test(`${title} is not, and the first error is named`, () =>
      assert.deepEqual(mergedSpec([...from], [...to]), [path]))
})

test('merged grants permit every reference, and nothing that neither the old grants nor the new ones would', () => {
  const kind = fc.constantFrom('HTTPRoute', 'GRPCRoute')
  const namespace = fc.constantFrom('shop', 'shpo', 'market', 'warehouse')
  const name = fc.constantFrom('payments', 'payment', 'ledger', 'tax')
  const entries = fc.record({
    from: fc.array(fc.record({ kind, namespace }), { minLength: 1, maxLength: 2 }),
    to: fc.array(
      name.map((one) => ({ name: one })),
      { minLength: 1, maxLength: 2 },
    ),
  })
  const wanted = fc.tuple(namespace, name, kind).map(([from, to, of]) => reference(from, to, of))
  const every = ['shop', 'shpo', 'market', 'warehouse'].flatMap((from) =>
    ['payments', 'payment', 'ledger', 'tax'].flatMap((to) =>
      ['HTTPRoute', 'GRPCRoute'].map((of) => reference(from, to, of)),
    ),
  )
  const parsed = (objects: readonly { object: unknown }[]) =>
    objects.map(({ object }) => parseGrant(object)).filter((one): one is Grant => one !== undefined)
  const permittedBy = (grants: readonly Grant[]) => judge(every, lookupIn(grants)).map(({ permitted }) => permitted)
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 3 }), fc.array(wanted, { maxLength: 4 }), (existing, references) => {
      const before = existing.map(({ from, to }, at) => candidateOf(from, to, `g${at}`))
      const permitted = references.filter((one) => judge([one], lookupIn(parsed(before)))[0]?.permitted)
      const refused = references.filter((one) => !permitted.includes(one))
      const { changed, left } = mergedInto(refused, before, false, coverage, permitted)
      const names = new Set(changed.map((one) => one.name.name))
      const after = [...before.filter((one) => !names.has(one.name.name)), ...changed]
      const wide = permittedBy([...parsed(before), ...missingGrants(references)])
      const merged = permittedBy([...parsed(after), ...missingGrants(left)])
      // What is misspelt in the old grants is replaced, so it may be permitted no more.
      assert.deepEqual(
        merged.map((one, at) => one && !wide[at]),
        every.map(() => false),
      )
      const grants = lookupIn([...parsed(after), ...missingGrants(left)])
      for (const one of references) assert.ok(judge([one], grants)[0]?.permitted)
    }),
  )
})
