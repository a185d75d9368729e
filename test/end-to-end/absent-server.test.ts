import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { gatewayApiCrds } from '../harness/control-plane/gateway-api.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { grant, route } from '../harness/objects/objects.ts'

let cluster: Cluster

const stored = [
  route({ name: 'stored', backends: [['payments', 'billing']], finalizers: ['example.com/hold'] }),
  route({ name: 'second', backends: [['payments', 'billing']] }),
]

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('shop', 'billing')
  const { api } = cluster.controlPlane
  const refgrant = await startGuard(cluster)
  // Violations, as a revoked grant leaves them.
  await api.apply(grant({ name: 'shop', to: 'payments' }), ...stored)
  await api.delete(grant({ name: 'shop', to: 'payments' }))
  await refgrant.knows(0)
  const ended = once(refgrant.process, 'exit')
  refgrant.process.kill('SIGKILL')
  await ended
})
after(() => cluster?.controlPlane.stop())

async function succeeds(...argv: string[]): Promise<void> {
  const { code, stderr } = await cluster.kubectl(argv)
  assert.deepEqual([code, stderr], [0, ''])
}

async function creates(object: ApiObject): Promise<void> {
  const { code, stderr } = await cluster.kubectl(['create', '-f', '-'], JSON.stringify(object))
  assert.equal(code, 0, stderr)
}

suite('with every server killed under failurePolicy Fail, a stored violation', () => {
  const patch = (change: unknown, ...flags: string[]) =>
    succeeds('patch', 'httproute', 'stored', '-n', 'shop', '--type=merge', '-p', JSON.stringify(change), ...flags)

  test('can be labelled', () => succeeds('label', 'httproute', 'stored', '-n', 'shop', 'a=b'))
  test('can be annotated', () => succeeds('annotate', 'httproute', 'stored', '-n', 'shop', 'a=b'))
  test('can be given an owner', () => {
    const owner = { apiVersion: 'v1', kind: 'Service', name: 'cart', uid: '6e8e5d4e-0000-4000-8000-000000000000' }
    return patch({ metadata: { ownerReferences: [owner] } })
  })
  test('can be given a status', () => {
    const condition = {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    }
    const parents = [{ controllerName: 'example.com/controller', parentRef: { name: 'web' }, conditions: [condition] }]
    return patch({ status: { parents } }, '--subresource=status')
  })
  test('can be deleted, and its finalizer taken away', async () => {
    await succeeds('delete', 'httproute', 'stored', '-n', 'shop', '--wait=false')
    await patch({ metadata: { finalizers: null } })
    assert.notEqual((await cluster.kubectl(['get', 'httproute', 'stored', '-n', 'shop'])).code, 0)
  })
})

suite('and what reaches into no other namespace', () => {
  const metadata = { name: 'plain', namespace: 'shop' }
  const container = { name: 'main', image: 'example.com/image' }
  const template = { metadata: { labels: { app: 'plain' } }, spec: { containers: [container] } }
  const objects: ApiObject[] = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'plain' } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'shop' } },
    { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...template.spec, automountServiceAccountToken: false } },
    { apiVersion: 'v1', kind: 'Secret', metadata },
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { selector: { matchLabels: { app: 'plain' } }, template },
    },
    route({ name: 'plain', backends: [['cart'], ['cart', 'shop']] }),
  ]
  for (const object of objects) test(`can be created: ${object.kind}`, () => creates(object))

  test('can be created: a CRD', async () => {
    const [crd] = await gatewayApiCrds('v1.3.0', 'experimental').then((all) =>
      all.filter(({ metadata }) => metadata.name.startsWith('xlistenersets.')),
    )
    await creates(crd as ApiObject)
  })

  test('and can be granted: a ReferenceGrant, without advice', () => creates(grant({ name: 'new', to: 'ledger' })))
})

suite('but a reference into another namespace', () => {
  test('is refused in a new route, and the reason is told', async () => {
    const object = route({ name: 'new', backends: [['ledger', 'billing']] })
    const { code, stderr } = await cluster.kubectl(['create', '-f', '-'], JSON.stringify(object))
    assert.equal(code, 1)
    assert.match(stderr, /failed calling webhook "deny\.refgrant\.dev"/)
  })

  test('is refused in a stored one that changes', async () => {
    const change = JSON.stringify({ spec: { hostnames: ['shop.example.com'] } })
    const { code } = await cluster.kubectl(['patch', 'httproute', 'second', '-n', 'shop', '--type=merge', '-p', change])
    assert.equal(code, 1)
  })
})

test('the API server counts all that under the names in docs/monitoring.md', async () => {
  const { body } = await cluster.controlPlane.api.request('GET', '/metrics')
  const documented = [...readFileSync('docs/monitoring.md', 'utf8').matchAll(/^\| `(apiserver_\w+)`/gm)]
  assert.ok(documented.length > 4)
  const missing = documented.filter(
    ([, name]) => !String(body).includes(`\n${name}{`) && !String(body).includes(`\n${name}_bucket{`),
  )
  // Of conditions that fail there is nothing to count: one that fails is no condition of ours.
  assert.deepEqual(
    missing.map(([, name]) => name),
    ['apiserver_admission_match_condition_evaluation_errors_total'],
  )
  const count = (...parts: string[]) =>
    String(body)
      .split('\n')
      .filter((row) => parts.every((part) => row.includes(part))).length
  assert.ok(count('rejection_count{', 'error_type="calling_webhook_error"', 'name="deny.refgrant.dev"') > 0)
  assert.ok(count('fail_open_count{', 'name="advisory.refgrant.dev"') > 0)
})
