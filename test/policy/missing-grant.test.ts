import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { Grant } from '../../src/policy/grant.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { judge } from '../../src/policy/judge.ts'
import { missingGrants } from '../../src/policy/missing-grant.ts'
import type { ObjectName, Reference } from '../../src/policy/reference.ts'

const GATEWAY_API = 'gateway.networking.k8s.io'
const route = { group: GATEWAY_API, kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' }

const reference = (to: Partial<ObjectName> = {}, from: Partial<ObjectName> = {}): Reference => ({
  from: { ...route, ...from },
  to: { group: '', kind: 'Service', namespace: 'billing', name: 'payments', ...to },
  path: 'spec.rules[0].backendRefs[0]',
})
const namesOf = (...references: Reference[]) => missingGrants(references).map(({ name }) => name)

test('a missing grant accepts one kind from one namespace and exposes one object', () => {
  assert.deepEqual(missingGrants([reference()]), [
    {
      namespace: 'billing',
      name: 'httproute-from-shop-to-service-payments',
      from: [{ group: GATEWAY_API, kind: 'HTTPRoute', namespace: 'shop' }],
      to: [{ group: '', kind: 'Service', name: 'payments' }],
    },
  ])
})

test('no references need no grant', () => assert.deepEqual(missingGrants([]), []))

// Every combination of two values for each part, to find grants that permit too much.
const combinations = <T>(parts: { [K in keyof T]: readonly T[K][] }): T[] =>
  Object.entries<readonly unknown[]>(parts).reduce<object[]>(
    (all, [key, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [key]: value }))),
    [{}],
  ) as T[]
const universe: Reference[] = combinations<ObjectName>({
  group: [GATEWAY_API, 'gateway.networking.x-k8s.io'],
  kind: ['HTTPRoute', 'XBackend'],
  namespace: ['shop', 'store'],
  name: ['one', 'two'],
}).flatMap((from) =>
  combinations<ObjectName>({
    group: ['', 'multicluster.x-k8s.io'],
    kind: ['Service', 'Secret'],
    namespace: ['billing', 'goods'],
    name: ['a', 'b'],
  }).map((to) => ({ from, to, path: 'spec' })),
)
/** The parts of a reference that a grant can distinguish: all but the name of the referrer. */
const essence = ({ from, to }: Reference) => JSON.stringify([{ ...from, name: '' }, to])
const permittedBy = (grants: readonly Grant[]) => {
  const lookup = lookupIn(grants)
  return new Set(universe.filter((one) => judge([one], lookup)[0]?.permitted).map(essence))
}

suite('for any refused references', () => {
  const someRefused = fc.array(fc.constantFrom(...universe), { maxLength: 30 })

  test('the missing grants permit all of them, and nothing else', () => {
    fc.assert(
      fc.property(someRefused, (refused) =>
        assert.deepEqual([...permittedBy(missingGrants(refused))].sort(), [...new Set(refused.map(essence))].sort()),
      ),
      { numRuns: 300 },
    )
  })

  test('every missing grant and every entry is necessary', () => {
    fc.assert(
      fc.property(someRefused, (refused) => {
        const grants = missingGrants(refused)
        assert.equal(grants.length, new Set(refused.map(essence)).size)
        for (const { from, to } of grants) assert.deepEqual([from.length, to.length], [1, 1])
      }),
      { numRuns: 300 },
    )
  })

  test('grants that are printed at different times do not replace each other', () => {
    fc.assert(
      fc.property(someRefused, someRefused, (first, second) =>
        assert.deepEqual(
          permittedBy([...missingGrants(first), ...missingGrants(second)]),
          permittedBy(missingGrants([...first, ...second])),
        ),
      ),
      { numRuns: 300 },
    )
  })

  test('the same references make the same grants, with the same names', () => {
    const [one, two] = [reference(), reference({ name: 'ledger' })]
    assert.deepEqual(namesOf(one, two, one), namesOf(one, two))
    assert.deepEqual(missingGrants([one, two]), [...missingGrants([one]), ...missingGrants([two])])
  })
})

/** Kubernetes, "Object Names and IDs", DNS subdomain names. */
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

suite('the name of a grant', () => {
  const cases: [title: string, to: Partial<ObjectName>, from: Partial<ObjectName>, name: string][] = [
    [
      'tells the group of a target that is not of the core group',
      { group: 'multicluster.x-k8s.io', kind: 'ServiceImport' },
      {},
      'httproute-from-shop-to-serviceimport.multicluster.x-k8s.io-payments-DIGEST',
    ],
    [
      'tells the group of a referrer that is not of Gateway API',
      {},
      { group: 'gateway.networking.x-k8s.io', kind: 'XBackend' },
      'xbackend.gateway.networking.x-k8s.io-from-shop-to-service-payments-DIGEST',
    ],
    ['keeps the dots of a name', { name: 'a.b-c.d' }, {}, 'httproute-from-shop-to-service-a.b-c.d'],
    ['is in lower case', { name: 'PayMents' }, {}, 'httproute-from-shop-to-service-payments-DIGEST'],
    ['replaces what no name may hold', { name: 'a\n"b"/ü_c' }, {}, 'httproute-from-shop-to-service-a-b-c-DIGEST'],
    ['has no empty label', { name: 'a..b.-c-.d' }, {}, 'httproute-from-shop-to-service-a.b.c.d-DIGEST'],
    ['does not end in a sign', { name: '...' }, {}, 'httproute-from-shop-to-service-DIGEST'],
  ]
  // What is not quite what it was, or could be read in two ways, ends in a digest of what was meant.
  const withoutDigest = (name: string) => name.replace(/-[0-9a-f]{16}$/, '-DIGEST')
  for (const [title, to, from, name] of cases)
    test(title, () => assert.deepEqual(namesOf(reference(to, from)).map(withoutDigest), [name]))

  test('is valid for an object with any name of the target', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 240, maxLength: 300 }))
    fc.assert(
      fc.property(text, text, text, (group, kind, name) => {
        const [made = ''] = namesOf(reference({ group, kind, name }))
        assert.match(made, SUBDOMAIN)
        assert.ok(made.length <= 253)
      }),
      { numRuns: 1_000 },
    )
  })

  test('is a DNS subdomain if the names that it contains are', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?){0,3}$/)
    fc.assert(
      fc.property(name, (target) => {
        const [made = ''] = namesOf(reference({ name: target }))
        assert.match(made, SUBDOMAIN)
      }),
      { numRuns: 1_000 },
    )
  })
})

test('no two grants for different references share a name', () => {
  const reference = (kind: string, namespace: string, to: string, name: string): Reference => ({
    from: { group: 'gateway.networking.k8s.io', kind, namespace, name: 'r' },
    to: { group: '', kind: to, namespace: 'billing', name },
    path: 'spec',
  })
  const long = 's'.repeat(240)
  const references = [
    reference('HTTPRoute', 'a', 'Service', 'x-to-service-y'),
    reference('HTTPRoute', 'a-to-service-x', 'Service', 'y'),
    reference('Gateway', 'infra', 'Secret', `${long}1`),
    reference('Gateway', 'infra', 'Secret', `${long}2`),
    reference('Gateway', 'infra', 'Secret', 'a b'),
    reference('Gateway', 'infra', 'Secret', 'a-b'),
  ]
  const names = missingGrants(references).map(({ name }) => name)
  assert.equal(new Set(names).size, references.length)
  for (const name of names) assert.match(name, /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/)
})
