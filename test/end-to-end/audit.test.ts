import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parseDocuments } from '../../src/yaml/documents.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'
import { run } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'

/** What people do without refgrant: the first lines of every grant, namespace by namespace. */
const SCRIPT = `
for namespace in $($KUBECTL get namespaces -o jsonpath='{.items[*].metadata.name}'); do
  if [ -n "$($KUBECTL get referencegrants -n "$namespace" -o name)" ]; then
    echo "Namespace: $namespace"
    $KUBECTL get referencegrants -n "$namespace" -o yaml | grep -A5 'from:'
  fi
done
`

let cluster: Cluster

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('shop', 'warehouse', 'billing', 'certs')
  const { api } = cluster.controlPlane
  await api.apply(
    grant({ name: 'shop', to: 'payments' }),
    grant({ name: 'warehouse', to: 'ledger', from: { namespace: 'warehouse', kind: 'GRPCRoute' } }),
    grant({ name: 'gateways', to: 'wildcard', namespace: 'certs', from: { kind: 'Gateway' } }),
    route({ name: 'checkout', backends: [['payments', 'billing'], ['ledger', 'billing'], ['cart']] }),
    route({ name: 'local', backends: [['cart']] }),
  )
})
after(() => cluster?.controlPlane.stop())

async function audit(...argv: string[]) {
  const { code, stdout, stderr } = await refgrant(['audit', '--output', 'json', ...argv])
  return { code, stderr, report: stdout === '' ? undefined : JSON.parse(stdout) }
}

test('files are checked against the grants of a cluster, as the README says', async () => {
  const { kubectl, kubeconfig } = cluster.controlPlane
  const [recipe] = readFileSync('README.md', 'utf8').match(/kubectl get referencegrants .* --grants -$/m) ?? []
  const both = ROUTE.replace('name: cart', 'name: ledger\n          namespace: billing')
  const cwd = folderWith({ 'route.yaml': both, 'one.yaml': ROUTE })
  const programs = `kubectl() { ${kubectl} "$@"; }\nrefgrant() { ${process.execPath} ${path.resolve('src/cli.ts')} "$@"; }`
  const script = (files: string) =>
    `cd ${cwd}; export KUBECONFIG=${kubeconfig}\n${programs}\n${recipe?.replace('route.yaml', files)}`
  const refused = await run('bash', ['-c', script('route.yaml')])
  assert.match(refused.stdout, /backendRefs\[0\] refers to Service "ledger"/)
  assert.match(
    refused.stdout,
    /\n1 file, 1 object, 2 references into other namespaces: 1 error, 0 warnings, 0 notes\n$/,
  )
  assert.equal((await run('bash', ['-c', script('one.yaml')])).code, 0)
})

suite('audit of a cluster', () => {
  test('lists the permissions that a script over kubectl lists', async () => {
    const { controlPlane } = cluster
    const kubectl = `${controlPlane.kubectl} --kubeconfig ${controlPlane.kubeconfig}`
    const { stdout } = await run('bash', ['-c', `KUBECTL="${kubectl}"\n${SCRIPT}`])
    const listed = stdout
      .split('Namespace: ')
      .slice(1)
      .flatMap((part) => {
        const [namespace = ''] = part.split('\n')
        const entries = part.matchAll(/- group: (\S+)\n\s+kind: (\S+)\n\s+namespace: (\S+)/g)
        return [...entries].map(([, group, kind, from]) => ({ from: { group, kind, namespace: from }, to: namespace }))
      })
    const { report } = await audit('--kubeconfig', controlPlane.kubeconfig)
    const permissions = report.permissions.flatMap(
      ({ grant, from }: { grant: { namespace: string }; from: unknown[] }) =>
        from.map((one) => ({ from: one, to: grant.namespace })),
    )
    assert.equal(listed.length, 3, stdout)
    assert.deepEqual(permissions, listed)
  })

  test('tells which references are permitted by which grant, which by none, and which grants are idle', async () => {
    const { code, report } = await audit('--kubeconfig', cluster.controlPlane.kubeconfig)
    assert.equal(code, 1)
    const references = report.references.map(({ field, grants }: { field: string; grants: { name: string }[] }) => [
      field,
      grants.map(({ name }) => name),
    ])
    assert.deepEqual(references, [
      ['spec.rules[0].backendRefs[0]', ['shop']],
      ['spec.rules[0].backendRefs[1]', []],
    ])
    assert.deepEqual(report.unusedGrants, [
      { namespace: 'billing', name: 'warehouse' },
      { namespace: 'certs', name: 'gateways' },
    ])
  })

  test('says what it may not list, and ends with 2: the rest is not the whole', async () => {
    // The server's own account may list grants and nothing else.
    const { code, stderr, report } = await audit('--kubeconfig', cluster.account)
    assert.equal(code, 2)
    assert.match(
      stderr,
      /^refgrant: cannot list [^\n:]*\bhttproutes\.gateway\.networking\.k8s\.io[^\n]*: HTTP 403: [^\n]*\n$/,
    )
    assert.equal(report.complete, false)
    assert.equal(report.permissions.length, 3)
  })

  test('of one namespace, and of all, is for an account with the role in the documentation', async () => {
    const { api } = cluster.controlPlane
    const [role] = parseDocuments(readFileSync('docs/security.md', 'utf8').match(/```yaml\n(.*?)```/s)?.[1] ?? '')
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'refgrant-audit' }
    const subjects = [{ kind: 'ServiceAccount', name: 'owner', namespace: 'billing' }]
    const apiVersion = 'rbac.authorization.k8s.io/v1'
    const metadata = { name: 'audit', namespace: 'billing' }
    await api.apply(
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'owner', namespace: 'billing' } },
      role?.value as ApiObject,
      { apiVersion, kind: 'RoleBinding', metadata, roleRef, subjects },
    )
    const owner = await cluster.controlPlane.kubeconfigFor('owner', await api.token('billing', 'owner'))
    const whole = await audit('--kubeconfig', owner)
    assert.equal(whole.code, 2)
    assert.match(whole.stderr, /HTTP 403.*; if you have rights in one namespace only, use -n NAMESPACE$/m)
    const other = await audit('--kubeconfig', owner, '-n', 'shop')
    assert.equal(other.code, 2)
    assert.match(
      other.stderr,
      /HTTP 403.*; you need a RoleBinding in namespace "shop" to a ClusterRole with the verb list /,
    )
    const { code, stderr, report } = await audit('--kubeconfig', owner, '-n', 'billing')
    assert.deepEqual([code, stderr, report.complete, report.namespace], [0, '', true, 'billing'])
    assert.deepEqual(
      report.permissions.map(({ grant }: { grant: { name: string } }) => grant.name),
      ['shop', 'warehouse'],
    )
    await api.apply({ apiVersion, kind: 'ClusterRoleBinding', metadata: { name: 'audit' }, roleRef, subjects })
    await until('the binding is in force', async () => (await audit('--kubeconfig', owner)).code === 1)
  })

  test('names the command that prints the missing grants, and no others', async () => {
    const { kubectl, kubeconfig } = cluster.controlPlane
    const { stdout } = await refgrant(['audit', '--kubeconfig', kubeconfig])
    const [, command = ''] = stdout.match(/^To print the grants that are missing: (.*)$/m) ?? []
    assert.match(command, /^kubectl get .* -A -o yaml --kubeconfig \S+ \| refgrant grant -$/)
    const bash = `set -o pipefail; kubectl() { "${kubectl}" "$@"; }; refgrant() { "${process.execPath}" src/cli.ts "$@"; }; ${command}`
    const printed = await run('bash', ['-c', bash])
    assert.equal(printed.code, 0)
    assert.match(
      printed.stderr,
      /^refgrant: note: in place of the new ReferenceGrant "httproute-from-shop-to-service-ledger" in .*, you may correct ReferenceGrant "shop" .*\n$/,
    )
    assert.deepEqual(printed.stdout.match(/^ {2}name: .*$/gm), ['  name: httproute-from-shop-to-service-ledger'])
  })

  test('names the grant that is nearest, and the command that explains it', async () => {
    const { kubeconfig } = cluster.controlPlane
    const { stdout } = await refgrant(['audit', '--kubeconfig', kubeconfig])
    assert.match(stdout, / billing\/shop +spec\.to\[0\]\.name\n/)
    const [, command = ''] = stdout.match(/^To see every grant that nearly permits a reference: refgrant (.*)$/m) ?? []
    const explained = await refgrant(command.split(' '))
    assert.equal(explained.code, 1, command)
    assert.match(
      explained.stdout,
      /^1\. ReferenceGrant "shop" in namespace "billing"\n {3}spec\.to\[0\]\.name is "payments"/m,
    )
  })

  test('says that it cannot reach a cluster, which is no finding', async () => {
    const { controlPlane } = cluster
    const nowhere = await controlPlane.kubeconfigFor('nowhere', 'none', 'https://127.0.0.1:1')
    const { code, stderr, report } = await audit('--kubeconfig', nowhere)
    assert.deepEqual([code, report], [2, undefined])
    assert.match(stderr, /^refgrant: cannot audit the cluster: https:\/\/127\.0\.0\.1:1: connection refused/)
  })
})
