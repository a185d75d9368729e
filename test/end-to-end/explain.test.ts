import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { parse } from 'yaml'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { knownKinds } from '../../src/policy/well-known.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { gatewayApiCrds } from '../harness/control-plane/gateway-api.ts'
import { folderWith } from '../harness/folders.ts'
import { MISTAKES, mistaken } from '../harness/objects/mistakes.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { ownCrds } from '../harness/objects/own-crds.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'
import { run } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'

const RBAC = 'rbac.authorization.k8s.io'

/** The mistakes that an API server stores, and a grant of another project. */
const STORED = MISTAKES.filter(({ stored, title }) => stored || title === 'it is a grant of another project')

/** Where the API server has the grants of the target namespace. */
const GRANTS = '/apis/gateway.networking.k8s.io/v1/namespaces/billing/referencegrants'

let cluster: Cluster

before(async () => {
  cluster = await startCluster()
  const { api } = cluster.controlPlane
  await cluster.namespaces('shop', 'billing', 'biling', 'market')
  await api.installCrds(ownCrds().get('kong') ?? [])
  await api.apply(
    route({ name: 'checkout', backends: [['payments', 'billing'], ['cart']] }),
    ...STORED.map((mistake, at) => named(`g${at}`, mistaken(mistake))),
  )
})
after(() => cluster?.controlPlane.stop())

const named = (name: string, object: ReturnType<typeof mistaken>) => ({
  ...object,
  metadata: { ...object.metadata, name },
})

/** What differs, with the version of grants that the cluster serves. */
const servedIn = (differs: Readonly<Record<string, unknown>>) =>
  'apiVersion' in differs ? { ...differs, apiVersion: 'gateway.networking.k8s.io/v1' } : differs

async function explain(kubeconfig: string, ...argv: string[]) {
  const { code, stdout, stderr } = await refgrant(['explain', '-o', 'json', '--kubeconfig', kubeconfig, ...argv])
  return { code, stderr, report: stdout === '' ? undefined : JSON.parse(stdout) }
}

const QUESTION = ['--from', 'HTTPRoute/shop', '--to', 'Service/billing/payments']

/** A user with a role of these rules in each of these namespaces. */
async function userWith(name: string, rules: Readonly<Record<string, readonly object[]>>): Promise<string> {
  const { api } = cluster.controlPlane
  await api.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'market' } })
  const subjects = [{ kind: 'ServiceAccount', name, namespace: 'market' }]
  for (const [namespace, ofNamespace] of Object.entries(rules))
    await api.apply(
      { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name, namespace }, rules: ofNamespace },
      {
        apiVersion: `${RBAC}/v1`,
        kind: 'RoleBinding',
        metadata: { name, namespace },
        roleRef: { apiGroup: RBAC, kind: 'Role', name },
        subjects,
      },
    )
  return cluster.controlPlane.kubeconfigFor(name, await api.token('market', name))
}

const LIST_GRANTS = { apiGroups: ['gateway.networking.k8s.io'], resources: ['referencegrants'], verbs: ['list'] }

/** Waits until the account may do what its role says. */
const inForce = (user: string, verb: string, resource: string, namespace: string) =>
  until(`${user} may ${verb} ${resource}`, async () => {
    const as = `--as=system:serviceaccount:market:${user}`
    return (await cluster.kubectl(['auth', 'can-i', verb, resource, '-n', namespace, as])).code === 0
  })

suite('explain of a cluster', () => {
  test('names each grant with a mistake, with the field that differs', async () => {
    const { code, report } = await explain(cluster.controlPlane.kubeconfig, 'httproute/checkout', '-n', 'shop')
    assert.equal(code, 1)
    assert.equal(report.references.length, 1)
    const [{ nearMisses, verdict, target }] = report.references
    assert.deepEqual([verdict, target], ['not permitted', { exists: false }])
    type Miss = { grant: { name: string }; differences: { field: string; wanted: string }[] }
    for (const [at, mistake] of STORED.entries()) {
      const miss: Miss | undefined = nearMisses.find(({ grant }: Miss) => grant.name === `g${at}`)
      const found = miss?.differences.map(({ field, wanted }) => [field, wanted])
      assert.deepEqual(Object.fromEntries(found ?? []), servedIn(mistake.differs), mistake.title)
    }
    assert.equal(nearMisses.length, STORED.length)
    const ofKong = nearMisses.find(({ grant }: { grant: { kind: string } }) => grant.kind === 'KongReferenceGrant')
    assert.deepEqual(
      ofKong.differences.map(({ found }: { found: string }) => found),
      ['configuration.konghq.com/v1alpha1', 'KongReferenceGrant'],
    )
  })

  test('names a ReferencePolicy, which the last release that had them lets a cluster store', async () => {
    const { api, kubeconfig } = cluster.controlPlane
    const crds = await gatewayApiCrds('v0.5.1', 'experimental')
    await api.installCrds(
      crds.filter(({ metadata }) => metadata.name === 'referencepolicies.gateway.networking.k8s.io'),
    )
    const { spec, metadata } = grant({ name: 'old', to: 'rates' })
    await api.apply({ apiVersion: 'gateway.networking.k8s.io/v1alpha2', kind: 'ReferencePolicy', metadata, spec })
    const asked = ['--from', 'HTTPRoute/shop', '--to', 'Service/billing/rates']
    const { code, report } = await explain(kubeconfig, ...asked)
    const [{ verdict, nearMisses }] = report.references
    assert.deepEqual([code, verdict], [1, 'not permitted'])
    type Difference = { field: string; found: string; wanted: string }
    type Miss = { grant: { kind: string; name: string }; differences: Difference[]; patch?: object }
    const miss = nearMisses.find(({ grant }: Miss) => grant.name === 'old') as Miss
    assert.deepEqual([miss.grant.kind, miss.patch], ['ReferencePolicy', undefined])
    assert.deepEqual(
      miss.differences.map(({ field, found, wanted }) => [field, found, wanted]),
      [
        ['apiVersion', 'gateway.networking.k8s.io/v1alpha2', 'gateway.networking.k8s.io/v1'],
        ['kind', 'ReferencePolicy', 'ReferenceGrant'],
      ],
    )
    const { stdout } = await refgrant(['explain', '--kubeconfig', kubeconfig, ...asked])
    assert.match(
      stdout,
      /^\d+\. ReferencePolicy "old" in namespace "billing"\n {3}apiVersion .*\n {3}kind is "ReferencePolicy", but only a ReferenceGrant permits this reference: write "ReferenceGrant"$/m,
    )
    await api.apply({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'ReferenceGrant', metadata, spec })
    assert.equal((await explain(kubeconfig, ...asked)).code, 0)
  })

  test('knows each kind that the cluster serves by the short names of kubectl', async () => {
    const known = knownKinds(new Coverage(guardedFields))
    type Resource = { name: string; kind: string; shortNames?: string[] }
    const served = new Map<string, Resource[]>()
    for (const group of new Set(known.map((one) => one.group))) {
      const path = group === '' ? '/api/v1' : `/apis/${group}/v1`
      served.set(group, (await cluster.controlPlane.api.request('GET', path)).body.resources ?? [])
    }
    const compared = known.flatMap(({ group, kind, plural, shortNames = [] }) => {
      const found = served.get(group)?.find((one) => one.name === plural && one.kind === kind)
      return found ? [[plural, shortNames, found.shortNames ?? []] as const] : []
    })
    assert.ok(compared.length > 15, String(compared.length))
    for (const [plural, ours, theirs] of compared) assert.deepEqual(ours, theirs, plural)
  })

  test('prints a patch that makes kubectl correct the grant, which then permits the reference', async () => {
    const { kubeconfig, kubectl } = cluster.controlPlane
    const only = grant({ name: 'near', to: 'tax', from: { namespace: 'shpo', kind: 'GRPCRoute' } })
    await cluster.controlPlane.api.apply(only)
    const question = ['explain', '--kubeconfig', kubeconfig, '--from', 'HTTPRoute/shop', '--to', 'Service/billing/tax']
    const { stdout } = await refgrant(question)
    const [, command = ''] =
      stdout.match(/"near" in .*\n(?: {3}spec.*\n)+ {3}To correct it: (kubectl patch .*)$/m) ?? []
    const script = `kubectl() { "${kubectl}" --kubeconfig "${kubeconfig}" "$@"; }; ${command}`
    const patch = () => run('bash', ['-c', script])
    const { from, to } = only.spec as { from: object[]; to: object[] }
    const another = { group: '', kind: 'Secret', name: 'key' }
    for (const changed of [
      { from, to: [...to, another] },
      { from: [...from, { ...from[0], namespace: 'market' }], to },
    ]) {
      await cluster.controlPlane.api.apply({ ...only, spec: changed })
      const late = await patch()
      assert.notEqual(late.code, 0)
      assert.match(late.stderr, /^The request is invalid: /)
      const { body } = await cluster.controlPlane.api.request('GET', `${GRANTS}/near`)
      assert.deepEqual(body.spec, changed)
    }
    await cluster.controlPlane.api.apply(only)
    const patched = await patch()
    assert.equal(patched.code, 0, `${command}\n${patched.stderr}`)
    const { code, stdout: after } = await refgrant(question)
    assert.equal(code, 0)
    assert.match(after, /: ReferenceGrant "near" in namespace "billing" permits it\.\n/)
  })

  test('prints a patch for a grant whose from and to are swapped, and where to create one of the namespace of the route', async () => {
    const { api, kubeconfig, kubectl } = cluster.controlPlane
    const swapped = (namespace: string) => ({
      ...mistaken(),
      metadata: { name: 'swapped', namespace },
      spec: {
        from: [{ group: '', kind: 'Service', namespace: 'billing' }],
        to: [{ group: 'gateway.networking.k8s.io', kind: 'GRPCRoute', name: 'checkout' }],
      },
    })
    await api.apply(swapped('billing'), swapped('market'))
    const asked = () => explain(kubeconfig, '--from', 'GRPCRoute/market', '--to', 'Service/billing/rates')
    const [first, second] = (await asked()).report.references[0].nearMisses
    assert.deepEqual([first.grant.name, second.grant.name], ['swapped', 'swapped'])
    assert.match(first.message, /^from and to are swapped: /)
    assert.match(second.message, /create it in namespace "billing"; from and to are swapped: /)
    assert.equal(second.patch, undefined)
    const patch = ['patch', 'referencegrants', 'swapped', '-n', 'billing', '--type', 'json', '-p']
    const { code, stderr } = await run(kubectl, [
      ...['--kubeconfig', kubeconfig],
      ...[...patch, JSON.stringify(first.patch)],
    ])
    assert.equal(code, 0, stderr)
    assert.equal((await asked()).report.references[0].verdict, 'permitted')
    await api.delete(swapped('billing'), swapped('market'))
  })

  test('says whether a proposed grant in a file would permit what the cluster holds', async () => {
    const { kubeconfig, api } = cluster.controlPlane
    const stored = grant({ name: 'stored', to: 'cart-2' })
    await api.apply(
      stored,
      route({
        name: 'proposed',
        backends: [
          ['cart-1', 'billing'],
          ['cart-2', 'billing'],
        ],
      }),
    )
    const files = {
      'new/a.json': JSON.stringify(grant({ name: 'new', to: 'cart-1' })),
      'same.json': JSON.stringify(stored),
    }
    const cwd = folderWith(files)
    const argv = ['explain', 'httproute/proposed', '-n', 'shop', '--kubeconfig', kubeconfig]
    const { code, stdout } = await refgrant([...argv, '--grants', 'new', 'same.json'], { cwd })
    assert.equal(code, 0)
    const sentences = stdout.match(/which ReferenceGrant .*/g)
    assert.deepEqual(sentences, [
      'which ReferenceGrant "new" in namespace "billing" of new/a.json:1 would permit, once it is applied.',
      'which ReferenceGrant "stored" in namespace "billing" permits.',
    ])
    assert.equal((await refgrant([...argv, '--grants', 'same.json'], { cwd })).code, 1)
    const { stdout: json } = await refgrant([...argv, '--grants', 'new', '-o', 'json'], { cwd })
    const places = JSON.parse(json).references.map(({ proposed }: { proposed?: object }) => proposed)
    assert.deepEqual(places, [{ file: 'new/a.json', line: 1 }, undefined])
    const asFile = await refgrant(['explain', 'httproute/proposed', '-n', 'shop', '-f', 'new'], { cwd })
    assert.match(asFile.stderr, /is not among the files: to explain the object of the cluster .* with --grants\n/)
  })

  test('judges a file by the grants of the cluster, and the default namespace is that of the context', async () => {
    const { kubeconfig } = cluster.controlPlane
    const cwd = folderWith({ 'route.yaml': ROUTE.replace('payments', 'tax') })
    const live = await refgrant(['explain', '-f', 'route.yaml', '--live', '--kubeconfig', kubeconfig], { cwd })
    assert.match(
      live.stdout,
      /^route\.yaml:13: HTTPRoute "checkout" .* which ReferenceGrant "near" in namespace "billing" permits\.\n/,
    )
    assert.equal((await refgrant(['explain', '-f', 'route.yaml'], { cwd })).code, 1)
    const gone = await explain(kubeconfig, 'httproute/checkout')
    assert.deepEqual(
      [gone.code, gone.stderr],
      [2, 'refgrant: HTTPRoute "checkout" in namespace "default" does not exist: name another, or use -n\n'],
    )
  })

  test('says whether the target exists, and which NetworkPolicies select its Pods', async () => {
    const { api, kubeconfig } = cluster.controlPlane
    const labels = { app: 'payments' }
    const container = { name: 'main', image: 'none' }
    const pod = (name: string, more: object) => ({
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'billing', labels: { ...labels, ...more } } },
      spec: { containers: [container] },
    })
    const policy = (name: string, podSelector: object) => ({
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'billing' } },
      spec: { podSelector, policyTypes: ['Ingress'] },
    })
    await api.apply(
      {
        ...{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'billing' } },
      },
      {
        ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'payments', namespace: 'billing' } },
        spec: { selector: labels, ports: [{ port: 80 }] },
      },
      pod('one', { tier: 'blue' }),
      pod('two', {}),
      policy('all', {}),
      policy('blue', { matchExpressions: [{ key: 'tier', operator: 'In', values: ['blue'] }] }),
      policy('other', { matchLabels: { app: 'ledger' } }),
    )
    const { stdout } = await refgrant(['explain', '--kubeconfig', kubeconfig, ...QUESTION])
    assert.match(
      stdout,
      /\nService "payments" in namespace "billing" exists\.\nNetworkPolicies that select its 2 Pods: "all" \(Ingress, 2 of 2\), "blue" \(Ingress, 1 of 2\)\.\n$/,
    )
  })
})

suite('grant by the grants of a cluster', () => {
  test('prints only what is missing there, in the version that the cluster serves', async () => {
    const { kubeconfig } = cluster.controlPlane
    const two = ROUTE.replace('name: cart', 'name: ledger\n          namespace: market')
    const argv = ['grant', '--live', '--kubeconfig', kubeconfig, '-o', 'json', '-']
    const { code, stdout } = await refgrant(argv, { input: two.replace('payments', 'tax') })
    const { items } = JSON.parse(stdout)
    assert.equal(code, 0)
    assert.deepEqual(
      items.map(({ apiVersion, metadata }: { apiVersion: string; metadata: object }) => [apiVersion, metadata]),
      [['gateway.networking.k8s.io/v1', { name: 'httproute-from-shop-to-service-ledger', namespace: 'market' }]],
    )
  })

  test('changes a grant with --merge, and kubectl applies it with its labels', async () => {
    const { api, kubectl, kubeconfig } = cluster.controlPlane
    const object = grant({ name: 'labelled', to: 'cart', namespace: 'market' })
    await api.apply({ ...object, metadata: { ...object.metadata, labels: { team: 'web' } } as typeof object.metadata })
    const question = ['--kubeconfig', kubeconfig, '--from', 'HTTPRoute/shop', '--to', 'Service/market/stock']
    const merged = await refgrant(['grant', '--merge', ...question])
    assert.deepEqual([merged.code, merged.stderr], [0, ''])
    const applied = await run(kubectl, ['--kubeconfig', kubeconfig, 'apply', '-f', '-'], { input: merged.stdout })
    assert.equal(applied.code, 0, applied.stderr)
    assert.equal((await refgrant(['explain', ...question])).code, 0)
    const { body } = await api.request(
      'GET',
      '/apis/gateway.networking.k8s.io/v1/namespaces/market/referencegrants/labelled',
    )
    assert.deepEqual([body.metadata.labels, body.spec.to.length], [{ team: 'web' }, 2])
    assert.deepEqual(await refgrant(['grant', ...question]), { code: 0, stdout: '', stderr: 'no grant is missing\n' })
  })

  test('prints with --merge a grant that the API server accepts as written, and without an error of check', async () => {
    const { kubectl, kubeconfig } = cluster.controlPlane
    const object = grant({ name: 'slips', to: 'payments' })
    const spec = {
      from: [{ group: 'networking.k8s.io', kind: 'httproutes', namespaces: 'shop' }],
      to: [{ group: 'apps', kind: 'Service', name: 'payments', namespace: 'billing' }],
    }
    const cwd = folderWith({ 'route.yaml': ROUTE, 'grant.json': JSON.stringify({ ...object, spec }) })
    const merged = await refgrant(['grant', '--merge', '.'], { cwd })
    assert.deepEqual([merged.code, merged.stderr], [0, ''])
    assert.match(merged.stdout, /name: slips\n/)
    const strict = ['apply', '--validate=strict', '--dry-run=server', '-f', '-']
    const applied = await run(kubectl, ['--kubeconfig', kubeconfig, ...strict], { input: merged.stdout })
    assert.equal(applied.code, 0, applied.stderr)
    const checked = await refgrant(['check', '-'], { input: `${merged.stdout}---\n${ROUTE}` })
    assert.equal(checked.code, 0, checked.stdout)
  })

  test('says that it does not know the grants of a namespace, and prints none for it', async () => {
    const stranger = await userWith('outsider', {})
    const { code, stdout, stderr } = await refgrant(['grant', '--kubeconfig', stranger, ...QUESTION])
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /it is not known whether a ReferenceGrant permits it\.\n/)
  })
})

suite('explain with few rights says what is not known, and nothing of what may not be read:', () => {
  test('the grants of two namespaces', async () => {
    const owner = await userWith('owner', { billing: [LIST_GRANTS], shop: [LIST_GRANTS] })
    await inForce('owner', 'list', 'referencegrants.gateway.networking.k8s.io', 'shop')
    const { code, stderr, report } = await explain(owner, ...QUESTION)
    const [{ verdict, nearMisses, target }] = report.references
    assert.deepEqual([code, verdict, report.complete], [1, 'not permitted', true])
    assert.equal(target.exists, null)
    assert.equal(target.why, 'you may not get services in namespace "billing"')
    const places = new Set(nearMisses.map(({ grant }: { grant: { namespace: string } }) => grant.namespace))
    assert.deepEqual(places, new Set(['billing', 'shop']))
    assert.match(
      stderr,
      /note: you may not list referencegrants\.gateway\.networking\.k8s\.io in all namespaces; this searched only namespaces "billing", "shop"\n/,
    )
  })

  test('the grants of the target namespace only', async () => {
    const target = await userWith('target', { billing: [LIST_GRANTS] })
    await inForce('target', 'list', 'referencegrants.gateway.networking.k8s.io', 'billing')
    const { code, stderr, report } = await explain(target, ...QUESTION)
    assert.deepEqual([code, report.references[0].verdict], [1, 'not permitted'])
    assert.match(stderr, /you may not list referencegrants\.gateway\.networking\.k8s\.io in namespace "shop"\n/)
  })

  test('no grants: a verdict is not known, and not a refusal', async () => {
    const stranger = await userWith('stranger', {})
    const { code, stderr, report } = await explain(stranger, ...QUESTION)
    const [{ verdict, nearMisses, message, target }] = report.references
    assert.deepEqual([code, verdict, nearMisses, report.complete], [2, 'not known', [], false])
    assert.match(message, /: it is not known whether a ReferenceGrant permits it\.$/)
    assert.equal(target.exists, null)
    assert.match(
      stderr,
      /you may not list referencegrants\.gateway\.networking\.k8s\.io in namespaces "billing", "shop"\n/,
    )
    const text = await refgrant(['explain', '--kubeconfig', stranger, ...QUESTION])
    assert.match(
      text.stdout,
      /it is not known whether a ReferenceGrant permits it\.\nStandard error says why\.\nWhether /,
    )
    const object = await explain(stranger, 'httproute/checkout', '-n', 'shop')
    assert.deepEqual([object.code, object.stderr], [2, 'refgrant: you may not get httproutes in namespace "shop"\n'])
  })

  test('everything about a question, with the role in the documentation', async () => {
    const { api } = cluster.controlPlane
    const [, text = ''] = readFileSync('docs/explain.md', 'utf8').match(/```yaml\n(.*?)```/s) ?? []
    const { rules } = parse(text)
    const owner = await userWith('documented', { billing: rules })
    await inForce('documented', 'list', 'networkpolicies.networking.k8s.io', 'billing')
    await api.apply({
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'asked', namespace: 'billing' } },
      spec: { selector: { app: 'asked' }, ports: [{ port: 80 }] },
    })
    const asked = ['--from', 'HTTPRoute/shop', '--to', 'Service/billing/asked']
    const { code, report } = await explain(owner, ...asked)
    const [{ verdict, target }] = report.references
    assert.deepEqual(
      [code, verdict, target],
      [1, 'not permitted', { exists: true, networkPolicies: { pods: 0, selecting: [] } }],
    )
  })

  test('a Service, but neither Pods nor NetworkPolicies', async () => {
    const services = { apiGroups: [''], resources: ['services'], verbs: ['get'] }
    const reader = await userWith('reader', { billing: [LIST_GRANTS, services] })
    await inForce('reader', 'get', 'services', 'billing')
    const { report } = await explain(reader, ...QUESTION)
    assert.deepEqual(report.references[0].target, {
      exists: true,
      networkPolicies: { why: 'you may not list pods in namespace "billing"' },
    })
  })
})
