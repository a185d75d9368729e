import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { parse } from 'yaml'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { type Helm, helm } from '../harness/control-plane/helm.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { configFile, configure } from '../harness/program/live-config.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { type Result, run } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'

// What docs/configuration.md says of each tool that delivers a route with its first grant.

const GUIDE = readFileSync('docs/configuration.md', 'utf8')

let cluster: Cluster
let refgrant: Refgrant
let namespaces = 0

const config = configFile()

before(async () => {
  cluster = await startCluster()
  refgrant = await startGuard(cluster, { config })
})
after(async () => {
  await refgrant?.stop()
  await cluster?.controlPlane.stop()
})

/** A route and its grant, in namespaces of their own. */
async function delivery() {
  const [shop, billing] = [`shop-${namespaces}`, `billing-${namespaces++}`]
  await cluster.namespaces(shop, billing)
  return {
    shop,
    route: route({ name: 'a-route', namespace: shop, backends: [['payments', billing]] }),
    grant: grant({ name: 'shop', namespace: billing, to: 'payments', from: { namespace: shop } }),
  }
}

const REFUSED = /which no ReferenceGrant permits/

const passes = ({ code, stderr }: Result) => assert.equal(code, 0, stderr)
const isRefused = ({ code, stderr }: Result) => {
  assert.notEqual(code, 0)
  assert.match(stderr, REFUSED)
}

const apply = (objects: readonly ApiObject[], ...argv: string[]) =>
  cluster.kubectl(['apply', ...argv, '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'))

/** Orders objects by a name or a number of theirs. */
const by =
  <K extends string | number>(key: (object: ApiObject) => K) =>
  (a: ApiObject, b: ApiObject) =>
    key(a) < key(b) ? -1 : Number(key(a) > key(b))

/** Does one step after the other, until one fails; returns the last result. */
async function untilRefused<T>(steps: readonly T[], step: (one: T) => Promise<Result>): Promise<Result> {
  const [first, ...others] = steps as readonly [T, ...T[]]
  const result = await step(first)
  return result.code !== 0 || others.length === 0 ? result : untilRefused(others, step)
}

/** Runs Helm with a chart of these objects. */
async function upgrade(major: Helm, name: string, objects: readonly ApiObject[], ...argv: string[]): Promise<Result> {
  const templates = objects.map((object, index) => [`templates/${index}.yaml`, JSON.stringify(object)])
  const chart = folderWith({
    'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`,
    ...Object.fromEntries(templates),
  })
  const where = ['--kubeconfig', cluster.controlPlane.kubeconfig, '--namespace', 'default']
  return run(await helm(major), ['upgrade', '--install', name, chart, ...where, ...argv])
}

for (const major of [4, 3] as const)
  suite(`Helm ${major}, with a route and its first grant`, () => {
    const release = (name: string, objects: readonly ApiObject[], ...argv: string[]) =>
      upgrade(major, `${name}-${major}`, objects, ...argv)

    test('in one release is refused at the first try, and passes at the next, since the grant is then stored', async () => {
      const { route, grant } = await delivery()
      isRefused(await release('one', [grant, route]))
      passes(await release('one', [grant, route]))
    })

    test('in one release with a rollback is refused at each try', async () => {
      const { route, grant } = await delivery()
      const flag = major === 4 ? '--rollback-on-failure' : '--atomic'
      isRefused(await release('rollback', [grant, route], flag))
      isRefused(await release('rollback', [grant, route], flag))
    })

    test('in two releases passes', async () => {
      const { route, grant } = await delivery()
      passes(await release('grants', [grant]))
      passes(await release('routes', [route]))
    })

    test('in one release passes if the grant is a hook, as documented', async () => {
      const { route, grant } = await delivery()
      const blocks = [...GUIDE.matchAll(/```yaml\n(metadata:.*?)```/gs)]
      const { annotations } = parse(blocks[0]?.[1] ?? '').metadata
      const hook = { ...grant, metadata: { ...grant.metadata, annotations } } as ApiObject
      passes(await release('hook', [hook, route]))
    })

    test('in one release passes in mode warn, and the namespace then returns to mode deny', async () => {
      const { shop, route, grant } = await delivery()
      passes(await cluster.kubectl(['label', 'namespace', shop, 'refgrant.dev/mode=warn']))
      // The API server sees the label a moment later.
      await until('the release passes', async () => (await release('warned', [grant, route])).code === 0)
      passes(await cluster.kubectl(['label', 'namespace', shop, 'refgrant.dev/mode-']))
      passes(await apply([{ ...route, metadata: { ...route.metadata, name: 'second' } }]))
    })
  })

/** The grants that a namespace has. */
const grantsIn = async (namespace = '') =>
  (await cluster.kubectl(['get', 'referencegrants', '-n', namespace, '-o', 'name'])).stdout

suite('Flux, whose kustomize-controller dry-runs all objects, and then applies them by kind until one is refused,', () => {
  const sync = async (...objects: ApiObject[]): Promise<Result> => {
    const argv = ['--server-side', '--field-manager=kustomize-controller']
    const tried = await apply(objects, ...argv, '--dry-run=server')
    if (tried.code !== 0) return tried
    // Kinds that it does not know are sorted by their names. Source: fluxcd/pkg, ssa/sort.go.
    return untilRefused(objects.toSorted(by(({ kind }) => kind)), (object) => apply([object], ...argv))
  }

  test('does not apply a route with its first grant', async () => {
    const { route, grant } = await delivery()
    isRefused(await sync(grant, route))
    assert.equal(await grantsIn(grant.metadata.namespace), '')
  })

  test('applies it after a Kustomization that has the grant', async () => {
    const { route, grant } = await delivery()
    passes(await sync(grant))
    passes(await sync(route))
  })

  test('is not helped by a warning in the dry run', async () => {
    const { route, grant } = await delivery()
    await configure(refgrant, config, { dryRun: { warnFieldManagers: ['kustomize-controller'] } })
    isRefused(await sync(grant, route))
    isRefused(await sync(grant, route))
    assert.equal(await grantsIn(grant.metadata.namespace), '')
    await configure(refgrant, config, {})
  })

  test('applies both in mode warn, and the namespace then returns to mode deny', async () => {
    const { shop, route, grant } = await delivery()
    passes(await cluster.kubectl(['label', 'namespace', shop, 'refgrant.dev/mode=warn']))
    // The API server sees the label a moment later.
    await until('the sync passes', async () => (await sync(grant, route)).code === 0)
    passes(await cluster.kubectl(['label', 'namespace', shop, 'refgrant.dev/mode-']))
    passes(await sync({ ...route, metadata: { ...route.metadata, name: 'second' } }))
  })
})

suite('Argo CD, which applies the objects of a wave by name, and ends the sync after a wave with a refusal,', () => {
  const waveOf = ({ metadata }: ApiObject) =>
    Number(Object(metadata as { annotations?: object }).annotations?.['argocd.argoproj.io/sync-wave'] ?? 0)
  const sync = (...objects: ApiObject[]): Promise<Result> => {
    const waves = [...Map.groupBy(objects.toSorted(by(waveOf)), waveOf).values()]
    return untilRefused(waves, (wave) => apply(wave.toSorted(by(({ metadata }) => metadata.name))))
  }

  test('stores the grant at the first sync, and the route at the next', async () => {
    const { route, grant } = await delivery()
    isRefused(await sync(grant, route))
    passes(await sync(grant, route))
  })

  test('needs one sync if the grant is in an earlier wave, as documented', async () => {
    const { route, grant } = await delivery()
    const [, wave = ''] = /`argocd\.argoproj\.io\/sync-wave: "(-?\d+)"` on the grant/.exec(GUIDE) ?? []
    const annotations = { 'argocd.argoproj.io/sync-wave': wave }
    passes(await sync(route, { ...grant, metadata: { ...grant.metadata, annotations } } as ApiObject))
  })

  test('with ServerSideDiff, compares a route without its grant if its dry runs only warn', async () => {
    const { route } = await delivery()
    const compare = () => apply([route], '--server-side', '--field-manager=argocd-controller', '--dry-run=server')
    isRefused(await compare())
    await configure(refgrant, config, { dryRun: { warnFieldManagers: ['argocd-controller'] } })
    passes(await compare())
    await configure(refgrant, config, {})
  })
})
