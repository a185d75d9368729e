import assert from 'node:assert/strict'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'
import { type RunOptions, run } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'
import { binFolder } from '../package/bins.ts'
import { buildPackage } from '../package/build.ts'

const GROUP = 'gateway.networking.k8s.io'
const RBAC = 'rbac.authorization.k8s.io'

let cluster: Cluster
let bin: string
/** The kubeconfig of a user who may read the routes of shop, and the grants of billing. */
let user: string

before(async () => {
  buildPackage()
  bin = binFolder()
  cluster = await startCluster()
  const { kubectl, api } = cluster.controlPlane
  symlinkSync(kubectl, path.join(bin, 'kubectl'))
  const completion = path.join(bin, 'kubectl_complete-refgrant')
  writeFileSync(completion, (await refgrant(['completion', 'kubectl'])).stdout)
  chmodSync(completion, 0o755)
  await cluster.namespaces('shop', 'billing')
  await api.apply(route({ name: 'checkout', backends: [['payments', 'billing']] }))
  user = await reader()
})
after(() => cluster?.controlPlane.stop())

/** Makes the user with few rights. */
async function reader(): Promise<string> {
  const { api, kubeconfigFor } = cluster.controlPlane
  const name = 'reader'
  const subjects = [{ kind: 'ServiceAccount', name, namespace: 'shop' }]
  await api.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'shop' } })
  for (const [namespace, resource] of [
    ['shop', 'httproutes'],
    ['billing', 'referencegrants'],
  ] as const)
    await api.apply(
      {
        ...{ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name, namespace } },
        rules: [{ apiGroups: [GROUP], resources: [resource], verbs: ['get', 'list'] }],
      },
      {
        ...{ apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name, namespace }, subjects },
        roleRef: { apiGroup: RBAC, kind: 'Role', name },
      },
    )
  const can = ['auth', 'can-i', 'list', 'referencegrants', '-n', 'billing', '--as=system:serviceaccount:shop:reader']
  await until('the roles are in force', async () => (await cluster.kubectl(can)).code === 0)
  return kubeconfigFor(name, await api.token('shop', name))
}

/** Runs the real kubectl, which finds its plugin in PATH. */
const kubectl = (kubeconfig: string, argv: readonly string[], options: RunOptions = {}) =>
  run('kubectl', argv, { ...options, env: { PATH: `${bin}:${process.env.PATH}`, KUBECONFIG: kubeconfig } })

suite('kubectl refgrant', () => {
  const question = ['--from', 'HTTPRoute/shop', '--to', 'Service/billing/payments']

  test('explains with the rights of the user, and recommends commands of kubectl', async () => {
    const { code, stdout } = await kubectl(user, ['refgrant', 'explain', 'httproute/checkout', '-n', 'shop'])
    assert.equal(code, 1)
    assert.match(stdout, /^HTTPRoute "checkout" in namespace "shop": .* which no ReferenceGrant permits\.\n/)
    const [, command = ''] = /^To print a new grant: (kubectl refgrant grant .*)$/m.exec(stdout) ?? []
    const granted = await kubectl(user, [...command.split(' ').slice(1), '-o', 'name'])
    assert.deepEqual(
      [granted.code, granted.stdout],
      [0, `referencegrant.${GROUP}/httproute-from-shop-to-service-payments\n`],
    )
    const elsewhere = await kubectl(user, ['refgrant', 'explain', 'httproute/checkout', '-n', 'billing'])
    const stderr = 'kubectl refgrant: you may not get httproutes in namespace "billing"\n'
    assert.deepEqual(elsewhere, { code: 2, stdout: '', stderr })
  })

  test('has its name in the usage and in errors', async () => {
    const { stdout } = await kubectl(user, ['refgrant', 'audit', '--help'])
    assert.match(stdout, /^Usage: kubectl refgrant audit \[options\] \[path\.\.\.\]\n/)
    const wrong = await kubectl(user, ['refgrant', 'grant', '-o', 'wide', '.'])
    assert.deepEqual(wrong, {
      code: 2,
      stdout: '',
      stderr:
        "kubectl refgrant: option '-o, --output <format>' cannot be 'wide': it must be one of yaml, json, name. See: kubectl refgrant grant --help\n",
    })
  })

  test('checks what kubectl prints, by the grants that the user may list', async () => {
    const { code, stdout } = await kubectl(user, ['refgrant', 'check', '-', '--live'], { input: ROUTE })
    assert.equal(code, 1)
    assert.match(stdout, /: save standard input as FILE, then run: kubectl refgrant grant FILE --live$/m)
  })

  test('audits with names that kubectl takes', async () => {
    const admin = cluster.controlPlane.kubeconfig
    const { code, stdout } = await kubectl(admin, ['refgrant', 'audit', '-A', '-o', 'name'])
    assert.deepEqual([code, stdout], [1, `httproute.${GROUP}/checkout\n`])
    const object = await kubectl(user, ['get', '-n', 'shop', '-o', 'name', stdout.trim()])
    assert.equal(object.stdout, stdout)
    const refused = await kubectl(user, ['refgrant', 'audit'])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /^kubectl refgrant: .*forbidden/m)
  })

  test('names the grant that permits a reference', async () => {
    const object = grant({ name: 'for-shop', to: 'payments' })
    await cluster.controlPlane.api.apply(object)
    const { code, stdout } = await kubectl(user, ['refgrant', 'explain', ...question, '-o', 'name'])
    assert.deepEqual([code, stdout], [0, `referencegrant.${GROUP}/for-shop\n`])
    assert.equal((await kubectl(user, ['get', '-n', 'billing', '-o', 'name', stdout.trim()])).stdout, stdout)
    await cluster.controlPlane.api.delete(object)
  })
})

suite('kubectl completes', () => {
  const complete = async (kubeconfig: string, ...words: string[]) =>
    (await kubectl(kubeconfig, ['__complete', 'refgrant', ...words])).stdout.split('\n')

  test('commands, options and formats', async () => {
    assert.match((await complete(user, 'aud'))[0] ?? '', /^audit\tlist /)
    assert.match((await complete(user, 'audit', '--un'))[0] ?? '', /^--unused\tprint only /)
    assert.deepEqual((await complete(user, 'grant', '-o', '')).slice(0, 4), ['yaml', 'json', 'name', ':4'])
    assert.ok((await complete(user, 'check', '')).includes(':0'))
  })

  test('namespaces, if the user may list them', async () => {
    // A busy machine may not answer in the time that a person waits.
    await until('the namespaces are offered', async () => {
      const offered = await complete(cluster.controlPlane.kubeconfig, 'audit', '-n', '')
      return ['billing', 'default', 'shop'].every((name) => offered.includes(name))
    })
    assert.deepEqual((await complete(user, 'audit', '-n', '')).slice(0, 1), [':4'])
  })

  test('the contexts of the kubeconfig', async () => {
    const { stdout } = await kubectl(user, ['config', 'get-contexts', '-o', 'name'])
    assert.deepEqual((await complete(user, 'explain', '--context', '')).slice(0, 2), [stdout.trim(), ':4'])
  })
})
