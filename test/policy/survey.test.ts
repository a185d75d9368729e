import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Catalogue, guardedFields } from '../../src/policy/catalogue.ts'
import type { Grant } from '../../src/policy/grant.ts'
import { permissions, survey } from '../../src/policy/survey.ts'

const GATEWAY_API = 'gateway.networking.k8s.io'
const catalogue = new Catalogue(guardedFields)

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
    const { references } = survey(catalogue, [route('checkout', ['payments'])], grants)
    assert.deepEqual(
      references.map((one) => one.grants.map(({ name }) => name).sort()),
      [['all', 'one']],
    )
    const without = survey(catalogue, [route('checkout', ['payments', 'ledger'])], [grant('other', 'ledger')])
    assert.deepEqual(
      without.references.map((one) => one.grants.length),
      [0, 1],
    )
  })

  test('tells which grants nothing uses', () => {
    const { unused } = survey(
      catalogue,
      [route('checkout', ['payments'])],
      [grant('used', 'payments'), grant('idle', 'x')],
    )
    assert.deepEqual(
      unused.map(({ name }) => name),
      ['idle'],
    )
  })

  test('says nothing of grants that a kind outside the catalogue may use', () => {
    assert.deepEqual(survey(catalogue, [], [grant('policies', undefined, 'SecurityPolicy')]).unused, [])
  })

  test('counts mesh routes apart, and their references not at all', () => {
    const mesh = route('inside', ['payments'], [{ group: '', kind: 'Service', name: 'cart' }])
    const result = survey(catalogue, [mesh], [])
    assert.deepEqual(
      [result.references.length, result.exempt.map(({ object, reason }) => [object.name, reason])],
      [0, [['inside', 'mesh route']]],
    )
  })
})

test('permissions are every from with every to of one grant, by namespace and name', () => {
  const both: Grant = {
    ...grant('b', 'payments'),
    from: [...grant('b', '').from, { group: GATEWAY_API, kind: 'GRPCRoute', namespace: 'shop' }],
  }
  const rows = permissions([both, grant('a', undefined)])
  assert.deepEqual(
    rows.map(({ grant, from, to }) => [grant.name, from.kind, to.namespace, to.name]),
    [
      ['a', 'HTTPRoute', 'billing', undefined],
      ['b', 'HTTPRoute', 'billing', 'payments'],
      ['b', 'GRPCRoute', 'billing', 'payments'],
    ],
  )
})
