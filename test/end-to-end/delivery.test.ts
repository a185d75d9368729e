import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { parse } from 'yaml'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { helm } from '../harness/control-plane/helm.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { grant, route } from '../harness/objects/objects.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { type Result, run } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'

// What docs/configuration.md says of each tool that delivers a route with its first grant.

let cluster: Cluster
let refgrant: Refgrant
let namespaces = 0

before(async () => {
  cluster = await startCluster()
  refgrant = await startGuard(cluster)
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

/** Runs Helm with a chart of these objects. */
async function release(name: string, objects: readonly ApiObject[], ...argv: string[]): Promise<Result> {
  const templates = objects.map((object, index) => [`templates/${index}.yaml`, JSON.stringify(object)])
  const chart = folderWith({
    'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`,
    ...Object.fromEntries(templates),
  })
  const where = ['--kubeconfig', cluster.controlPlane.kubeconfig, '--namespace', 'default']
  return run(await helm(), ['upgrade', '--install', name, chart, ...where, ...argv])
}

suite('Helm, with a route and its first grant', () => {
  test('in one release is refused at the first try, and passes at the next, since the grant is then stored', async () => {
    const { route, grant } = await delivery()
    isRefused(await release('one', [grant, route]))
    passes(await release('one', [grant, route]))
  })

  test('in one release with a rollback is refused at each try', async () => {
    const { route, grant } = await delivery()
    isRefused(await release('rollback', [grant, route], '--rollback-on-failure'))
    isRefused(await release('rollback', [grant, route], '--rollback-on-failure'))
  })

  test('in two releases passes', async () => {
    const { route, grant } = await delivery()
    passes(await release('grants', [grant]))
    passes(await release('routes', [route]))
  })

  test('in one release passes if the grant is a hook, as documented', async () => {
    const { route, grant } = await delivery()
    const blocks = [...readFileSync('docs/configuration.md', 'utf8').matchAll(/```yaml\n(metadata:.*?)```/gs)]
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

suite('Flux, whose kustomize-controller dry-runs all objects before it applies one,', () => {
  const sync = async (...objects: ApiObject[]): Promise<Result> => {
    const argv = ['--server-side', '--field-manager=kustomize-controller']
    const tried = await apply(objects, ...argv, '--dry-run=server')
    return tried.code === 0 ? apply(objects, ...argv) : tried
  }

  test('does not apply a route with its first grant', async () => {
    const { route, grant } = await delivery()
    isRefused(await sync(route, grant))
    assert.equal(
      (await cluster.kubectl(['get', 'referencegrant', '-n', String(grant.metadata.namespace), '-o', 'name'])).stdout,
      '',
    )
  })

  test('applies it after a Kustomization that has the grant', async () => {
    const { route, grant } = await delivery()
    passes(await sync(grant))
    passes(await sync(route))
  })
})

suite('Argo CD, which applies the objects of a wave by name and continues after a refusal,', () => {
  test('stores the grant at the first sync, and the route at the next', async () => {
    const { route, grant } = await delivery()
    isRefused(await apply([route, grant]))
    passes(await apply([route, grant]))
  })

  test('needs one sync if the grant is in an earlier wave', async () => {
    const { route, grant } = await delivery()
    passes(await apply([grant]))
    passes(await apply([route]))
  })
})
