import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { distinctTargets } from '../../src/policy/distinct-targets.ts'
import type { ObjectName, Reference } from '../../src/policy/reference.ts'
import { objectTitle } from '../../src/wording/objects.ts'
import { type Refusal, refusalText, sentence } from '../../src/wording/refusal.ts'

const checkout = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' }

function reference(index: number, to: Partial<ObjectName> = {}, from: ObjectName = checkout): Reference {
  const target = { group: '', kind: 'Service', namespace: 'billing', name: 'payments', ...to }
  return { from, to: target, path: `spec.rules[0].backendRefs[${index}]` }
}
const refused = (references: readonly Reference[], change: Partial<Refusal> = {}) =>
  refusalText({ refused: references, unjudged: 0, confirmed: true, ...change })
const lines = (...all: string[]) => all.join('\n')
const services = (count: number) => Array.from({ length: count }, (_, index) => reference(index, { name: `s${index}` }))

const PRINT = 'To print it: refgrant grant -f FILE\nTo see why: refgrant explain -f FILE --live'

suite('a refusal says, word for word', () => {
  test('which field refers to what, and which grant is needed', () => {
    assert.equal(
      refused([reference(1)]),
      lines(
        'HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[1] refers to Service "payments" in namespace "billing", which no ReferenceGrant permits.',
        'Needed in namespace "billing": a ReferenceGrant from HTTPRoute (gateway.networking.k8s.io) in namespace "shop" to Service "payments".',
        PRINT,
      ),
    )
  })

  test('several references, and one grant for each namespace they lead to, in the order of the object', () => {
    const imported = { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'stock' }
    assert.equal(
      refused([reference(0), reference(1, { namespace: 'goods', ...imported }), reference(2, { name: 'ledger' })]),
      lines(
        'HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[0] refers to Service "payments" in namespace "billing", which no ReferenceGrant permits.',
        'Also spec.rules[0].backendRefs[1] refers to ServiceImport (multicluster.x-k8s.io) "stock" in namespace "goods", which no ReferenceGrant permits.',
        'Also spec.rules[0].backendRefs[2] refers to Service "ledger" in namespace "billing", which no ReferenceGrant permits.',
        'Needed in namespace "billing": a ReferenceGrant from HTTPRoute (gateway.networking.k8s.io) in namespace "shop" to Service "payments", Service "ledger".',
        'Needed in namespace "goods": a ReferenceGrant from HTTPRoute (gateway.networking.k8s.io) in namespace "shop" to ServiceImport (multicluster.x-k8s.io) "stock".',
        PRINT,
      ),
    )
  })

  test('a target once, whose other places are counted', () => {
    assert.equal(
      refused([reference(0), reference(1), reference(2)]),
      lines(
        'HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[0] refers to Service "payments" in namespace "billing", which no ReferenceGrant permits.',
        'And 2 more references to other namespaces that no grant permits.',
        'Needed in namespace "billing": a ReferenceGrant from HTTPRoute (gateway.networking.k8s.io) in namespace "shop" to Service "payments".',
        PRINT,
      ),
    )
  })

  test('that it rests on the watches alone, where it does', () => {
    assert.equal(
      refused([reference(0)], { confirmed: false }),
      lines(
        'HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[0] refers to Service "payments" in namespace "billing", which no ReferenceGrant permits.',
        'Needed in namespace "billing": a ReferenceGrant from HTTPRoute (gateway.networking.k8s.io) in namespace "shop" to Service "payments".',
        'The budget of fresh reads is exhausted, so this refusal is based on cached grants. If you created the grant seconds ago, apply again.',
        PRINT,
      ),
    )
  })

  test('that the stored object had the reference, where the configuration denies that', () => {
    const said = refused([reference(0)], { stored: true }).split('\n')
    assert.equal(
      said[2],
      'The stored object already has the first of these references. refgrant refuses it because existingViolations is "deny".',
    )
  })

  test('foreign text escaped, each on the line where it belongs', () => {
    const from = { group: 'example.com', kind: 'Odd\nKind', namespace: 'shop', name: 'a"b' }
    const to = { group: 'evil\u202e', kind: '', namespace: 'bill\ning', name: 'pay\nments' }
    assert.equal(
      refused([reference(0, to, from)]),
      lines(
        String.raw`"Odd\nKind" "a\"b" in namespace "shop": spec.rules[0].backendRefs[0] refers to "" ("evil\u{202e}") "pay\nments" in namespace "bill\ning", which no ReferenceGrant permits.`,
        String.raw`Needed in namespace "bill\ning": a ReferenceGrant from "Odd\nKind" (example.com) in namespace "shop" to "" ("evil\u{202e}") "pay\nments".`,
        PRINT,
      ),
    )
  })
})

suite('a refusal spells out eight targets and counts the rest', () => {
  const counted = (text: string) => text.split('\n').filter((line) => line.startsWith('And '))
  const spelt = (text: string) => text.split('\n').filter((line) => line.includes('refers to')).length

  test('eight are spelt out', () => {
    assert.deepEqual([spelt(refused(services(8))), counted(refused(services(8)))], [8, []])
  })

  test('of nine, one is counted', () => {
    const text = refused(services(9))
    assert.deepEqual(
      [spelt(text), counted(text)],
      [8, ['And 1 more reference to other namespaces that no grant permits.']],
    )
    assert.doesNotMatch(text, /"s8"/)
  })

  test('as many as an object may hold make no longer message, but for the number', () => {
    const text = refused(services(4_608))
    assert.deepEqual(counted(text), ['And 4600 more references to other namespaces that no grant permits.'])
    assert.equal(text.replace('And 4600 more references', 'And 1 more reference'), refused(services(9)))
  })

  test('references that were not judged are counted, too', () => {
    assert.deepEqual(counted(refused(services(2), { unjudged: 3 })), [
      'And 3 more references to other namespaces that no grant permits or that were not judged.',
    ])
    assert.deepEqual(counted(refused([...services(9), reference(9, { name: 's0' })], { unjudged: 1 })), [
      'And 3 more references to other namespaces that no grant permits or that were not judged.',
    ])
  })

  test('grants are named for the spelt ones alone', () => {
    const text = refused(Array.from({ length: 12 }, (_, index) => reference(index, { namespace: `n${index}` })))
    assert.deepEqual(
      text
        .split('\n')
        .filter((line) => line.startsWith('Needed'))
        .map((line) => /"(n\d+)"/.exec(line)?.[1]),
      ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'],
    )
  })
})

suite('kinds and groups', () => {
  const title = (change: Partial<ObjectName>) =>
    sentence(reference(0, change)).replace(/^.* refers to | in namesp.*$/g, '')
  const longest = 'k'.repeat(253)
  const cases: [title: string, to: Partial<ObjectName>, shown: string][] = [
    ['of the core group have no group beside them', {}, 'Service "payments"'],
    ['stand without quotes if the API allows them', { kind: 'a.B-9', group: 'x.y' }, 'a.B-9 (x.y) "payments"'],
    ['of the longest length too', { kind: longest }, `${longest} "payments"`],
    ['that are longer are quoted and cut', { kind: `${longest}k` }, `"${longest}…" "payments"`],
    ['that are empty are quoted', { kind: '' }, '"" "payments"'],
    ['with a space are quoted', { kind: 'Service of' }, '"Service of" "payments"'],
    ['with a bracket are quoted', { group: 'x) "y' }, String.raw`Service ("x) \"y") "payments"`],
    ['with a newline at the end are quoted', { kind: 'Service\n' }, String.raw`"Service\n" "payments"`],
  ]
  for (const [name, to, shown] of cases) test(name, () => assert.equal(title(to), shown))
})

test('an object is called by its kind, its name and its namespace', () => {
  assert.equal(objectTitle(checkout), 'HTTPRoute "checkout" in namespace "shop"')
})

suite('targets are one', () => {
  const targets = (...all: Partial<ObjectName>[]) =>
    distinctTargets(all.map((to, index) => reference(index, to))).map(({ path }) => Number(path.at(-2)))

  test('if group, kind, namespace and name are equal: the first stands for all', () => {
    assert.deepEqual(targets({}, {}, { name: 'ledger' }, {}), [0, 2])
  })

  test('but not if any of them differs', () => {
    assert.deepEqual(
      targets({}, { group: 'g' }, { kind: 'Secret' }, { namespace: 'goods' }, { name: 'x' }),
      [0, 1, 2, 3, 4],
    )
  })

  test('two references are different if their parts are equal only when joined', () => {
    assert.deepEqual(targets({ group: 'a', kind: 'b","c' }, { group: 'a","b', kind: 'c' }), [0, 1])
    assert.deepEqual(targets({ namespace: 'a/b', name: 'c' }, { namespace: 'a', name: 'b/c' }), [0, 1])
  })
})
