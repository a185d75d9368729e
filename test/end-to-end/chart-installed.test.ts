import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { CHART, overlays, REGISTRY, template, valuesFiles } from '../harness/control-plane/chart.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { crdsIn, moduleFolder } from '../harness/control-plane/go-modules.ts'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import { type Helm, helm } from '../harness/control-plane/helm.ts'
import { documented, leftOf } from '../harness/control-plane/installation.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { route } from '../harness/objects/objects.ts'
import { run } from '../harness/program/run.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'

const NAMESPACE = 'refgrant-system'

/** The kinds of other projects that the chart can render. */
async function foreignCrds(): Promise<ApiObject[]> {
  const [certManager, prometheus] = await Promise.all([
    moduleFolder('github.com/cert-manager/cert-manager', 'v1.21.0'),
    moduleFolder('github.com/prometheus-operator/prometheus-operator', 'v0.93.0'),
  ])
  const all = [
    ...(await crdsIn(path.join(certManager, 'deploy', 'crds'))),
    ...(await crdsIn(path.join(prometheus, 'example', 'prometheus-operator-crd'))),
  ]
  const kinds = ['Certificate', 'Issuer', 'ServiceMonitor', 'PrometheusRule']
  return all.filter((crd) => kinds.includes((crd.spec as { names: { kind: string } }).names.kind))
}

let cluster: Cluster

before(async () => {
  cluster = await startCluster()
  // Helm does not take over objects of others.
  const account = (await printed('manifests', 'rbac')).filter(({ kind }) => kind !== 'Namespace')
  await cluster.controlPlane.api.delete(...account)
  await cluster.namespaces('infra', 'shop')
})
after(() => cluster?.controlPlane.stop())

/** Runs Helm. Nothing runs Pods here, so there are no hooks, and nothing to wait for. */
async function helmOf(major: Helm, ...argv: string[]) {
  const where = ['--kubeconfig', cluster.controlPlane.kubeconfig, '--namespace', NAMESPACE, '--no-hooks']
  return run(await helm(major), [...argv, ...where])
}

/** Runs Helm, which must succeed. */
async function helmDoes(major: Helm, ...argv: string[]): Promise<void> {
  const { code, stderr } = await helmOf(major, ...argv)
  assert.equal(code, 0, stderr)
}

/** What comes of a write that refgrant would have to judge: refused since nothing answers, or stored. */
async function crossing(): Promise<'refused' | 'passes'> {
  const object = JSON.stringify(route({ name: 'checkout', backends: [['payments', 'billing']] }))
  const { code, stderr } = await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], object)
  if (code !== 0) assert.match(stderr, /failed calling webhook "deny\.refgrant\.dev"/)
  return code === 0 ? 'passes' : 'refused'
}

/** The API server goes by a registration a moment after it was written. */
const becomes = (outcome: 'refused' | 'passes') => until(outcome, async () => (await crossing()) === outcome)

test('the API server takes every object of the chart and of its overlays, field by field', async () => {
  await cluster.controlPlane.api.installCrds(await foreignCrds())
  // Those with what other files do not have; a long run takes all.
  for (const values of valuesFiles.filter((file) => LONG || /(all|files)-values/.test(file))) {
    const { stdout, stderr } = await template(...REGISTRY, '--values', values)
    assert.match(stdout, /kind: Deployment/, stderr)
    const applied = await cluster.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], stdout)
    assert.equal(applied.code, 0, `${values}: ${applied.stderr}`)
  }
  for (const folder of overlays) {
    const applied = await cluster.kubectl(['apply', '--dry-run=server', '--validate=strict', '-k', folder])
    assert.equal(applied.code, 0, `${folder}: ${applied.stderr}`)
  }
})

test('the kustomization of docs/install.md names an image', async () => {
  const [, own = ''] = /```yaml\n(apiVersion: kustomize.*?)```/s.exec(readFileSync('docs/install.md', 'utf8')) ?? []
  const folder = folderWith({ 'kustomization.yaml': own })
  cpSync('manifests', path.join(folder, 'manifests'), { recursive: true })
  const { stdout, stderr } = await cluster.kubectl(['kustomize', folder])
  assert.match(stdout, /image: registry\.example\.com\/team\/refgrant:/, stderr)
})

test('a release takes over what refgrant manifests has installed', async () => {
  await cluster.controlPlane.api.apply(...(await printed('manifests')))
  await helmDoes(4, 'install', 'refgrant', CHART, ...REGISTRY, '--take-ownership')
  await helmDoes(4, 'uninstall', 'refgrant')
  assert.deepEqual(await leftOf(cluster.controlPlane), [])
})

test('a kustomization with another namespace has no object, and no server, of the usual one', async () => {
  const overlay = overlays.find((one) => one.endsWith('fail-open')) ?? ''
  const folder = folderWith({ 'kustomization.yaml': 'resources: [manifests]\nnamespace: infra\n' })
  cpSync(overlay, path.join(folder, 'manifests'), { recursive: true })
  const { stdout, stderr } = await cluster.kubectl(['kustomize', folder])
  assert.match(stdout, /namespace: infra/, stderr)
  assert.doesNotMatch(stdout, /refgrant-system/)
})

test('a release says why Helm refuses it, and is restored by the command of docs/troubleshooting.md', async () => {
  const says = async (text: string, ...argv: string[]) => {
    const { code, stderr } = await helmOf(4, ...argv)
    assert.deepEqual([code, stderr.includes(text)], [1, true], stderr)
  }
  const kubectl = async (...argv: string[]) => {
    const { code, stdout, stderr } = await cluster.kubectl(argv)
    assert.equal(code, 0, stderr)
    return stdout
  }
  const registration = ['validatingwebhookconfiguration', 'refgrant']
  const patch = (operation: string, ...of: string[]) => kubectl('patch', ...of, '--type=json', '-p', `[${operation}]`)
  await helmDoes(4, 'install', 'refgrant', CHART, ...REGISTRY)
  await says('cannot reuse a name that is still in use', 'install', 'refgrant', CHART, ...REGISTRY)
  const same = ['--set', 'fullnameOverride=refgrant']
  await says('exists and cannot be imported into the current release', 'install', 'other', CHART, ...REGISTRY, ...same)

  await documented('off', cluster.controlPlane)
  await kubectl('scale', 'deployment/refgrant', '-n', NAMESPACE, '--replicas=4')
  await patch('{"op": "remove", "path": "/rules/0"}', 'clusterrole', 'refgrant')
  await patch('{"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 9}', ...registration)
  await kubectl('delete', 'clusterrolebinding', 'refgrant')
  await says('conflict occurred while applying object', 'upgrade', 'refgrant', CHART, '--reuse-values')
  const administrator = { ...cluster.controlPlane, helm: await helm(4) }
  await documented('restore', administrator, 'docs/troubleshooting.md')
  const read = (path: string, ...of: string[]) => kubectl('get', ...of, '-o', `jsonpath={${path}}`)
  assert.deepEqual(
    [
      await read('.spec.replicas', 'deployment/refgrant', '-n', NAMESPACE),
      await read('.rules[0].resources[0]', 'clusterrole/refgrant'),
      await read('.webhooks[0].timeoutSeconds', ...registration),
      await read('.roleRef.name', 'clusterrolebinding/refgrant'),
    ],
    ['2', 'referencegrants', '5', 'refgrant'],
  )
  assert.match(await read('.webhooks[*].objectSelector', ...registration), /refgrant\.dev\/switch/)
  await helmDoes(4, 'uninstall', 'refgrant')
})

for (const argv of [['apply'], ['apply', '--server-side']])
  test(`a kustomization stays off when it is applied again: kubectl ${argv.join(' ')}`, async () => {
    const folder = overlays.find((one) => one.endsWith('fail-closed')) ?? ''
    const applied = async () => assert.equal((await cluster.kubectl([...argv, '-k', folder])).code, 0)
    await applied()
    await becomes('refused')
    await documented('off', cluster.controlPlane)
    await becomes('passes')
    await applied()
    const { stdout } = await cluster.kubectl(['get', 'validatingwebhookconfiguration', 'refgrant', '-o', 'yaml'])
    assert.equal(stdout.match(/refgrant\.dev\/switch: "on"/g)?.length, 4)
    await documented('on', cluster.controlPlane)
    await becomes('refused')
    // Without a controller manager, the namespace would stay.
    const objects = (await cluster.kubectl(['kustomize', folder])).stdout.split(/^---$/m)
    const own = objects.filter((object) => !/^kind: Namespace$/m.test(object)).join('---')
    assert.equal((await cluster.kubectl(['delete', '-f', '-'], own)).code, 0)
  })

for (const major of [4, 3] as const)
  suite(`with every server down, a release of Helm ${major}`, () => {
    const set = (...settings: string[]) => [...REGISTRY, ...settings.flatMap((setting) => ['--set', setting])]
    const fail = 'configuration.failurePolicy=Fail'

    test('lets writes pass by default', async () => {
      await helmDoes(major, 'install', 'refgrant', CHART, ...set())
      assert.equal(await crossing(), 'passes')
    })

    test('refuses them under Fail', async () => {
      await helmDoes(major, 'upgrade', 'refgrant', CHART, ...set(fail, 'configuration.timeoutSeconds=1'))
      await becomes('refused')
    })

    test('is switched off by one command, and stays off when the release is upgraded', async () => {
      await documented('off', cluster.controlPlane)
      await becomes('passes')
      await helmDoes(
        major,
        'upgrade',
        'refgrant',
        CHART,
        ...set(fail, 'replicaCount=3', 'configuration.timeoutSeconds=2'),
      )
      const { stdout } = await cluster.kubectl(['get', 'validatingwebhookconfiguration', 'refgrant', '-o', 'yaml'])
      assert.equal(stdout.match(/refgrant\.dev\/switch: "on"/g)?.length, 4)
      assert.equal(stdout.match(/timeoutSeconds: 2$/gm)?.length, 4)
      assert.equal(await crossing(), 'passes')
    })

    test('is switched on again by another', async () => {
      await documented('on', cluster.controlPlane)
      await becomes('refused')
    })

    test('has no registration while the values say so', async () => {
      await helmDoes(major, 'upgrade', 'refgrant', CHART, ...set(fail, 'registration.enabled=false'))
      await becomes('passes')
      await helmDoes(major, 'upgrade', 'refgrant', CHART, ...set(fail))
      await becomes('refused')
    })

    test('leaves nothing when it is uninstalled', async () => {
      await helmDoes(major, 'uninstall', 'refgrant')
      assert.deepEqual(await leftOf(cluster.controlPlane), [])
      await becomes('passes')
    })
  })
