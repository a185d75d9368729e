import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { Grant } from '../../src/policy/grant.ts'
import { GrantIndex, lookupIn } from '../../src/policy/grant-index.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import type { GrantLookup } from '../../src/policy/grant-lookup.ts'
import { judge } from '../../src/policy/judge.ts'
import type { Reference } from '../../src/policy/reference.ts'

// Small alphabets, so that grants often replace each other and permit references; with a slash and a bracket, which the
// keys use as separators.
const word = fc.constantFrom('a', 'b', 'a/b', '["a"')
const grant: fc.Arbitrary<Grant> = fc.record({
  namespace: word,
  name: word,
  from: fc.array(fc.record({ group: word, kind: word, namespace: word }), { maxLength: 3 }),
  to: fc.array(fc.record({ group: word, kind: word, name: word }, { requiredKeys: ['group', 'kind'] }), {
    maxLength: 3,
  }),
})
const from = fc.record({ group: word, kind: word, namespace: word, name: word })
const to = fc.record({ group: word, kind: word, namespace: word, name: word })
const references = from.chain((from) =>
  fc.array(
    to.map((to): Reference => ({ from, to, path: 'x' })),
    { minLength: 1, maxLength: 8 },
  ),
)
const change = fc.oneof(
  fc.record({ verb: fc.constant('set' as const), grant }),
  fc.record({ verb: fc.constant('delete' as const), grant }),
  fc.record({
    verb: fc.constant('replace' as const),
    grants: fc.uniqueArray(grant, { selector: ({ namespace, name }) => JSON.stringify([namespace, name]) }),
    ends: fc.boolean(),
  }),
)

const unobserved = { skipped: () => {}, incomplete: () => {}, evicted: () => {} }

/** A lookup that returns this index for every kind. */
const alone = (index: GrantIndex): GrantLookup => ({ of: () => index })

const permits = ({ namespace, from, to }: Grant, reference: Reference) =>
  namespace === reference.to.namespace &&
  from.some(
    (f) =>
      f.group === reference.from.group && f.kind === reference.from.kind && f.namespace === reference.from.namespace,
  ) &&
  to.some(
    (t) =>
      t.group === reference.to.group &&
      t.kind === reference.to.kind &&
      (t.name === undefined || t.name === reference.to.name),
  )

const keyOf = ({ namespace, name }: { namespace: string; name: string }) => JSON.stringify([namespace, name])

test('after any changes and lists, the index answers as a search of the remaining grants does', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), references, (changes, references) => {
      const index = new GrantIndex()
      const model = new Map<string, Grant>()
      for (const one of changes) {
        if (one.verb === 'replace') {
          index.beginList()
          for (const grant of one.grants) index.set(grant)
          // A list that breaks off deletes nothing.
          if (one.ends) for (const _ of index.sweep());
          if (one.ends) model.clear()
          for (const grant of one.grants) model.set(keyOf(grant), grant)
        } else {
          index[one.verb](one.grant)
          if (one.verb === 'set') model.set(keyOf(one.grant), one.grant)
          else model.delete(keyOf(one.grant))
        }
      }
      assert.equal(index.size, model.size)
      for (const verdict of judge(references, alone(index))) {
        const { reference } = verdict
        if (reference.from.namespace === reference.to.namespace) continue
        assert.equal(
          verdict.permitted,
          [...model.values()].some((grant) => permits(grant, reference)),
        )
        if (!verdict.permitted) assert.ok(verdict.complete)
        else if (verdict.by !== 'same namespace')
          assert.ok(permits(model.get(keyOf(verdict.by)) as Grant, reference), 'the grant that is named permits')
      }
      for (const grant of model.values()) index.delete(grant)
      assert.deepEqual([index.size, index.weight], [0, 0], 'nothing is left of deleted grants')
    }),
    { numRuns: 2_000 },
  )
})

/** A reference that the grant permits; undefined if it permits none. */
const referencesBy = ({ namespace, from: [from], to: [to] }: Grant): Reference[] =>
  from && to ? [{ from: { ...from, name: 'a' }, to: { name: 'a', ...to, namespace }, path: 'x' }] : []

test('an index at its limit never gives a wrong answer', () => {
  const limits = { all: 1_500, eachNamespace: 700 }
  const seen = { permitted: 0, refused: 0, unknown: 0 }
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), references, (changes, references) => {
      const index = new GrantIndex(undefined, limits)
      const model = new Map<string, Grant>()
      for (const one of changes) {
        if (one.verb === 'replace') {
          index.replace(one.grants)
          model.clear()
          for (const grant of one.grants) model.set(keyOf(grant), grant)
        } else {
          index[one.verb](one.grant)
          if (one.verb === 'set') model.set(keyOf(one.grant), one.grant)
          else model.delete(keyOf(one.grant))
        }
        assert.ok(index.weight <= limits.all)
      }
      const named = changes.flatMap((one) => (one.verb === 'replace' ? one.grants : [one.grant])).flatMap(referencesBy)
      for (const verdict of [references, ...named.map((one) => [one])].flatMap((some) => judge(some, alone(index)))) {
        const { reference } = verdict
        if (reference.from.namespace === reference.to.namespace) continue
        if (verdict.permitted) {
          seen.permitted += 1
          assert.ok(verdict.by !== 'same namespace' && permits(model.get(keyOf(verdict.by)) as Grant, reference))
        } else if (verdict.complete) {
          seen.refused += 1
          assert.ok(![...model.values()].some((grant) => permits(grant, reference)))
        } else seen.unknown += 1
      }
    }),
    { numRuns: 1_000 },
  )
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `${what} has come about`)
})

const HTTP_ROUTE = { group: 'g', kind: 'HTTPRoute', namespace: 'shop' }
const grantOf = (name: string, { namespace = 'billing', to = 1, resource = '' } = {}): Grant => ({
  namespace,
  name,
  ...(resource !== '' && { resource }),
  from: [HTTP_ROUTE],
  to: Array.from({ length: to }, (_, at) => ({ group: '', kind: 'Service', name: `${name}-${at}` })),
})
const reference = (name: string, namespace = 'billing'): Reference => ({
  from: { ...HTTP_ROUTE, name: 'checkout' },
  to: { group: '', kind: 'Service', namespace, name },
  path: 'spec',
})
const verdictOf = (index: GrantIndex, name: string, namespace = 'billing') => {
  const [verdict] = judge([reference(name, namespace)], alone(index))
  return verdict?.permitted ? 'permitted' : verdict?.complete ? 'refused' : 'not known'
}

test('grants of two kinds may share a name, and each name has its resource', () => {
  const lookup = lookupIn([grantOf('one'), { ...grantOf('one', { resource: 'grants.example.com' }), to: [] }])
  const [verdict] = judge([reference('one-0')], lookup)
  assert.deepEqual(verdict?.permitted && verdict.by, { namespace: 'billing', name: 'one' })
  const own = { group: 'example.com', kind: 'Grant', plural: 'grants' }
  const grants = lookupIn([grantOf('one', { resource: 'grants.example.com' })])
  assert.equal(judge([reference('one-0')], grants)[0]?.permitted, false, 'a grant of another kind does not answer')
  const [other] = judge([{ ...reference('one-0'), grantKinds: [REFERENCE_GRANT, own] }], grants)
  assert.deepEqual(other?.permitted && other.by, {
    namespace: 'billing',
    name: 'one',
    resource: 'grants.example.com',
  })
})

test('the memory of a grant is proportional to its entries, not to their pairs', () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`)
  const grantWith = (from: number, to: number): Grant => ({
    namespace: 'billing',
    name: 'large',
    from: names(from).map((namespace) => ({ group: 'g', kind: 'HTTPRoute', namespace })),
    to: names(to).map((name) => ({ group: '', kind: 'Service', name })),
  })
  const weigh = (from: number, to: number) => {
    const index = new GrantIndex()
    index.set(grantWith(from, to))
    return index.weight
  }
  assert.ok(weigh(4_000, 4_000) < weigh(4_000, 1) + weigh(1, 4_000))
})

test('an incomplete index of one kind does not make another kind incomplete', () => {
  const index = new GrantIndex('grants.example.com')
  index.miss('billing')
  const own = { group: 'example.com', kind: 'Grant', plural: 'grants' }
  const lookup: GrantLookup = { of: (kind) => (kind === own ? index : new GrantIndex()) }
  const complete = [[own], [REFERENCE_GRANT], undefined].map((grantKinds) => {
    const [verdict] = judge([{ ...reference('x'), ...(grantKinds && { grantKinds }) }], lookup)
    return verdict?.permitted === false && verdict.complete
  })
  assert.deepEqual(complete, [false, true, true])
})

suite('an index with a limit', () => {
  const limits = { all: 7_820, eachNamespace: 3_040 }

  test('keeps the grants of a namespace that fit, and permits by them', () => {
    const index = new GrantIndex(undefined, limits)
    const kept = Array.from({ length: 100 }, (_, at) => index.set(grantOf(`g${at}`)))
    const count = kept.filter(Boolean).length
    assert.ok(count > 0 && count < 100 && index.weight <= limits.eachNamespace)
    assert.deepEqual([...index.incomplete], ['billing'])
    assert.deepEqual([verdictOf(index, 'g0-0'), verdictOf(index, 'g99-0')], ['permitted', 'not known'])
    assert.equal(verdictOf(index, 'x', 'other'), 'refused', 'other namespaces are complete')
  })

  test('marks a namespace complete again after a list that had all of its grants', () => {
    const index = new GrantIndex(undefined, limits)
    for (let at = 0; at < 100; at += 1) index.set(grantOf(`g${at}`))
    for (let at = 0; at < 100; at += 1) index.delete(grantOf(`g${at}`))
    assert.equal(verdictOf(index, 'x'), 'not known', 'a grant that was not kept may still be there')
    index.replace([grantOf('g0')])
    assert.deepEqual([verdictOf(index, 'g0-0'), verdictOf(index, 'x')], ['permitted', 'refused'])
    assert.equal(index.incomplete.size, 0)
  })

  test('evicts only the largest namespace when all together exceed the limit', () => {
    const index = new GrantIndex(undefined, limits)
    for (const [namespace, count] of Object.entries({ a: 11, b: 12, c: 9 }))
      for (let at = 0; at < count; at += 1) index.set(grantOf(`g${at}`, { namespace }))
    assert.ok(index.weight <= limits.all)
    assert.deepEqual([...index.incomplete], ['b'])
    assert.deepEqual(
      ['a', 'b', 'c'].map((namespace) => verdictOf(index, 'g0-0', namespace)),
      ['permitted', 'not known', 'permitted'],
    )
    assert.equal(index.set(grantOf('more', { namespace: 'b' })), false, 'nothing of it is kept until the next list')
    index.beginList()
    assert.equal(index.set(grantOf('more', { namespace: 'b' })), true)
  })

  test('evicts a namespace without lookups before one with lookups', () => {
    const index = new GrantIndex(undefined, limits)
    for (const [namespace, count] of Object.entries({ used: 12, unused: 11 }))
      for (let at = 0; at < count; at += 1) index.set(grantOf(`g${at}`, { namespace }))
    verdictOf(index, 'x', 'used')
    for (let at = 0; at < 10; at += 1) index.set(grantOf(`g${at}`, { namespace: 'new' }))
    assert.deepEqual([...index.incomplete], ['unused'])
    // It is wanted now, so the next list keeps it and not the others.
    verdictOf(index, 'x', 'unused')
    for (let list = 0; list < 2; list += 1) {
      const all = ['new', 'unused', 'used'].flatMap((namespace) =>
        Array.from({ length: 11 }, (_, at) => grantOf(`g${at}`, { namespace })),
      )
      index.replace(all)
      verdictOf(index, 'x', 'unused')
    }
    assert.deepEqual(verdictOf(index, 'g0-0', 'unused'), 'permitted')
  })

  test('marks every namespace incomplete beyond 10,000 incomplete namespaces', () => {
    const index = new GrantIndex()
    index.set(grantOf('g'))
    for (let at = 0; at < 10_000; at += 1) index.miss(`missed-${at}`)
    assert.deepEqual([verdictOf(index, 'x'), verdictOf(index, 'x', 'missed-7')], ['refused', 'not known'])
    index.miss('one-more')
    assert.deepEqual([verdictOf(index, 'g-0'), verdictOf(index, 'x')], ['permitted', 'not known'])
    assert.equal(index.incomplete.size, 10_000)
    index.replace([grantOf('g')])
    assert.deepEqual(
      [verdictOf(index, 'x'), verdictOf(index, 'x', 'missed-7'), index.incomplete.size],
      ['refused', 'refused', 0],
    )
  })

  test('uses most of its limit with any number of namespaces', () => {
    const index = new GrantIndex(undefined, limits)
    const weights = Array.from({ length: 500 }, (_, at) => {
      index.set(grantOf('g', { namespace: `${at}` }))
      return index.weight
    })
    const full = weights.findIndex((weight, at) => weight < Number(weights[at - 1]))
    assert.ok(full > 0)
    for (const weight of weights.slice(full)) assert.ok(weight > limits.all * 0.8 && weight <= limits.all)
    assert.equal(index.size + index.incomplete.size, 500)
  })

  test('marks a namespace incomplete whose grant could not be read, until a list has it', () => {
    const index = new GrantIndex(undefined, limits)
    index.miss('billing')
    assert.equal(verdictOf(index, 'x'), 'not known')
    index.beginList()
    index.miss('billing')
    for (const _ of index.sweep());
    assert.equal(verdictOf(index, 'x'), 'not known')
    index.replace([])
    assert.equal(verdictOf(index, 'x'), 'refused')
  })

  test('reports a grant that was added or changed, if it is kept', () => {
    const added: string[] = []
    const observer = { added: (namespace: string) => added.push(namespace), ...unobserved }
    const index = new GrantIndex(undefined, limits, observer)
    const changes: [Grant, string[]][] = [
      [grantOf('g', { to: 1 }), ['billing']],
      [grantOf('g', { to: 1 }), []],
      [grantOf('g', { to: 2 }), ['billing']],
      [grantOf('g', { to: 500 }), []],
      [grantOf('g', { to: 1, namespace: 'shop' }), ['shop']],
    ]
    for (const [grant, expected] of changes) {
      index.set(grant)
      assert.deepEqual(added.splice(0), expected)
    }
    index.delete(grantOf('g', { namespace: 'shop' }))
    assert.deepEqual(added, [])
  })

  test('reports each skipped grant, and once that a namespace is incomplete, evicted or not', () => {
    const told: string[] = []
    const tell = (what: string) => (namespace: string) => told.push(`${what} ${namespace}`)
    const observer = {
      added: () => {},
      skipped: tell('skipped'),
      incomplete: tell('incomplete'),
      evicted: tell('evicted'),
    }
    const index = new GrantIndex(undefined, limits, observer)
    for (let list = 0; list < 2; list += 1) {
      index.beginList()
      for (const [namespace, count] of Object.entries({ a: 11, b: 12, c: 9 }))
        for (let at = 0; at < count; at += 1) index.set(grantOf(`g${at}`, { namespace }))
      index.miss('a')
      for (const _ of index.sweep());
    }
    assert.deepEqual(told, ['evicted b', 'incomplete b', 'skipped a', 'incomplete a', 'evicted a', 'skipped a'])
  })

  test('deletes a grant that becomes too large', () => {
    const index = new GrantIndex(undefined, limits)
    index.set(grantOf('g', { to: 1 }))
    assert.equal(index.set(grantOf('g', { to: 500 })), false)
    assert.equal(verdictOf(index, 'g-0'), 'not known')
    assert.equal(index.weight, 0)
  })
})
