import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import fc from 'fast-check'
import { guardedFields, type ReferrerKind } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { extract } from '../../src/policy/extract.ts'
import { crosses } from '../../src/policy/judge.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { gatewayApiCrds } from '../harness/control-plane/gateway-api.ts'
import { applyRegistration } from '../harness/control-plane/guarded-cluster.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { type KindVersion, schemaAt, versionsOf } from '../harness/objects/crd-schemas.ts'
import { apiPathOf, randomSpec } from '../harness/objects/random-objects.ts'
import { startRecorder } from '../harness/stand-ins/recorder.ts'
import { until } from '../harness/until.ts'

/** Objects of each kind that the API server has to accept, and the least share of each outcome among them. */
const ACCEPTED = 300
const SHARE = 0.3
/** Objects tried for that, at most; a schema's rules refuse many. */
const TRIED = 4_000
/** Objects made at once. */
const BATCH = 50
/** Requests at once. */
const CLIENTS = 8
/** Printed, so that a failure can be had again. */
const SEED = Number(process.env.REFGRANT_FUZZ_SEED ?? Date.now() % 2 ** 31)

/** The newest release, and one that has the kinds and fields that were dropped since. */
const RELEASES = ['v1.7.0', 'v1.3.0']

const coverage = new Coverage(guardedFields)
const sets = new Map<string, readonly ApiObject[]>()
for (const release of RELEASES) sets.set(release, await gatewayApiCrds(release, 'experimental'))

/** Kinds that hold more than one reference, by the release that has them. */
const LARGEST: Record<string, readonly string[]> = {
  'v1.7.0': ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'UDPRoute', 'Gateway', 'ListenerSet'],
  'v1.3.0': ['XListenerSet'],
}

const recorder = await startRecorder()
const { called } = recorder
after(() => recorder.close())

let cluster: Cluster
let names = 0

function served(release: string, referrer: ReferrerKind): KindVersion | undefined {
  return sets
    .get(release)
    ?.flatMap(versionsOf)
    .findLast((one) => one.kind === referrer.kind && one.group === referrer.group && one.served)
}

/** The guarded fields of a kind that a version has. */
const pathsIn = (version: KindVersion) =>
  guardedFields
    .filter(({ from }) => from.kind === version.kind && from.group === version.group)
    .map(({ path }) => path)
    .filter((path) => schemaAt(version.schema, path))

const crossing = (referrer: ReferrerKind, object: unknown) =>
  extract(coverage, { ...referrer, namespace: 'shop', name: 'x' }, object).some(crosses)

async function create(version: KindVersion, spec: unknown, name = `random-${names++}`) {
  const referrer = coverage.referrer(version) as ReferrerKind
  const object = { apiVersion: `${version.group}/${version.version}`, kind: version.kind, metadata: { name }, spec }
  const path = `${apiPathOf(referrer, version.version, 'shop')}?dryRun=All`
  const answer = await cluster.controlPlane.api.request('POST', path, object)
  return { ...answer, name, called: () => called.has(name) }
}

async function metric(name: string): Promise<number> {
  const { body } = await cluster.controlPlane.api.request('GET', '/metrics')
  const rows = String(body)
    .split('\n')
    .filter((row) => row.startsWith(`${name}{`) && row.includes('deny.refgrant.dev'))
  return rows.reduce((sum, row) => sum + Number(row.split(' ').at(-1)), 0)
}

/** Endless; few at a time, since this process is also the webhook, which the API server waits for. */
function* samples<T>(values: fc.Arbitrary<T>): Generator<T, never> {
  for (let seed = SEED; ; seed += 1) yield* fc.sample(values, { numRuns: BATCH, seed })
}

/** Random objects until enough are accepted; each must have been asked about if and only if it crosses. */
async function tryMany(version: KindVersion) {
  const referrer = coverage.referrer(version) as ReferrerKind
  const counts = { crossing: 0, local: 0, tried: 0 }
  const own = fc.constantFrom(undefined, 'shop')
  const others = fc.constantFrom(undefined, 'shop', 'billing', 'billing', 'billing')
  const streams = {
    local: samples(randomSpec(version, pathsIn(version), own)),
    crossing: samples(randomSpec(version, pathsIn(version), others)),
  }
  const total = () => counts.crossing + counts.local
  const enough = () => total() >= ACCEPTED && Math.min(counts.crossing, counts.local) >= total() * SHARE
  const client = async () => {
    while (!enough() && counts.tried < TRIED) {
      counts.tried += 1
      const { value: spec } = streams[counts.crossing < counts.local ? 'crossing' : 'local'].next()
      const answer = await create(version, spec)
      // The schema's own rules in CEL; anything else would be the registration's doing.
      if (answer.status === 422) continue
      assert.equal(answer.status, 201, JSON.stringify(answer.body))
      // As it was stored: with defaults, and without what the schema does not know.
      const crosses = crossing(referrer, answer.body)
      counts[crosses ? 'crossing' : 'local'] += 1
      assert.equal(answer.called(), crosses, JSON.stringify(answer.body))
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return { ...counts, enough: enough() }
}

const mirrors = (count: number, namespace: string) =>
  Array.from({ length: count }, () => ({
    type: 'RequestMirror',
    requestMirror: { backendRef: { name: 'mirror', namespace, port: 80 } },
  }))

/** The largest object of a kind, all references of which name the namespace `shop`. */
function largest(kind: string): Record<string, unknown> {
  const many = <T>(count: number, make: (index: number) => T) =>
    Array.from({ length: count }, (_, index) => make(index))
  const backend = { name: 'backend', namespace: 'shop', port: 80 }
  const routes = (rules: number, filters: number) => ({
    rules: many(rules, () => ({
      ...(filters > 0 && { filters: mirrors(filters, 'shop') }),
      backendRefs: many(16, () => ({ ...backend, ...(filters > 0 && { filters: mirrors(filters, 'shop') }) })),
    })),
  })
  const secret = { name: 'secret', namespace: 'shop' }
  const authority = { validation: { caCertificateRefs: many(16, () => ({ group: '', kind: 'ConfigMap', ...secret })) } }
  const listeners = many(64, (index) => ({
    name: `l-${index}`,
    port: index + 1,
    protocol: 'HTTPS',
    tls: { certificateRefs: many(64, () => secret) },
  }))
  switch (kind) {
    case 'HTTPRoute':
    case 'GRPCRoute':
      return routes(16, 16)
    case 'TLSRoute':
      return { hostnames: ['shop.example.com'], ...routes(1, 0) }
    case 'Gateway': {
      const perPort = many(64, (index) => ({ port: index + 1, tls: authority }))
      const tls = { backend: { clientCertificateRef: secret }, frontend: { default: authority, perPort } }
      return { gatewayClassName: 'example', listeners, tls }
    }
    case 'ListenerSet':
      return { parentRef: { name: 'web' }, listeners }
    case 'XListenerSet': {
      const frontendValidation = { caCertificateRefs: many(8, () => ({ group: '', kind: 'ConfigMap', ...secret })) }
      const wider = listeners.map((one) => ({ ...one, tls: { ...one.tls, frontendValidation } }))
      return { parentRef: { name: 'web' }, listeners: wider }
    }
    default:
      return routes(1, 0)
  }
}

for (const release of RELEASES) {
  suite(`the API server's match conditions, with Gateway API ${release}, seed ${SEED}`, () => {
    before(async () => {
      cluster = await startCluster({ release })
      await cluster.namespaces('shop', 'billing')
      await applyRegistration(cluster.controlPlane, recorder, recorder.ca, [])
      const version = served(release, coverage.referrers()[0] as ReferrerKind) as KindVersion
      const spec = { rules: [{ backendRefs: [{ name: 'a', namespace: 'billing', port: 80 }] }] }
      await until('the webhook is called', async () => (await create(version, spec)).called())
    })
    after(() => cluster?.controlPlane.stop())

    for (const referrer of coverage.referrers()) {
      const version = served(release, referrer)
      // Of the older release only what the newest does not have.
      if (!version || (release !== RELEASES[0] && !['Gateway', 'XListenerSet'].includes(referrer.kind))) continue
      test(`call for a ${referrer.kind} if and only if it names another namespace`, async (context) => {
        const counts = await tryMany(version)
        context.diagnostic(`${referrer.kind}: ${JSON.stringify(counts)}`)
        assert.ok(counts.enough, JSON.stringify(counts))
      })
    }

    test('have never failed, and have kept calls away', async () => {
      assert.equal(await metric('apiserver_admission_match_condition_evaluation_errors_total'), 0)
      assert.ok((await metric('apiserver_admission_match_condition_exclusions_total')) > 0)
    })

    for (const kind of LARGEST[release] ?? []) {
      test(`stay within their budget for the largest ${kind}, to its very last reference`, async () => {
        const version = served(
          release,
          coverage.referrers().find((one) => one.kind === kind) as ReferrerKind,
        ) as KindVersion
        const spec = largest(kind)
        const local = await create(version, spec)
        assert.equal(local.status, 201, JSON.stringify(local.body).slice(0, 2_000))
        assert.equal(local.called(), false)
        const text = JSON.stringify(spec)
        const last = text.lastIndexOf('"namespace":"shop"')
        const changed = `${text.slice(0, last)}"namespace":"billing"${text.slice(last + '"namespace":"shop"'.length)}`
        const crossing = await create(version, JSON.parse(changed))
        assert.equal(crossing.status, 201, JSON.stringify(crossing.body).slice(0, 2_000))
        assert.equal(crossing.called(), true)
        assert.equal(await metric('apiserver_admission_match_condition_evaluation_errors_total'), 0)
      })
    }

    if (release !== RELEASES[0]) return
    test('call for an update only if it changes the spec', async () => {
      const name = 'stored'
      const object: ApiObject = {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name, namespace: 'shop' },
        spec: {
          parentRefs: [{ name: 'web' }],
          rules: [{ backendRefs: [{ name: 'a', namespace: 'billing', port: 80 }] }],
        },
      }
      const { api } = cluster.controlPlane
      await api.apply(object)
      assert.equal(called.delete(name), true)
      const place = await api.pathOf(object)
      const patch = async (change: object, path = place) => {
        await api.must('PATCH', path, change, 'application/merge-patch+json')
        return called.delete(name)
      }
      const owner = { apiVersion: 'v1', kind: 'Service', name: 'a', uid: '6e8e5d4e-0000-4000-8000-000000000000' }
      const condition = {
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      }
      const parents = [
        { controllerName: 'example.com/controller', parentRef: { name: 'web' }, conditions: [condition] },
      ]
      assert.equal(await patch({ metadata: { labels: { a: 'b' } } }), false)
      assert.equal(await patch({ metadata: { annotations: { a: 'b' } } }), false)
      assert.equal(await patch({ metadata: { ownerReferences: [owner] } }), false)
      assert.equal(await patch({ metadata: { finalizers: ['example.com/hold'] } }), false)
      assert.equal(await patch({ metadata: { finalizers: null } }), false)
      assert.equal(await patch({ status: { parents } }, `${place}/status`), false)
      assert.equal(await patch({ spec: { hostnames: ['shop.example.com'] } }), true)
    })
  })
}
