import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type GuardedField, guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { crossingReferences } from '../../src/policy/crossing.ts'
import { isMeshRoute } from '../../src/policy/mesh.ts'
import { holding, stepsOf } from './holding.ts'

const service = { group: '', kind: 'Service', name: 'payments' }
const serviceImport = { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'payments' }
const gateway = { name: 'web' }
const mesh = (parentRefs: unknown, rest: object = {}) => isMeshRoute({ spec: { parentRefs, ...rest } })

suite('a route serves only a mesh', () => {
  const cases: [title: string, parentRefs: unknown, rest?: object][] = [
    ['if its parent is a Service', [service]],
    ['if its parent is a Service in another namespace', [{ ...service, namespace: 'billing', port: 80 }]],
    ['if its parent is a ServiceImport', [serviceImport]],
    ['if its parents are both', [service, serviceImport, service]],
    ['if it leaves the default Gateways unset', [service], { useDefaultGateways: undefined }],
    ['if it sets the default Gateways to null', [service], { useDefaultGateways: null }],
    ['if it asks for no default Gateway', [service], { useDefaultGateways: 'None' }],
  ]
  for (const [title, parentRefs, rest] of cases) test(title, () => assert.equal(mesh(parentRefs, rest), true))
})

suite('a route does not serve only a mesh', () => {
  const cases: [title: string, parentRefs: unknown, rest?: object][] = [
    ['if it has no parents', []],
    ['if nothing is said of parents', undefined],
    ['if its parents are null', null],
    ['if its parent is a Gateway by default', [gateway]],
    ['if its first parent is a Gateway', [gateway, service]],
    ['if its last parent is a Gateway', [service, serviceImport, gateway]],
    ['if its parent is a ListenerSet', [{ group: 'gateway.networking.k8s.io', kind: 'ListenerSet', name: 'x' }]],
    ['if the group of a Service is absent', [{ kind: 'Service', name: 'x' }]],
    ['if the group of a Service is null', [{ ...service, group: null }]],
    ['if the group of a Service is core', [{ ...service, group: 'core' }]],
    ['if the Service is one of Knative', [{ ...service, group: 'serving.knative.dev' }]],
    ['if the kind is absent', [{ group: '', name: 'x' }]],
    ['if the kind is in lower case', [{ ...service, kind: 'service' }]],
    ['if a ServiceImport is in the core group', [{ ...serviceImport, group: '' }]],
    ['if a Service is in the group of ServiceImports', [{ ...service, group: 'multicluster.x-k8s.io' }]],
    ['if the group is not a string', [{ ...service, group: [''] }]],
    ['if the kind is not a string', [{ ...service, kind: ['Service'] }]],
    ['if its parents are no list', { 0: service, length: 1 }],
    ['if its parents are a text', 'Service'],
    ['if one parent is null', [service, null]],
    ['if one parent is a text', [service, 'Service']],
    ['if one parent is a list', [[service]]],
    ['if it asks for the default Gateways too', [service], { useDefaultGateways: 'All' }],
    ['if it asks for the default Gateways in a way of tomorrow', [service], { useDefaultGateways: {} }],
  ]
  for (const [title, parentRefs, rest] of cases) test(title, () => assert.equal(mesh(parentRefs, rest), false))

  for (const object of [
    undefined,
    null,
    true,
    7,
    'text',
    [],
    {},
    { spec: null },
    { spec: 'text' },
    { spec: [service] },
  ])
    test(`if it is ${JSON.stringify(object)}`, () => assert.equal(isMeshRoute(object), false))
})

suite('of the kinds that are judged', () => {
  const coverage = new Coverage(guardedFields)
  const backend = { name: 'payments', namespace: 'billing' }
  for (const { group, kind, route } of coverage.referrers()) {
    const from = { group, kind, namespace: 'shop', name: 'x' }
    test(`${kind} ${route ? 'may serve a mesh' : 'never serves a mesh, whatever its parents'}`, () => {
      const [{ path }] = guardedFields.filter((field) => field.from.group === group && field.from.kind === kind) as [
        GuardedField,
      ]
      const [root = '', ...steps] = stepsOf(path)
      const object = { [root]: { parentRefs: [service], ...(holding(steps, backend) as object) } }
      const crossing = crossingReferences(coverage, from, object)
      assert.equal(crossing.references.length, route ? 0 : 1)
      assert.equal(crossing.exemptReason, route ? 'mesh route' : undefined)
      const enforced = new Coverage(guardedFields, { meshRoutes: false, targets: [] })
      assert.equal(crossingReferences(enforced, from, object).references.length, 1)
    })
  }

  test('every kind whose name ends in Route is a route', () => {
    for (const { kind, route } of coverage.referrers()) assert.equal(route === true, kind.endsWith('Route'), kind)
  })
})
