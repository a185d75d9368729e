import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import type { GuardedField } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { extract } from '../../src/policy/extract.ts'
import { crosses } from '../../src/policy/judge.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { applyRegistration } from '../harness/control-plane/guarded-cluster.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { startRecorder } from '../harness/stand-ins/recorder.ts'
import { until } from '../harness/until.ts'
import { holding, stepsOf } from '../policy/holding.ts'

/** Objects of odd shapes that are made for each row, and how many of them call for the webhook and do not, at least. */
const OBJECTS = 250
const SHARE = 0.1
const CLIENTS = 8
/** Printed, so that a failure can be had again. */
const SEED = Number(process.env.REFGRANT_FUZZ_SEED ?? Date.now() % 2 ** 31)

const shield = { group: 'policies.example.com', kind: 'Shield', plural: 'shields' }
const claim = { group: '', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims' }
const gateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', plural: 'gateways' }

/** A group that leaves no room in the name of a condition. */
const long = { group: `${'long.'.repeat(14)}example.com`, kind: 'Long', plural: 'longs' }

/** Names that mean something to CEL, and lists in lists. */
const rows: readonly GuardedField[] = [
  { from: shield, path: 'spec.backend' },
  { from: shield, path: 'spec.x-in.in.type.size' },
  { from: shield, path: 'settings.$ref' },
  { from: shield, path: 'spec.backends[].ref' },
  { from: shield, path: 'spec.grid[][]' },
  { from: shield, path: 'rules[].namespace.map[].true' },
  { from: claim, path: 'spec.dataSourceRef', groupField: 'apiGroup' },
  { from: long, path: 'spec.ref' },
  { from: gateway, path: 'spec.infrastructure.parametersRef' },
]
const coverage = new Coverage(rows)

const recorder = await startRecorder()
let cluster: Cluster
let names = 0

before(async () => {
  // Only with this gate the API server keeps the namespace of a data source.
  cluster = await startCluster({ apiServerFlags: ['--feature-gates=CrossNamespaceVolumeDataSource=true'] })
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  await cluster.controlPlane.api.installCrds([definition(shield, schema)])
  await cluster.namespaces('shop')
  const content = { apiVersion: 'refgrant.dev/v1alpha1', kind: 'Configuration', guardedFields: rows }
  const file = path.join(
    folderWith({ 'config.yaml': stringify(content, { aliasDuplicateObjects: false }) }),
    'config.yaml',
  )
  await applyRegistration(cluster.controlPlane, recorder, recorder.ca, ['--config', file])
  const both = { backend: { namespace: 'billing' } }
  await until('the webhook is called', async () => (await create(shieldOf({ spec: both }))).calls > 0)
})
after(async () => {
  recorder.close()
  await cluster?.controlPlane.stop()
})

function definition({ group, kind, plural }: GuardedField['from'], schema: object): ApiObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }
}

const shieldOf = (content: object): Omit<ApiObject, 'metadata'> => ({
  apiVersion: `${shield.group}/v1`,
  kind: shield.kind,
  ...content,
})

const claimOf = (dataSourceRef?: object): Omit<ApiObject, 'metadata'> => ({
  apiVersion: 'v1',
  kind: claim.kind,
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    ...(dataSourceRef && { dataSourceRef }),
  },
})

/** A dry run that creates an object, and how often the webhook was called for it. */
async function create(content: Omit<ApiObject, 'metadata'>) {
  const { api } = cluster.controlPlane
  const object = { ...content, metadata: { name: `odd-${names++}`, namespace: 'shop' } } as unknown as ApiObject
  const collection = (await api.pathOf(object)).replace(/\/[^/]+$/, '')
  const answer = await api.request('POST', `${collection}?dryRun=All`, object)
  return { ...answer, calls: recorder.called.get(object.metadata.name) ?? 0 }
}

/** Conditions that could not be evaluated, of all entries. */
async function errors(): Promise<number> {
  const { body } = await cluster.controlPlane.api.request('GET', '/metrics')
  const name = 'apiserver_admission_match_condition_evaluation_errors_total'
  const lines = String(body)
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes('refgrant.dev'))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** Whether something at the end of the steps names another namespace: what the conditions have to find, once more. */
function namesAnother(value: unknown, [step, ...rest]: readonly string[]): boolean {
  if (step === '[]') return Array.isArray(value) && value.some((element) => namesAnother(element, rest))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if (step !== undefined) return Object.hasOwn(value, step) && namesAnother((value as never)[step], rest)
  const { namespace } = value as { namespace?: unknown }
  return typeof namespace === 'string' && !['', 'shop'].includes(namespace)
}

/** Objects in which the place of a row, or some place on the way to it, holds anything. */
function odd(steps: readonly string[]): fc.Arbitrary<object> {
  const reference = fc.record(
    {
      group: fc.constantFrom('', 'example.com', null, 7),
      kind: fc.constantFrom('Service', null, []),
      namespace: fc.oneof(
        { weight: 3, arbitrary: fc.constant('billing') },
        fc.constantFrom('shop', '', null, 7, ['billing'], { namespace: 'billing' }),
      ),
      name: fc.constantFrom('payments', '', null, {}),
    },
    { requiredKeys: ['namespace'] },
  )
  const anything = fc.oneof(
    { weight: 4, arbitrary: reference },
    fc.constantFrom(null, '', 'text', 'billing', 0, 1.5, true, [], {}, [[]], [null], [{}], { in: {} }, [['billing']]),
    fc.array(reference, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('0', 'namespace', 'ref', 'x'), reference, { maxKeys: 3 }),
  )
  const whole = fc.constant(steps.length)
  const depth = fc.oneof(whole, whole, whole, fc.integer({ min: 1, max: steps.length }))
  return fc.tuple(depth, anything, fc.array(anything, { maxLength: 3 })).map(([length, held, around]) => {
    return holding(steps.slice(0, length), held, around) as object
  })
}

for (const { from, path, ...row } of rows.filter(({ from }) => from === shield)) {
  test(`the condition of ${path} agrees with the judge on any shape, seed ${SEED}`, async (context) => {
    const steps = stepsOf(path)
    const counts = { called: 0, not: 0 }
    const objects = fc.sample(odd(steps), { numRuns: OBJECTS, seed: SEED })
    const client = async () => {
      for (let object = objects.pop(); object; object = objects.pop()) {
        const answer = await create(shieldOf(object))
        assert.equal(answer.status, 201, JSON.stringify(answer.body))
        const { body } = answer
        assert.equal(answer.calls, namesAnother(body, steps) ? 1 : 0, JSON.stringify(body))
        // Of what crosses without a kind and a name nothing is judged.
        const judged = extract(new Coverage([{ from, path, ...row }]), { ...from, namespace: 'shop', name: 'x' }, body)
        if (judged.some(crosses)) assert.equal(answer.calls, 1, JSON.stringify(body))
        counts[answer.calls > 0 ? 'called' : 'not'] += 1
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    context.diagnostic(JSON.stringify(counts))
    assert.ok(Math.min(counts.called, counts.not) > OBJECTS * SHARE, JSON.stringify(counts))
    assert.equal(await errors(), 0)
  })
}

test('a claim calls for the webhook if and only if its data source is in another namespace', async () => {
  const source = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'nightly' }
  const cases: [dataSourceRef: object | undefined, calls: number][] = [
    [undefined, 0],
    [source, 0],
    [{ ...source, namespace: 'shop' }, 0],
    [{ ...source, namespace: 'billing' }, 1],
    [{ kind: 'PersistentVolumeClaim', name: 'data', namespace: 'billing' }, 1],
  ]
  for (const [dataSourceRef, calls] of cases) {
    const answer = await create(claimOf(dataSourceRef))
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    assert.equal(answer.calls, calls, JSON.stringify(dataSourceRef))
    const judged = extract(coverage, { ...claim, namespace: 'shop', name: 'x' }, answer.body)
    assert.equal(judged.some(crosses), calls > 0)
  }
})

test('a list that is too long to be looked at calls for the webhook, whatever is in it, at no cost', async () => {
  const ref = { kind: 'Service', name: 'payments' }
  const spec = (count: number) => ({ spec: { backends: Array.from({ length: count }, () => ({ ref })) } })
  const grid = (...lengths: number[]) => ({ spec: { grid: lengths.map((length) => Array(length).fill(ref)) } })
  const calls = async (content: object) => (await create(shieldOf(content))).calls
  // Three rows of the kind lead through lists: 1,365 elements for each, 36 times 36 where there are lists in a list.
  assert.deepEqual([await calls(spec(1_365)), await calls(spec(1_366)), await calls(spec(50_000))], [0, 1, 1])
  assert.deepEqual(
    [await calls(grid(...Array(36).fill(36))), await calls(grid(1, 37)), await calls(grid(...Array(37).fill(1)))],
    [0, 1, 1],
  )
  assert.equal(await errors(), 0)
})

test('while the webhook is away, only writes are refused that name another namespace', async () => {
  recorder.close()
  const ref = { kind: 'Service', name: 'payments', namespace: 'billing' }
  const outcome = async (content: Omit<ApiObject, 'metadata'>) => (await create(content)).status
  assert.equal(await outcome(claimOf()), 201)
  assert.equal(await outcome(claimOf({ kind: 'PersistentVolumeClaim', name: 'data', namespace: 'billing' })), 500)
  assert.equal(await outcome(shieldOf({ spec: { backend: { name: 'payments' }, backends: 'none' } })), 201)
  assert.equal(await outcome(shieldOf({ spec: { backend: ref } })), 500)
  assert.equal(await outcome(shieldOf({ spec: { backends: [{ ref }] } })), 500)
})
