import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { stringify } from 'yaml'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { refgrant as refgrantCommand } from '../harness/program/cli.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'

const GROUP = 'policies.example.com'

let cluster: Cluster
let refgrant: Refgrant | undefined

function definition(kind: string, scope: 'Namespaced' | 'Cluster'): ApiObject {
  const plural = `${kind.toLowerCase()}s`
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope,
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }
}

function config(kind: string, plural = `${kind.toLowerCase()}s`): string {
  const row = { from: { group: GROUP, kind, plural }, path: 'spec.backends[].ref', to: { group: '', kind: 'Service' } }
  const content = { apiVersion: 'refgrant.dev/v1alpha1', kind: 'Configuration', guardedFields: [row] }
  return path.join(folderWith({ 'config.yaml': stringify(content) }), 'config.yaml')
}

before(async () => {
  cluster = await startCluster()
  await cluster.controlPlane.api.installCrds([
    definition('Shield', 'Namespaced'),
    definition('Banner', 'Cluster'),
    definition('Permit', 'Namespaced'),
  ])
  await cluster.namespaces('shop', 'billing')
})
after(async () => {
  await refgrant?.stop()
  await cluster?.controlPlane.stop()
})

test('an object of a declared kind is refused, and accepted with a grant for that kind', async () => {
  const file = config('Shield')
  refgrant = await startGuard(cluster, { config: file })
  const shield = {
    apiVersion: `${GROUP}/v1`,
    kind: 'Shield',
    metadata: { name: 'front', namespace: 'shop' },
    spec: { backends: [{ ref: { name: 'payments', namespace: 'billing' } }] },
  }
  const apply = () => cluster.kubectl(['apply', '-f', '-'], JSON.stringify(shield))
  const refused = await apply()
  assert.equal(refused.code, 1, refused.stderr)
  assert.match(
    refused.stderr,
    /Shield "front" in namespace "shop": spec\.backends\[0\]\.ref refers to Service "payments"/,
  )
  const from = { group: GROUP, kind: 'Shield' }
  await cluster.controlPlane.api.apply(grant({ name: 'shields', to: 'payments', from }))
  const accepted = await apply()
  assert.equal(accepted.code, 0, accepted.stderr)
})

test('grants of another kind count where the configuration says so, as they come and go', async () => {
  const kind = { group: GROUP, kind: 'Permit', plural: 'permits' }
  const content = { apiVersion: 'refgrant.dev/v1alpha1', kind: 'Configuration', grantKinds: [kind] }
  const file = path.join(folderWith({ 'config.yaml': stringify(content) }), 'config.yaml')
  const { api } = cluster.controlPlane
  const [, role] = (await printed('manifests', 'rbac', '--config', file)).filter(({ kind }) => kind !== 'Namespace')
  await api.apply(role as ApiObject)
  const server = await startGuard(cluster, { config: file })
  try {
    const permit = { ...grant({ name: 'shop', to: 'ledger' }), apiVersion: `${GROUP}/v1`, kind: 'Permit' }
    const namesake = grant({ name: 'shop', to: 'payments' })
    const outcome = async (backend: string) => {
      const object = route({ name: `to-${backend}`, backends: [[backend, 'billing']] })
      return (await cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], JSON.stringify(object))).code
    }
    await api.delete(grant({ name: 'shields', to: 'payments' }))
    await server.knows(0)
    assert.deepEqual([await outcome('ledger'), await outcome('payments')], [1, 1])
    // In one moment, before any watch has told of them.
    await api.apply(permit, namesake)
    assert.deepEqual([await outcome('ledger'), await outcome('payments')], [0, 0])
    await server.knows(2)
    await api.delete(permit)
    await server.knows(1)
    assert.deepEqual([await outcome('ledger'), await outcome('payments')], [1, 0])
    await api.delete(namesake)
  } finally {
    await server.stop()
  }
})

for (const [title, file, reason] of [
  ['whose objects belong to no namespace', config('Banner'), /"Banner", which is cluster-scoped/],
  ['that the cluster calls otherwise', config('Shield', 'shieldes'), /the cluster calls it "shields"/],
] as const) {
  test(`the server does not start with a row of a kind ${title}`, async () => {
    const certs = ['--cert', path.join(cluster.certs, 'tls.crt'), '--key', path.join(cluster.certs, 'tls.key')]
    const argv = ['serve', '--kubeconfig', cluster.account, '--config', file, '--listen', '127.0.0.1:0', ...certs]
    const { code, stderr } = await refgrantCommand([...argv, '--metrics-listen', '127.0.0.1:0'])
    assert.equal(code, 2)
    assert.match(stderr, reason)
  })
}
