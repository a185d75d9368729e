import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { ApiClient } from '../harness/control-plane/api-client.ts'
import { auditAnnotations } from '../harness/control-plane/audit-log.ts'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { configFile, configure } from '../harness/program/live-config.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'

/** A budget that is exhausted after one read. */
const FEW = { burst: 1, perSecond: 0.001 }

const config = configFile()
let cluster: Cluster
let refgrant: Refgrant
// Of an update kubectl prints the patch, on lines of its own, before the webhook's words.
const denial =
  /^Error from server \(Forbidden\).*admission webhook "deny\.refgrant\.dev" denied the request: HTTPRoute /s

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('shop', 'billing')
  const front = { name: 'front', labels: { 'refgrant.dev/mode': 'warn' } }
  await cluster.controlPlane.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: front })
  refgrant = await startGuard(cluster, { config })
})
after(async () => {
  await refgrant?.stop()
  await cluster?.controlPlane.stop()
})

const onInput = (argv: string[], object: unknown) => cluster.kubectl([...argv, '-f', '-'], JSON.stringify(object))

async function accepted(argv: string[], object: unknown): Promise<string> {
  const { code, stderr } = await onInput(argv, object)
  assert.equal(code, 0, stderr)
  return stderr
}

async function refused(argv: string[], object: unknown): Promise<string> {
  const { code, stderr } = await onInput(argv, object)
  assert.equal(code, 1, stderr)
  assert.match(stderr, denial)
  return stderr
}

suite('every way to write a route', () => {
  const local = (name: string) => route({ name, backends: [['cart']] })
  const crossing = (name: string) => route({ name, backends: [['payments', 'billing']] })

  test('create', async () => {
    await refused(['create'], crossing('created'))
  })
  test('apply', async () => {
    await refused(['apply'], crossing('applied'))
  })
  test('server-side apply', async () => {
    await refused(['apply', '--server-side'], crossing('applied-by-server'))
  })
  test('dry run on the server, which says why a grant of the same dry run does not count', async () => {
    assert.match(await refused(['apply', '--dry-run=server'], crossing('dry')), /This was a dry run/)
  })
  test('a generated name', async () => {
    const object = crossing('')
    const generated = { ...object, metadata: { namespace: 'shop', generateName: 'generated-' } }
    assert.match(await refused(['create'], generated), /HTTPRoute "generated-\w+" in namespace "shop"/)
  })
  test('an update by apply', async () => {
    await accepted(['apply'], local('updated'))
    await refused(['apply'], crossing('updated'))
  })
  test('replace', async () => {
    await accepted(['apply'], local('replaced'))
    await refused(['replace'], crossing('replaced'))
  })
  test('patch', async () => {
    await accepted(['apply'], local('patched'))
    const patch = JSON.stringify({ spec: crossing('patched').spec })
    const { stderr } = await cluster.kubectl([
      'patch',
      'httproute',
      'patched',
      '-n',
      'shop',
      '--type=merge',
      '-p',
      patch,
    ])
    assert.match(stderr, denial)
  })
  test('version v1beta1', async () => {
    await refused(['apply'], { ...crossing('beta'), apiVersion: 'gateway.networking.k8s.io/v1beta1' })
  })
})

test('two objects of one apply with the same violation are each warned about, and told once which grant is needed', async () => {
  const twins = ['left', 'right'].map((name) =>
    route({ name, namespace: 'front', backends: [['payments', 'billing']] }),
  )
  const stderr = await accepted(['apply'], { apiVersion: 'v1', kind: 'List', items: twins })
  const line = (name: string) =>
    `Warning: HTTPRoute "${name}" in namespace "front": spec.rules[0].backendRefs[0] refers to Service "payments" in namespace "billing", which no ReferenceGrant permits.`
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    line('left'),
    'Warning: Needed in namespace "billing": a ReferenceGrant from HTTPRoute (gateway.networking.k8s.io) in namespace "front" to Service "payments".',
    line('right'),
  ])
})

test('warnings of the longest names arrive whole', async () => {
  const name = (filling: string) => filling.repeat(253)
  const backends = Array.from({ length: 9 }, (_, index) => [`${index}${name('b').slice(1)}`, 'billing'] as const)
  const stderr = await accepted(['apply'], route({ name: name('r'), namespace: 'front', backends }))
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.replace('Warning: ', ''))
  assert.equal(lines.filter((line) => / refers to .* permits\.$/.test(line)).length, 7)
  assert.match(
    lines.at(-1) ?? '',
    /: and 2 more references to other namespaces that no grant permits\. To see all: refgrant explain -f FILE --live$/,
  )
})

suite('grants come and go', () => {
  for (const version of ['v1', 'v1beta1']) {
    test(`a grant of ${version} in the same apply permits its route, and deleted it permits no new one`, async () => {
      const object = route({ name: `with-${version}`, backends: [['payments', 'billing']] })
      const granted = grant({ name: `for-${version}`, to: 'payments', version })
      await accepted(['apply'], { apiVersion: 'v1', kind: 'List', items: [granted, object] })
      const { code, stderr } = await cluster.kubectl(['delete', 'referencegrant', `for-${version}`, '-n', 'billing'])
      assert.equal(code, 0, stderr)
      await refgrant.knows(0)
      await refused(['apply'], route({ name: `after-${version}`, backends: [['payments', 'billing']] }))
    })
  }

  test('kubectl applies in the order given: a route before its grant is refused, and the grant is stored', async () => {
    const object = route({ name: 'ordered', backends: [['payments', 'billing']] })
    const granted = grant({ name: 'ordered', to: 'payments' })
    const folder = folderWith({ 'route.yaml': JSON.stringify(object), 'grant.yaml': JSON.stringify(granted) })
    const [routeFile, grantFile] = ['route.yaml', 'grant.yaml'].map((file) => path.join(folder, file)) as [
      string,
      string,
    ]
    const wrong = await cluster.kubectl(['apply', '-f', routeFile, '-f', grantFile])
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /denied the request: HTTPRoute "ordered"/)
    assert.match(wrong.stdout, /referencegrant\S* created/)
    await cluster.kubectl(['delete', 'referencegrant', 'ordered', '-n', 'billing'])
    await refgrant.knows(0)
    assert.equal((await cluster.kubectl(['apply', '-f', grantFile, '-f', routeFile])).code, 0)
    await cluster.kubectl(['delete', '-f', grantFile, '-f', routeFile])
    await refgrant.knows(0)
  })

  test('a stored violation can be labelled, and then deleted with its finalizer, but given no new crossing backend', async () => {
    const object = route({ name: 'held', backends: [['payments', 'billing']], finalizers: ['example.com/hold'] })
    const patch = (change: unknown) =>
      cluster.kubectl(['patch', 'httproute', 'held', '-n', 'shop', '--type=merge', '-p', JSON.stringify(change)])
    await cluster.controlPlane.api.apply(grant({ name: 'held', to: 'payments' }))
    await accepted(['apply'], object)
    await cluster.controlPlane.api.delete(grant({ name: 'held', to: 'payments' }))
    await refgrant.knows(0)
    const labelled = await cluster.kubectl(['label', 'httproute', 'held', '-n', 'shop', 'tier=front'])
    assert.deepEqual([labelled.code, labelled.stderr], [0, ''])
    const renamed = await patch({ spec: { hostnames: ['example.com'] } })
    assert.equal(renamed.code, 0, renamed.stderr)
    assert.match(
      renamed.stderr,
      /^Warning: HTTPRoute "held" in namespace "shop": spec\.rules\[0\].* permits; the stored object has this reference\.\n/,
    )

    await cluster.kubectl(['delete', 'httproute', 'held', '-n', 'shop', '--wait=false'])
    const added = route({
      name: 'held',
      backends: [
        ['payments', 'billing'],
        ['ledger', 'billing'],
      ],
    }).spec
    assert.match((await patch({ spec: added })).stderr, denial)
    const released = await patch({ metadata: { finalizers: null } })
    assert.equal(released.code, 0, released.stderr)
    assert.doesNotMatch(released.stderr, /Warning/)
  })
})

test('an object that is too large, and was stored without a review, gets no reference to another namespace', async () => {
  const { api } = cluster.controlPlane
  const routes = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes'
  // With the names that the API server adds to managedFields, these are more values than refgrant reads. A name that begins
  // with a letter counts once.
  const letters = [...'abcdefghijklmnopqrstuvwxyz']
  const annotations = Object.fromEntries(
    Array.from({ length: 62_000 }, (_, at) => [letters[at % 26] + Math.floor(at / 26).toString(36), '']),
  )
  const large = route({ name: 'large', backends: [['cart']] })
  const stored = await api.request('POST', routes, { ...large, metadata: { ...large.metadata, annotations } })
  assert.equal(stored.status, 201)

  const { spec } = route({ name: 'large', backends: [['payments', 'billing']] })
  const patch = (change: object) => api.request('PATCH', `${routes}/large`, change, 'application/merge-patch+json')
  for (const [metadata, what] of [
    [{}, 'it'],
    [{ annotations: null }, 'the stored object'],
  ] as const) {
    const { status, body } = await patch({ metadata, spec })
    assert.equal(status, 403)
    assert.match(JSON.stringify(body), new RegExp(`is too large to be judged: ${what} has 12\\d{4} values`))
  }
  assert.equal((await patch({ metadata: { annotations: null } })).status, 200)
  assert.match(JSON.stringify((await patch({ spec })).body), /which no ReferenceGrant permits/)
})

suite('nothing leaks', () => {
  const object = route({ name: 'curious', backends: [['vault', 'treasury']] })
  const service: ApiObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'vault', namespace: 'treasury' },
    spec: { ports: [{ port: 8080 }] },
  }
  const nearMisses = [
    grant({ name: 'other-name', to: 'till', namespace: 'treasury' }),
    grant({ name: 'other-namespace', to: 'vault', namespace: 'treasury', from: { namespace: 'warehouse' } }),
    grant({ name: 'other-kind', to: 'vault', namespace: 'treasury', from: { kind: 'GRPCRoute' } }),
  ]

  async function answer(of = object): Promise<string> {
    const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes?dryRun=All'
    const { status, body } = await cluster.controlPlane.api.request('POST', path, of)
    assert.equal(status, 403)
    return JSON.stringify(body)
  }
  async function answersInEachState(): Promise<string[]> {
    const { api } = cluster.controlPlane
    const answers = [await answer()]
    await cluster.namespaces('treasury')
    answers.push(await answer())
    await api.apply(service)
    answers.push(await answer())
    await api.apply(...nearMisses)
    await refgrant.knows(nearMisses.length)
    answers.push(await answer())
    await api.delete(service, ...nearMisses)
    await refgrant.knows(0)
    return answers
  }

  test('the denial is the same whether the namespace, the target or other grants exist', async () => {
    assert.equal(new Set(await answersInEachState()).size, 1)
  })

  test('and so it is when the budget of fresh reads is exhausted', async () => {
    await configure(refgrant, config, { budgets: { eachNamespace: FEW, allNamespaces: FEW } })
    const answerWithBudgetSpent = () =>
      until('the budget is exhausted', async () => {
        const said = await answer()
        return said.includes('The budget of fresh reads is exhausted') && said
      })
    const states = [
      () => cluster.namespaces('treasury'),
      () => cluster.controlPlane.api.apply(service),
      () => cluster.controlPlane.api.apply(...nearMisses),
    ]
    const answers: string[] = []
    for (const prepare of states) {
      await prepare()
      answers.push(await answerWithBudgetSpent())
    }
    await cluster.controlPlane.api.delete(service, ...nearMisses)
    await refgrant.knows(0)
    await configure(refgrant, config, {})
    assert.equal(new Set(answers).size, 1)
  })

  test("the server's account can list grants, and can read no Service, Pod, ConfigMap, Secret or namespace", async () => {
    const { server, ca, folder } = cluster.controlPlane
    const api = new ApiClient(server, ca, await readFile(path.join(folder, 'refgrant.token'), 'utf8'))
    const statusOf = async (path: string) => (await api.request('GET', path)).status
    assert.equal(await statusOf('/apis/gateway.networking.k8s.io/v1/referencegrants'), 200)
    for (const resource of ['services', 'pods', 'configmaps', 'secrets', 'namespaces']) {
      assert.equal(await statusOf(`/api/v1/${resource}`), 403, resource)
    }
    assert.equal(await statusOf('/api/v1/namespaces/refgrant-system/secrets'), 403)
  })
})

test('the audit log of the API server holds the decision', async () => {
  await refused(['create'], route({ name: 'audited', backends: [['payments', 'billing']] }))
  await until('the refusal is in the audit log', async () => {
    const noted = await auditAnnotations(cluster.controlPlane, 'audited')
    return noted.some(({ decision }) => decision === 'refused')
  })
})
