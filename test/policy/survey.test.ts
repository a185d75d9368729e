import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import type { Grant } from '../../src/policy/grant.ts'
import { sorted, survey } from '../../src/policy/survey.ts'

const GATEWAY_API = 'gateway.networking.k8s.io'
const coverage = new Coverage(guardedFields)

const route = (name: string, backends: string[], parents: unknown[] = [{ name: 'web' }]) => ({
  name: { group: GATEWAY_API, kind: 'HTTPRoute', namespace: 'shop', name },
  object: {
    spec: {
      parentRefs: parents,
      rules: [{ backendRefs: backends.map((backend) => ({ name: backend, namespace: 'billing' })) }],
    },
  },
})
const grant = (name: string, to: string | undefined, kind = 'HTTPRoute'): Grant => ({
  namespace: 'billing',
  name,
  from: [{ group: GATEWAY_API, kind, namespace: 'shop' }],
  to: [{ group: '', kind: 'Service', ...(to !== undefined && { name: to }) }],
})

suite('a survey', () => {
  test('names every grant that permits a reference, and none for one that is not permitted', () => {
    const grants = [grant('all', undefined), grant('one', 'payments'), grant('other', 'ledger')]
    const { references } = survey(coverage, [route('checkout', ['payments'])], grants)
    assert.deepEqual(
      references.map((one) => one.grants.map(({ name }) => name).sort()),
      [['all', 'one']],
    )
    const without = survey(coverage, [route('checkout', ['payments', 'ledger'])], [grant('other', 'ledger')])
    assert.deepEqual(
      without.references.map((one) => one.grants.length),
      [0, 1],
    )
  })

  test('finds unused grants', () => {
    const { unused } = survey(
      coverage,
      [route('checkout', ['payments'])],
      [grant('used', 'payments'), grant('idle', 'x')],
    )
    assert.deepEqual(
      unused.map(({ name }) => name),
      ['idle'],
    )
  })

  test('does not call a grant unused that a kind that is not judged may use', () => {
    assert.deepEqual(survey(coverage, [], [grant('policies', undefined, 'SecurityPolicy')]).unused, [])
  })

  test('lists mesh routes as exempt, without their references', () => {
    const mesh = route('inside', ['payments'], [{ group: '', kind: 'Service', name: 'cart' }])
    const result = survey(coverage, [mesh], [])
    assert.deepEqual(
      [result.references.length, result.exemptObjects.map(({ object, reason }) => [object.name, reason])],
      [0, [['inside', 'mesh route']]],
    )
  })
})

suite('the cost of a survey is proportional to its objects and grants', { timeout: 120_000 }, () => {
  test('if a grant has many entries in both halves', () => {
    const [from] = grant('', '').from
    const wide: Grant = {
      ...grant('wide', ''),
      from: Array.from({ length: 20_000 }, (_, n) => ({ ...(from as Grant['from'][number]), namespace: `n${n}` })),
      to: Array.from({ length: 20_000 }, (_, n) => ({ group: '', kind: 'Service', name: `s${n}` })),
    }
    const checkout = route('checkout', ['s19999', 's20000'])
    const { references } = survey(coverage, [{ ...checkout, name: { ...checkout.name, namespace: 'n19999' } }], [wide])
    assert.deepEqual(
      references.map((one) => one.grants.length),
      [1, 0],
    )
  })

  test('if many grants permit many references, and each reference names only the first grants', () => {
    const grants = Array.from({ length: 20_000 }, (_, n) => grant(`g${n}`, undefined))
    const backends = Array.from({ length: 10_000 }, (_, n) => `s${n}`)
    const both = [
      grant('a', 's0'),
      { ...grant('b', undefined), to: [...grant('', 's0').to, ...grant('', undefined).to] },
    ]
    const { references, unused } = survey(coverage, [route('checkout', backends)], [...grants, ...both])
    assert.deepEqual([references[0]?.grants.length, references[0]?.moreGrants], [16, 19_986])
    assert.deepEqual([references[9]?.grants.length, references[9]?.moreGrants], [16, 19_985])
    assert.deepEqual(unused, [])
  })

  test('if many references share a long text', () => {
    const long = 'x'.repeat(1_000_000)
    const checkout = route(
      'checkout',
      Array.from({ length: 10_000 }, (_, n) => `s${n}`),
    )
    const { references } = survey(coverage, [{ ...checkout, name: { ...checkout.name, namespace: long } }], [])
    assert.equal(references.length, 10_000)
  })
})

test('grants are sorted by namespace and name, and of several with the same name the last counts', () => {
  const names = (grants: Grant[]) => grants.map(({ namespace, name, to }) => `${namespace}/${name} ${to[0]?.name}`)
  const last = grant('a', 'last')
  assert.deepEqual(
    names(sorted([grant('b', 'x'), grant('a', 'first'), { ...grant('z', 'y'), namespace: 'a' }, last])),
    ['a/z y', 'billing/a last', 'billing/b x'],
  )
})
