import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import manifest from '../../package.json' with { type: 'json' }
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { type Inventory, takeInventory } from '../../src/cluster/inventory.ts'
import { type GuardedField, guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { refgrant } from '../harness/program/cli.ts'
import { FakeApiServer, storedGrant } from '../harness/stand-ins/fake-api-server.ts'

const GROUP = 'gateway.networking.k8s.io'
const MIB = 1024 * 1024
const SECURITY = `${manifest.repository}/blob/main/docs/security.md`

const own: GuardedField = {
  from: { group: GROUP, kind: 'Mirror', plural: 'mirrors' },
  path: 'data.target',
  to: { group: '', kind: 'Service' },
}
const ofRoutes = guardedFields.filter(({ from }) => from.kind === 'HTTPRoute')
const resources = [
  { name: 'referencegrants', kind: 'ReferenceGrant', namespaced: true },
  { name: 'httproutes', kind: 'HTTPRoute', namespaced: true },
  { name: 'httproutes/status', kind: 'HTTPRoute', namespaced: true },
  { name: 'mirrors', kind: 'Mirror', namespaced: true },
]

/** A cluster with these objects of the group, by their plural. */
async function clusterWith(t: TestContext, objects: Record<string, readonly unknown[] | 403>) {
  const server = await FakeApiServer.start()
  const answers: Record<string, unknown> = {
    '/apis': { groups: [{ name: GROUP, versions: [{ version: 'v1' }] }] },
    [`/apis/${GROUP}/v1`]: { resources },
  }
  const forbidden = new Set<string>()
  for (const { name } of resources) {
    const path = `/apis/${GROUP}/v1/${name}?limit=500`
    const items = objects[name] ?? []
    if (items === 403) forbidden.add(path)
    else answers[path] = { metadata: { resourceVersion: '1' }, items }
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>()
  const answering = (async () => {
    for (;;) {
      const exchange = await Promise.race([server.next(), ended])
      if (!exchange) return
      const answer = answers[exchange.path]
      if (answer) exchange.answer(answer)
      else exchange.refuse(forbidden.has(exchange.path) ? 403 : 404)
    }
  })()
  t.after(async () => {
    end(undefined)
    await answering
    server.close()
  })
  const api = new Api(connectionFrom({ kubeconfig: server.kubeconfig() }))
  const take = (coverage: Coverage): Promise<Inventory> =>
    takeInventory(api, coverage, () => {}, AbortSignal.timeout(20_000))
  return { server, take }
}

const route = (name: string, spec: object) => ({
  apiVersion: `${GROUP}/v1`,
  kind: 'HTTPRoute',
  metadata: { name, namespace: 'shop', labels: { app: name }, managedFields: [{ manager: 'kubectl' }] },
  spec,
  status: { parents: [] },
})
const to = (name: string, namespace = 'billing') => ({ rules: [{ backendRefs: [{ name, namespace }] }] })
const nameOf = (name: string, kind = 'HTTPRoute') => ({ group: GROUP, kind, namespace: 'shop', name })

suite('an inventory', { timeout: 300_000 }, () => {
  test('has the name and the judged parts of each object', async (t) => {
    const mirror = { ...route('mirror', { parentRefs: [] }), kind: 'Mirror', data: { target: { name: 'x' } }, more: 1 }
    const { take } = await clusterWith(t, {
      httproutes: [route('checkout', to('payments'))],
      mirrors: [mirror],
      referencegrants: [storedGrant('shop', 'payments', '1')],
    })
    const { objects, grants, problems, unknown } = await take(new Coverage([...ofRoutes, own]))
    const metadata = (name: string) => ({ name, namespace: 'shop' })
    assert.deepEqual(objects, [
      { name: nameOf('checkout'), object: { metadata: metadata('checkout'), spec: to('payments') } },
      {
        name: nameOf('mirror', 'Mirror'),
        object: { metadata: metadata('mirror'), spec: { parentRefs: [] }, data: { target: { name: 'x' } } },
      },
    ])
    assert.deepEqual(
      grants.map(({ grant: { namespace, name }, object }) => [namespace, name, Object.keys(object as object)]),
      [['billing', 'shop', ['metadata', 'spec']]],
    )
    assert.deepEqual([problems, [...unknown]], [[], []])
  })

  test('names all kinds that it may not list in one line', async (t) => {
    const { take } = await clusterWith(t, { httproutes: 403, mirrors: 403 })
    const { problems } = await take(new Coverage([...ofRoutes, own]))
    assert.deepEqual(problems, [
      `cannot list httproutes.${GROUP}, mirrors.${GROUP}: HTTP 403: the API server does not permit the user to list these 2 kinds; you need a ClusterRoleBinding to a ClusterRole with the verb list for these resources (${SECURITY}); if you have rights in one namespace only, use -n NAMESPACE`,
    ])
  })

  test('reports objects that are too large to read or lack a name, and has all others', async (t) => {
    const { take } = await clusterWith(t, {
      httproutes: [
        route('large', { ...to('payments'), text: 'x'.repeat(3 * MIB) }),
        { ...route('labelled', to('ledger')), status: 'x'.repeat(4 * MIB) },
        { metadata: { name: 'nowhere' }, spec: {} },
        'no object',
      ],
      referencegrants: [
        { ...storedGrant('large', 'payments', '1'), spec: { from: [], to: ['x'.repeat(3 * MIB)] } },
        storedGrant('shop', 'payments', '1'),
      ],
    })
    const { objects, grants, problems, unknown } = await take(new Coverage(ofRoutes))
    assert.deepEqual(
      objects.map(({ name }) => name),
      [nameOf('labelled')],
    )
    assert.deepEqual(
      grants.map(({ grant }) => grant.name),
      ['shop'],
    )
    assert.deepEqual([...unknown], ['billing'])
    assert.deepEqual(problems, [
      'cannot read ReferenceGrant "large" in namespace "billing": its judged part is larger than 3 MiB',
      'cannot read HTTPRoute "large" in namespace "shop": its judged part is larger than 3 MiB',
      'cannot read HTTPRoute "nowhere" in namespace "": it lacks a name or a namespace',
      'cannot read HTTPRoute "" in namespace "": it lacks a name or a namespace',
    ])
  })
})

test('an audit does not report a reference as not permitted where a grant cannot be read', {
  timeout: 300_000,
}, async (t) => {
  const { server } = await clusterWith(t, {
    httproutes: [route('checkout', to('ledger')), route('paid', to('payments')), route('other', to('x', 'elsewhere'))],
    referencegrants: [
      { ...storedGrant('large', 'ledger', '1'), spec: { from: [], to: ['x'.repeat(3 * MIB)] } },
      storedGrant('shop', 'payments', '1'),
    ],
  })
  const { code, stdout, stderr } = await refgrant(['audit', '--kubeconfig', server.kubeconfig(), '--output', 'json'])
  const { references, complete, problems } = JSON.parse(stdout)
  assert.deepEqual(
    references.map(({ from, permitted }: { from: { name: string }; permitted: boolean }) => [from.name, permitted]),
    [
      ['other', false],
      ['paid', true],
    ],
  )
  assert.deepEqual(problems, [
    'cannot read ReferenceGrant "large" in namespace "billing": its judged part is larger than 3 MiB',
    'cannot judge HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[0] refers to namespace "billing", which has a grant that cannot be read',
  ])
  assert.equal(complete, false)
  assert.equal(code, 2)
  assert.equal(stderr, problems.map((problem: string) => `refgrant: ${problem}\n`).join(''))
})
