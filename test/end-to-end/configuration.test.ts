import assert from 'node:assert/strict'
import path from 'node:path'
import { after, afterEach, before, suite, test } from 'node:test'
import { auditAnnotations } from '../harness/control-plane/audit-log.ts'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { register } from '../harness/control-plane/guarded-cluster.ts'
import { letWrite } from '../harness/control-plane/users.ts'
import { replaceFile } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { refgrant as command } from '../harness/program/cli.ts'
import { configFile, configure as configureServer } from '../harness/program/live-config.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'

const file = configFile()

let cluster: Cluster
let refgrant: Refgrant
let names = 0

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('shop', 'billing')
  refgrant = await startGuard(cluster, { config: file })
})
after(async () => {
  await refgrant?.stop()
  await cluster?.controlPlane.stop()
})

const ca = () => path.join(cluster.certs, 'ca.crt')
const registered = () => register(cluster.controlPlane, refgrant, ca(), ['--config', file])

/** Puts a configuration in force in the running server. */
const configure = (fields: object) => configureServer(refgrant, file, fields)

const violation = (namespace = 'shop'): ApiObject =>
  route({ name: `route-${names++}`, namespace, backends: [['payments', 'billing']] })

const apply = (object: ApiObject, ...flags: string[]) =>
  cluster.kubectl(['apply', ...flags, '-f', '-'], JSON.stringify(object))

/** What came of an apply: refused, warned, or allowed without a word. */
async function outcome(object: ApiObject, ...flags: string[]): Promise<'refused' | 'warned' | 'silent'> {
  const { code, stderr } = await apply(object, ...flags)
  if (code !== 0) {
    assert.match(stderr, /admission webhook "deny\.refgrant\.dev" denied the request/)
    return 'refused'
  }
  if (stderr === '') return 'silent'
  assert.match(
    stderr,
    /^Warning: HTTPRoute "route-\d+" in namespace "[-\w]+": spec\.rules\[0\]\.backendRefs\[0\] refers to Service "payments" in namespace "billing", which no/,
  )
  return 'warned'
}

/** What the API server's audit log holds of an object's write with this decision. */
const annotations = (name: string, decision: string) =>
  until(`the audit log tells of ${name}`, async () =>
    (await auditAnnotations(cluster.controlPlane, name)).find((noted) => noted.decision === decision),
  )

suite('the mode of a namespace is chosen by its label, and every namespace is in exactly one', () => {
  const labels: [value: string | undefined, outcome: string, decision: string][] = [
    [undefined, 'refused', 'refused'],
    ['', 'refused', 'refused'],
    ['Warn', 'refused', 'refused'],
    ['deny', 'refused', 'refused'],
    ['warn', 'warned', 'warned'],
    ['audit', 'silent', 'audited'],
  ]
  for (const [value, expected, decision] of labels) {
    test(`label ${value === undefined ? 'absent' : `"${value}"`}: ${expected}`, async () => {
      const namespace = `mode-${names++}`
      const metadata = { name: namespace, ...(value !== undefined && { labels: { 'refgrant.dev/mode': value } }) }
      await cluster.controlPlane.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata })
      const object = violation(namespace)
      const before = await refgrant.metric('refgrant_reviews_total')
      assert.equal(await outcome(object), expected)
      assert.equal((await refgrant.metric('refgrant_reviews_total')) - before, 1)
      const noted = await annotations(object.metadata.name, decision)
      assert.equal(noted.references, 'spec.rules[0].backendRefs[0] -> "Service billing/payments"')
    })
  }
})

suite('serving settings take effect while the server runs', () => {
  afterEach(() => configure({}))

  test('an update that keeps a violation is refused where that is asked for, unless it changes nothing judged', async () => {
    const object = violation()
    await cluster.controlPlane.api.apply(grant({ name: 'all', to: 'payments' }))
    assert.equal(await outcome(object), 'silent')
    await cluster.controlPlane.api.delete(grant({ name: 'all', to: 'payments' }))
    await refgrant.knows(0)
    const changed = { ...object, spec: { ...(object.spec as object), hostnames: ['shop.example.com'] } }
    const warned = await apply(changed)
    assert.equal(warned.code, 0, warned.stderr)
    assert.match(warned.stderr, /^Warning: HTTPRoute "route-\d+" .* permits; the stored object has this reference\.\n/)

    await configure({ existingViolations: 'deny' })
    const again = { ...object, spec: { ...(object.spec as object), hostnames: ['other.example.com'] } }
    assert.match(
      (await apply(again)).stderr,
      /\nThe stored object already has the first of these references\. refgrant refuses it because existingViolations is "deny"/,
    )
    const labelled = await cluster.kubectl(['label', 'httproute', object.metadata.name, '-n', 'shop', 'a=b'])
    assert.deepEqual([labelled.code, labelled.stderr], [0, ''])
  })

  test('an exempt user is counted and logged', async () => {
    await letWrite(cluster, ['jane'])
    const object = violation()
    assert.equal(await outcome(object, '--as=jane'), 'refused')
    await configure({ exempt: { users: ['jane'] } })
    assert.equal(await outcome(object, '--as=jane'), 'silent')
    const reason = 'exempt user'
    assert.ok((await refgrant.metric('refgrant_reviews_total', `reason="${reason}"`)) > 0)
    const logged = refgrant.log.findLast((line) => line.msg === 'review')
    assert.deepEqual([logged?.level, logged?.decision, logged?.reason], ['info', 'unjudged', reason])
  })

  test('a configuration that cannot be used is reported, and the last one stays', async () => {
    await configure({ exempt: { namespaces: ['shop'] } })
    const failed = () => refgrant.metric('refgrant_config_reloads_total', 'failed')
    const before = await failed()
    replaceFile(file, 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\nexemt: {}\n')
    await until('it is reported', async () => (await failed()) > before)
    const problems = () => refgrant.log.findLast((line) => line.level === 'error')?.problems
    await until('it is logged', () => problems() !== undefined)
    assert.deepEqual(problems(), [`${file}:3: exemt is not a field of the configuration: did you mean exempt?`])
    assert.equal(await outcome(violation()), 'silent')
  })
})

test('a configuration that changes under load costs no review', async () => {
  const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes?dryRun=All'
  const { api } = cluster.controlPlane
  const statuses = new Map<number, number>()
  let changing = true
  const load = async () => {
    while (changing) {
      const { status } = await api.request('POST', path, violation())
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  const clients = Promise.all(Array.from({ length: 4 }, load))
  /** Waits until more reviews than there are clients have got this answer: one of them began after the change. */
  const answered = async (status: number) => {
    const before = statuses.get(status) ?? 0
    await until(`reviews are answered with ${status}`, () => (statuses.get(status) ?? 0) > before + 4)
  }
  const failed = () => refgrant.metric('refgrant_config_reloads_total', 'failed')
  for (let round = 0; round < 3; round += 1) {
    await configure({ exempt: { namespaces: ['shop'] } })
    await answered(201)
    const before = await failed()
    replaceFile(file, `mode: [ # ${names++}\n`)
    await until('the broken file is seen', async () => (await failed()) > before)
    await configure({})
    await answered(403)
  }
  changing = false
  await clients
  assert.deepEqual([...statuses.keys()].sort(), [201, 403], JSON.stringify([...statuses]))
})

suite('the author of a ReferenceGrant is advised', () => {
  const flawed = (): ApiObject => ({
    ...grant({ name: `flawed-${names++}`, to: 'payments', from: { kind: 'httproutes' } }),
  })

  test('at the apply, by a warning that refuses nothing', async () => {
    const object = flawed()
    const { code, stderr } = await apply(object)
    assert.equal(code, 0, stderr)
    assert.equal(
      stderr,
      `Warning: ReferenceGrant "${object.metadata.name}" in namespace "billing": spec.from[0].kind is "httproutes": kinds are compared exactly, write "HTTPRoute"\n`,
    )
  })
  test('and not of a good one', async () => {
    const { code, stderr } = await apply(grant({ name: `good-${names++}`, to: 'ledger' }))
    assert.deepEqual([code, stderr], [0, ''])
  })
  test('and never at a deletion', async () => {
    const object = flawed()
    await apply(object)
    const { code, stderr } = await cluster.kubectl(['delete', 'referencegrant', object.metadata.name, '-n', 'billing'])
    assert.deepEqual([code, stderr], [0, ''])
  })
})

test('the policy on the mode label lets only holders of its verb change it', async () => {
  const { stdout } = await command(['manifests', 'mode-label-policy', '--output', 'json'])
  await cluster.controlPlane.api.apply(...JSON.parse(stdout).items)
  const role = (name: string, verbs: string[]): ApiObject[] => [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules: [{ apiGroups: [''], resources: ['namespaces', 'namespaces/status'], verbs }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' }],
    },
  ]
  const { api } = cluster.controlPlane
  await api.apply(...role('labeller', ['get', 'patch']), ...role('chooser', ['get', 'patch', 'set-refgrant-mode']))
  const label = (user: string, ...labels: string[]) =>
    cluster.kubectl(['label', '--overwrite', `--as=${user}`, 'namespace', 'shop', ...labels])
  // Another value each time: to write the one that is there is no change.
  const tried = () => label('labeller', `refgrant.dev/mode=try-${names++}`)
  await until('the policy is in force', async () => (await tried()).code !== 0)
  const refused = await label('labeller', 'refgrant.dev/mode=audit')
  assert.match(
    refused.stderr,
    /only users with the verb set-refgrant-mode on this namespace may change its label refgrant\.dev\/mode/,
  )
  assert.equal((await label('labeller', 'team=shop')).code, 0)
  const throughStatus = [
    '--subresource=status',
    '--type=merge',
    '-p',
    '{"metadata":{"labels":{"refgrant.dev/mode":"audit"}}}',
  ]
  const bypass = await cluster.kubectl(['patch', '--as=labeller', 'namespace', 'shop', ...throughStatus])
  assert.match(bypass.stderr, /only users with the verb set-refgrant-mode/)
  assert.equal((await label('chooser', 'refgrant.dev/mode=warn')).code, 0)
  assert.equal((await label('labeller', 'team=other')).code, 0)
  assert.notEqual((await label('labeller', 'refgrant.dev/mode-')).code, 0)
  assert.equal((await label('chooser', 'refgrant.dev/mode-')).code, 0)
})

test('a live registration that is not as the configuration has it is reported, and is no reason to be unready', async () => {
  const { api, kubeconfig } = cluster.controlPlane
  const flags = ['--failure-policy', 'Fail', '--certificates', 'files', '--config', file]
  const diff = (...argv: string[]) => command(['manifests', '--diff', '--kubeconfig', kubeconfig, ...flags, ...argv])
  await configure({})
  await registered()
  assert.deepEqual(await diff(), { code: 0, stdout: '', stderr: '' })

  const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/refgrant'
  const patch = [
    { op: 'replace', path: '/webhooks/0/timeoutSeconds', value: 9 },
    { op: 'remove', path: '/webhooks/0/matchConditions/0' },
  ]
  await api.must('PATCH', path, patch, 'application/json-patch+json')
  const { code, stdout } = await diff()
  assert.equal(code, 1)
  assert.match(stdout, /webhooks\[deny\.refgrant\.dev\]\.matchConditions\[changed\] is missing/)
  assert.match(stdout, /webhooks\[deny\.refgrant\.dev\]\.timeoutSeconds is 9, but the configuration says 5\n/)
  assert.equal(JSON.parse((await diff('--output', 'json')).stdout).objects[0].differences.length, 2)
  assert.deepEqual([(await diff('webhook')).stdout, (await diff('rbac')).code], [stdout, 0])

  await configure({})
  await until('the server has compared', async () => (await refgrant.metric('refgrant_drift')) === 2)
  const ready = await refgrant.health('/readyz?verbose')
  assert.match(ready, /^\[!\]registration: .*timeoutSeconds is 9/m)
  assert.match(ready, /\nok\n$/)
  await registered()
  await configure({})
  await until('the server has compared again', async () => (await refgrant.metric('refgrant_drift')) === 0)
})

test('authorities that do not verify the certificate are reported, and the terms that AKS adds are not', async () => {
  const { api, kubeconfig } = cluster.controlPlane
  const diff = (...argv: string[]) =>
    command([
      'manifests',
      '--diff',
      '--kubeconfig',
      kubeconfig,
      '--failure-policy',
      'Fail',
      '--config',
      file,
      '--url',
      new URL(refgrant.url).origin,
      ...argv,
    ])
  const drift = async (count: number) => {
    await configure({})
    await until('the server has compared', async () => (await refgrant.metric('refgrant_drift')) === count)
  }
  const registration = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/refgrant'
  const patch = (...operations: object[]) => api.must('PATCH', registration, operations, 'application/json-patch+json')
  await registered()
  assert.deepEqual(await diff('--ca', ca()), { code: 0, stdout: '', stderr: '' })

  await patch({ op: 'replace', path: '/webhooks/1/clientConfig/caBundle', value: '' })
  await drift(1)
  const ready = await refgrant.health('/readyz?verbose')
  assert.match(
    ready,
    /^\[!\]registration: .*webhooks\[warn\.refgrant\.dev\]\.clientConfig\.caBundle is empty, and the /m,
  )
  const emptied = await diff('--ca', ca())
  assert.equal(emptied.code, 1)
  assert.match(
    emptied.stdout,
    /webhooks\[warn\.refgrant\.dev\]\.clientConfig\.caBundle holds no certificate, and --ca holds "/,
  )

  await registered()
  const term = (key: string, value: string) => ({ key, operator: 'NotIn', values: [value] })
  const [control, managed] = [term('control-plane', 'true'), term('kubernetes.azure.com/managedby', 'aks')]
  const byAks = [
    { op: 'add', path: '/webhooks/0/namespaceSelector/matchExpressions/-', value: control },
    { op: 'add', path: '/webhooks/0/namespaceSelector/matchExpressions/0', value: managed },
    { op: 'add', path: '/webhooks/3/namespaceSelector/matchExpressions', value: [control, managed] },
  ]
  await patch(...byAks)
  await drift(0)
  const tolerated = await diff('--ca', ca())
  assert.deepEqual([tolerated.code, tolerated.stdout.match(/AKS's admissions enforcer adds/g)?.length], [0, 2])

  await patch({ op: 'add', path: '/webhooks/0/namespaceSelector/matchExpressions/-', value: term('team', 'shop') })
  await drift(1)
  await registered()
})
