import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { after, afterEach, before, suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { overlays, rendered } from '../harness/control-plane/chart.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { documented } from '../harness/control-plane/installation.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { route } from '../harness/objects/objects.ts'
import { startRefgrant } from '../harness/program/refgrant.ts'
import type { Result } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'

// What docs/install.md says of Flux and Argo CD. Each test applies the objects as the tool does, without the tool.

const CROSSING = JSON.stringify(route({ name: 'checkout', backends: [['payments', 'billing']] }))

let cluster: Cluster

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('shop')
})
after(() => cluster?.controlPlane.stop())
afterEach(async () => {
  // Without a controller manager, the namespace would stay.
  const objects = [...(await rendered()), ...(await rendered('--show-only', 'templates/probe.yaml'))]
  await cluster.controlPlane.api.delete(...objects)
})

const passes = ({ code, stdout, stderr }: Result) => assert.equal(code, 0, stdout + stderr)

const text = (objects: readonly ApiObject[]) => objects.map((object) => JSON.stringify(object)).join('\n---\n')

const kubectl = (argv: readonly string[], objects: readonly ApiObject[] = []) => cluster.kubectl(argv, text(objects))

const crossing = async () => (await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], CROSSING)).stderr
/** While no server answers, a registration under Fail shows in a refusal. */
const isRegistered = async () => /failed calling webhook "deny\.refgrant\.dev"/.test(await crossing())

/** The objects in the order of their kinds, which a tool must know all. */
function inOrder(objects: readonly ApiObject[], kinds: readonly string[]): ApiObject[] {
  for (const { kind } of objects) assert.ok(kinds.includes(kind), kind)
  return [...objects].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
}

/** An entry of `metadata.managedFields`, whose fields are a tree. */
interface Managed {
  readonly manager: string
  readonly subresource?: string
  readonly fieldsV1: Tree
}
interface Tree {
  readonly [field: string]: Tree
}

function merged(one: Tree, other: Tree): Tree {
  const both = Object.entries(other).map(([field, tree]) => [field, merged(one[field] ?? {}, tree)])
  return { ...one, ...Object.fromEntries(both) }
}

/** Lets the server write its authority, as it does in the cluster. */
async function authorityIsWritten(): Promise<void> {
  const { api, kubeconfigFor } = cluster.controlPlane
  const account = await kubeconfigFor('refgrant', await api.token('refgrant-system', 'refgrant'))
  const server = await startRefgrant({ selfManaged: true, grants: ['--kubeconfig', account], waitFor: 'listening' })
  try {
    await until('each entry has an authority', async () => {
      const argv = ['get', 'validatingwebhookconfiguration', 'refgrant', '-o', 'yaml']
      return (await cluster.kubectl(argv)).stdout.match(/caBundle: /g)?.length === 4
    })
  } finally {
    await server.stop()
  }
}

suite('Flux, whose kustomize-controller', () => {
  /** Source: fluxcd/pkg, ssa/sort.go. */
  const KINDS = [
    ...[
      'Namespace',
      'ServiceAccount',
      'Role',
      'ClusterRole',
      'RoleBinding',
      'ClusterRoleBinding',
      'ConfigMap',
      'Secret',
    ],
    ...['Service', 'Deployment', 'PodDisruptionBudget', 'ValidatingWebhookConfiguration'],
  ]
  const MANAGER = ['--server-side', '--force-conflicts', '--field-manager=kustomize-controller']

  /** A reconciliation: namespaces, then a dry run of all other objects, then the end of edits by kubectl, and an apply. */
  async function reconcile(): Promise<void> {
    const objects = await ofOverlay()
    const isFirst = ({ kind }: ApiObject) => kind === 'Namespace'
    passes(await kubectl(['apply', ...MANAGER, '-f', '-'], objects.filter(isFirst)))
    const others = objects.filter((object) => !isFirst(object))
    passes(await kubectl(['apply', ...MANAGER, '--dry-run=server', '-f', '-'], others))
    for (const object of others) await takeOver(object)
    passes(await kubectl(['apply', ...MANAGER, '-f', '-'], inOrder(others, KINDS)))
  }

  async function ofOverlay(): Promise<ApiObject[]> {
    const folder = overlays.find((one) => one.endsWith('fail-closed')) as string
    const { stdout } = await cluster.kubectl(['kustomize', folder])
    return parseAllDocuments(stdout).map((document) => document.toJS() as ApiObject)
  }

  /** Gives Flux the fields that kubectl manages, so that the next apply removes those that are not in the file. */
  async function takeOver(object: ApiObject): Promise<void> {
    const { api } = cluster.controlPlane
    const path = await api.pathOf(object)
    const { status, body } = await api.request('GET', path)
    if (status === 404) return
    const entries: Managed[] = body.metadata.managedFields ?? []
    const taken = entries.filter(({ manager, subresource }) => manager.startsWith('kubectl') && !subresource)
    if (taken.length === 0) return
    const own = entries.find(({ manager }) => manager === 'kustomize-controller') as Managed
    const fieldsV1 = [own, ...taken].map((entry) => entry.fieldsV1).reduce(merged, {})
    const value = [...entries.filter((entry) => entry !== own && !taken.includes(entry)), { ...own, fieldsV1 }]
    const patch = [{ op: 'replace', path: '/metadata/managedFields', value }]
    await api.must('PATCH', path, patch, 'application/json-patch+json')
  }

  test('registers last, and finds no difference once refgrant has written its authority', async () => {
    await reconcile()
    await until('it is registered', isRegistered)
    await authorityIsWritten()
    passes(await kubectl(['diff', ...MANAGER, '-f', '-'], await ofOverlay()))
  })

  test('leaves refgrant switched off, and on', async () => {
    await reconcile()
    await until('it is registered', isRegistered)
    await documented('off', cluster.controlPlane)
    await until('it is off', async () => !(await isRegistered()))
    await reconcile()
    const { stdout } = await cluster.kubectl(['get', 'validatingwebhookconfiguration', 'refgrant', '-o', 'yaml'])
    assert.equal(stdout.match(/refgrant\.dev\/switch: "on"/g)?.length, 4)
    await documented('on', cluster.controlPlane)
    await reconcile()
    await until('it is on', isRegistered)
  })

  test('undoes an edit by kubectl without a field manager', async () => {
    await reconcile()
    const patch = '{"webhooks": [{"name": "deny.refgrant.dev", "objectSelector": {"matchLabels": {"a": "b"}}}]}'
    passes(await cluster.kubectl(['patch', 'validatingwebhookconfiguration', 'refgrant', '--patch', patch]))
    await reconcile()
    const { stdout } = await cluster.kubectl(['get', 'validatingwebhookconfiguration', 'refgrant', '-o', 'yaml'])
    assert.doesNotMatch(stdout, /a: b/)
  })
})

suite('Argo CD', () => {
  /** Source: argoproj/gitops-engine, pkg/sync/sync_tasks.go; kinds that it does not know are last. */
  const KINDS = [
    ...[
      'Namespace',
      'PodDisruptionBudget',
      'ServiceAccount',
      'Secret',
      'ConfigMap',
      'ClusterRole',
      'ClusterRoleBinding',
    ],
    ...['Role', 'RoleBinding', 'Service', 'Deployment', 'Job', 'ValidatingWebhookConfiguration'],
  ]
  const FAIL = ['--set', 'configuration.failurePolicy=Fail']
  /** The values of the guide. */
  const [, later = ''] = /```yaml\n(registration:.*?)```/s.exec(readFileSync('docs/install.md', 'utf8')) ?? []
  const LATER = ['--values', path.join(folderWith({ 'values.yaml': later }), 'values.yaml')]

  const annotationsOf = ({ metadata }: ApiObject) =>
    (metadata as { annotations?: Record<string, string> }).annotations ?? {}
  const waveOf = (object: ApiObject) => Number(annotationsOf(object)['argocd.argoproj.io/sync-wave'] ?? 0)

  const apply = async (objects: readonly ApiObject[]) =>
    passes(await kubectl(['apply', '-f', '-'], inOrder(objects, KINDS)))

  test('applies the registration in a later wave, which begins when the Deployment is healthy', async () => {
    const objects = await rendered(...FAIL, ...LATER)
    assert.deepEqual(
      objects.filter((object) => waveOf(object) === 1).map(({ kind }) => kind),
      ['ValidatingWebhookConfiguration'],
    )
    await apply(objects.filter((object) => waveOf(object) === 0))
    assert.equal(await isRegistered(), false)
    await apply(objects.filter((object) => waveOf(object) === 1))
    await until('it is registered', isRegistered)
  })

  test('runs the probe after each sync, by hooks that it knows one by one', async () => {
    const hooks = await rendered('--show-only', 'templates/probe.yaml')
    for (const hook of hooks) assert.match(String(annotationsOf(hook)['helm.sh/hook']), /\bpost-install\b/)
    await apply(await rendered())
    await apply(hooks)
  })

  test('finds no difference once refgrant has written its authority, and leaves refgrant switched off', async () => {
    const objects = await rendered(...FAIL)
    await apply(objects)
    await authorityIsWritten()
    await documented('off', cluster.controlPlane)
    passes(await kubectl(['diff', '-f', '-'], objects))
    await apply(objects)
    await until('it is off', async () => !(await isRegistered()))
  })
})
