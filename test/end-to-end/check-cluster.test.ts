import assert from 'node:assert/strict'
import { readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parseAllDocuments, stringify } from 'yaml'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { helm } from '../harness/control-plane/helm.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { refgrant } from '../harness/program/cli.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { run } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'

const RBAC = 'rbac.authorization.k8s.io'
const HOOK = { 'helm.sh/hook': 'pre-install,pre-upgrade' }
const SHORT = { ...HOOK, 'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded' }

let cluster: Cluster
let guard: Refgrant

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('shop', 'billing', 'stock', 'ci')
  guard = await startGuard(cluster)
})
after(async () => {
  await guard?.stop()
  await cluster?.controlPlane.stop()
})

const annotated = (object: ApiObject, annotations: Record<string, string>) => ({
  ...object,
  metadata: { ...object.metadata, annotations },
})

/** Removes what a test applied. */
const clean = () =>
  cluster.kubectl(['delete', 'httproutes,tcproutes,referencegrants', '--all', '--all-namespaces', '--wait=false'])

const codesOf = async (argv: string[], input?: string) => {
  const { stdout, stderr } = await refgrant(['check', '-o', 'json', ...argv], input === undefined ? {} : { input })
  assert.notEqual(stdout, '', stderr)
  return (JSON.parse(stdout).findings as { code: string }[]).map(({ code }) => code)
}

suite('check --order says what the first installation refuses', () => {
  const checkout = route({ name: 'checkout', backends: [['payments', 'billing']] })
  const tcp = { ...checkout, apiVersion: 'gateway.networking.k8s.io/v1alpha2', kind: 'TCPRoute' }
  const allow = (kind: string) => grant({ name: 'allow', to: 'payments', from: { kind } })

  const charts: [title: string, route: ApiObject, grant: ApiObject, refused: boolean][] = [
    ['an HTTPRoute is created before its grant', checkout, allow('HTTPRoute'), true],
    ['a grant that is a hook is created before', checkout, annotated(allow('HTTPRoute'), HOOK), false],
    [
      'a hook may be in other letters',
      checkout,
      annotated(allow('HTTPRoute'), { 'helm.sh/hook': 'Pre-Install' }),
      false,
    ],
    ['a hook that is deleted on success is gone', checkout, annotated(allow('HTTPRoute'), SHORT), true],
    ['a hook of upgrades is not created', tcp, annotated(allow('TCPRoute'), { 'helm.sh/hook': 'pre-upgrade' }), true],
    ['a TCPRoute is created after its grant, by the names of the kinds', tcp, allow('TCPRoute'), false],
  ]
  for (const [title, object, itsGrant, refused] of charts)
    test(`Helm: ${title}`, async () => {
      const chart = folderWith({
        'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
        'templates/route.yaml': stringify(object),
        'templates/grant.yaml': stringify(itsGrant),
      })
      const { kubeconfig } = cluster.controlPlane
      const program = await helm()
      const rendered = await run(program, ['template', 'shop', chart])
      assert.deepEqual(await codesOf(['--order', 'helm', '-'], rendered.stdout), refused ? ['refused-at-install'] : [])
      assert.deepEqual(await codesOf(['-'], rendered.stdout), [])
      const installed = await run(program, [
        'install',
        'shop',
        chart,
        '--namespace',
        'shop',
        '--kubeconfig',
        kubeconfig,
      ])
      assert.equal(installed.code, refused ? 1 : 0, installed.stderr)
      if (refused) assert.match(installed.stderr, /deny\.refgrant\.dev.* which no ReferenceGrant permits/)
      await run(program, ['uninstall', 'shop', '--namespace', 'shop', '--kubeconfig', kubeconfig])
      await clean()
    })

  test('kubectl: the order of the files', async () => {
    const folder = folderWith({ 'b-route.yaml': stringify(checkout), 'c-grant.yaml': stringify(allow('HTTPRoute')) })
    assert.deepEqual(await codesOf(['--order', 'kubectl', folder]), ['refused-at-install'])
    const refused = await cluster.kubectl(['apply', '-f', folder])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /deny\.refgrant\.dev/)
    await clean()
    renameSync(path.join(folder, 'c-grant.yaml'), path.join(folder, 'a-grant.yaml'))
    assert.deepEqual(await codesOf(['--order', 'kubectl', folder]), [])
    const { code, stderr } = await cluster.kubectl(['apply', '-f', folder])
    assert.equal(code, 0, stderr)
    await clean()
  })

  test('Flux: a grant in the dry run of its route, and a grant that is there before', async () => {
    const routes = folderWith({ 'route.yaml': stringify(checkout) })
    const grants = folderWith({ 'grant.yaml': stringify(allow('HTTPRoute')) })
    const dryRun = (...argv: string[]) => cluster.kubectl(['apply', '--server-side', '--dry-run=server', ...argv])
    assert.deepEqual(await codesOf(['--order', 'flux', routes, grants]), ['refused-at-install'])
    assert.equal((await dryRun('-f', grants, '-f', routes)).code, 1)
    assert.deepEqual(await codesOf(['--order', 'flux', routes, '--grants', grants]), [])
    assert.equal((await cluster.kubectl(['apply', '-f', grants])).code, 0)
    assert.equal((await dryRun('-f', routes)).code, 0)
    await clean()
  })
})

suite('the grants of the cluster', () => {
  const both = route({
    name: 'checkout',
    backends: [
      ['payments', 'billing'],
      ['tea', 'stock'],
    ],
  })
  const file = path.join(folderWith({ 'route.yaml': stringify(both) }), 'route.yaml')

  before(() => cluster.controlPlane.api.apply(grant({ name: 'g', to: 'payments' })))
  after(clean)

  /** A service account with these roles: in a namespace, or in all. */
  async function userWith(name: string, ...objects: ApiObject[]): Promise<string> {
    const { api } = cluster.controlPlane
    await api.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'ci' } }, ...objects)
    return cluster.controlPlane.kubeconfigFor(name, await api.token('ci', name))
  }

  const mayList = (user: string, where: readonly string[]) =>
    until(`${user} may list grants`, async () => {
      const argv = ['auth', 'can-i', 'list', 'referencegrants', ...where, `--as=system:serviceaccount:ci:${user}`]
      return (await cluster.kubectl(argv)).code === 0
    })

  async function live(kubeconfig: string, ...argv: string[]) {
    const result = await refgrant(['check', file, '--live', '--kubeconfig', kubeconfig, '-o', 'json', ...argv])
    const report = JSON.parse(result.stdout)
    return { ...result, report, targets: report.findings.map((one: { target: { name: string } }) => one.target.name) }
  }

  test('count with --live', async () => {
    const { code, targets, stderr } = await live(cluster.controlPlane.kubeconfig)
    assert.deepEqual({ code, targets }, { code: 1, targets: ['tea'] }, stderr)
    assert.equal((await refgrant(['check', file])).stdout.match(/\[not-permitted\]/g)?.length, 2)
  })

  test('are replaced by those of the files', async () => {
    const other = path.join(folderWith({ 'g.yaml': stringify(grant({ name: 'g', to: 'tax' })) }), 'g.yaml')
    const { targets } = await live(cluster.controlPlane.kubeconfig, other)
    assert.deepEqual(targets, ['payments', 'tea'])
  })

  test('are read namespace by namespace by a user who may not list all; what may not be read is not judged', async () => {
    const role = { apiVersion: `${RBAC}/v1`, metadata: { name: 'reader', namespace: 'billing' } }
    const rules = [{ apiGroups: ['gateway.networking.k8s.io'], resources: ['referencegrants'], verbs: ['list'] }]
    const kubeconfig = await userWith(
      'reader',
      { ...role, kind: 'Role', rules },
      {
        ...role,
        kind: 'RoleBinding',
        roleRef: { apiGroup: RBAC, kind: 'Role', name: 'reader' },
        subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: 'ci' }],
      },
    )
    await mayList('reader', ['-n', 'billing'])
    const { code, report, targets, stderr } = await live(kubeconfig)
    assert.deepEqual({ code, targets, complete: report.complete }, { code: 2, targets: [], complete: false })
    assert.match(
      stderr,
      /spec\.rules\[0\]\.backendRefs\[1\] is not judged: not every grant of namespace "stock" could be read/,
    )
    assert.match(stderr, /you may not list referencegrants\.gateway\.networking\.k8s\.io in namespaces "shop", "stock"/)
  })

  test('are read by the rights of another user with --as, and of its groups with --as-group', async () => {
    const { kubeconfig } = cluster.controlPlane
    const alone = await live(kubeconfig, '--as', 'jane')
    assert.deepEqual({ code: alone.code, targets: alone.targets }, { code: 2, targets: [] })
    const master = await live(kubeconfig, '--as', 'jane', '--as-group', 'system:masters')
    assert.deepEqual({ code: master.code, targets: master.targets }, { code: 1, targets: ['tea'] })
  })

  test('count from a snapshot, by the recipe and the role of the documentation, and its age is told', async () => {
    const guide = readFileSync('docs/pipelines.md', 'utf8')
    const yaml = guide.match(/```yaml\n(kind: ClusterRole\n|apiVersion: rbac.*?)```/s)?.[1] ?? ''
    const objects = parseAllDocuments(yaml).map((one) => one.toJS() as ApiObject)
    const kubeconfig = await userWith('refgrant-snapshot', ...objects)
    await mayList('refgrant-snapshot', ['--all-namespaces'])
    const recipe = guide.match(/```bash\n(\{ echo "# refgrant snapshot.*?)```/s)?.[1]
    const cwd = folderWith({})
    const program = `export KUBECONFIG=${kubeconfig}; kubectl() { ${cluster.controlPlane.kubectl} "$@"; }`
    const taken = await run('bash', ['-c', `set -e; cd ${cwd}; ${program}\n${recipe}`])
    assert.equal(taken.code, 0, taken.stderr)
    const { stdout, stderr } = await refgrant(['check', file, '--grants', 'grants.yaml'], { cwd })
    assert.match(stdout, /1 error, /)
    assert.match(
      stderr,
      /note: grants\.yaml: is a snapshot of \d{4}-\d\d-\d\dT[\d:]+Z, less than an hour ago: grants may have changed/,
    )
  })
})
