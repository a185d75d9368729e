import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { Registry } from '@prometheus-io/client'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { certificateMetrics } from '../../src/runtime/metrics/certificates.ts'
import { clusterMetrics } from '../../src/runtime/metrics/cluster.ts'
import { driftMetrics, reloadMetrics } from '../../src/runtime/metrics/configuration.ts'
import { knowledgeMetrics } from '../../src/runtime/metrics/knowledge.ts'
import { processMetrics } from '../../src/runtime/metrics/process.ts'
import { reviewMetrics } from '../../src/runtime/metrics/reviews.ts'
import { capacityMetrics, serverMetrics } from '../../src/runtime/metrics/server.ts'
import { Capacity } from '../../src/server/capacity.ts'
import { folderWith } from '../harness/folders.ts'
import { exposedBy } from '../harness/program/exposed-metrics.ts'
import { configFile } from '../harness/program/live-config.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'

/** What is exposed of a metric: each row, without its name if it has labels. */
async function rows(registry: Registry, name: string) {
  const text = (await registry.metrics()).split('\n')
  return text
    .filter((row) => row.startsWith(`${name}{`) || row.startsWith(`${name} `))
    .map((row) => row.replace(/^\w+\{/, '{'))
}

const coverage = new Coverage(guardedFields)
const labels = { kind: 'HTTPRoute', operation: 'CREATE', mode: 'deny', decision: 'permitted', reason: '' }

suite('reviews', () => {
  test('are counted by kind, operation, mode, decision and reason, and timed by decision', async () => {
    const registry = new Registry()
    const { reviewed } = reviewMetrics(registry, () => new Coverage([]))
    reviewed(labels, 2)
    reviewed(labels, 30)
    reviewed({ ...labels, decision: 'refused' }, 7_000)
    assert.deepEqual(await rows(registry, 'refgrant_reviews_total'), [
      '{kind="HTTPRoute",operation="CREATE",mode="deny",decision="permitted",reason=""} 2',
      '{kind="HTTPRoute",operation="CREATE",mode="deny",decision="refused",reason=""} 1',
    ])
    const buckets = await rows(registry, 'refgrant_review_duration_seconds_bucket')
    for (const [le, count] of [
      ['0.001', 0],
      ['0.0025', 1],
      ['0.1', 2],
    ])
      assert.ok(buckets.includes(`{le="${le}",decision="permitted"} ${count}`))
    assert.deepEqual(await rows(registry, 'refgrant_review_duration_seconds_sum'), [
      '{decision="permitted"} 0.032',
      '{decision="refused"} 7',
    ])
  })

  test('that are refused or fail are 0 before the first, for each kind that is judged', async () => {
    const registry = new Registry()
    const { reviewed } = reviewMetrics(registry, () => coverage)
    const all = await rows(registry, 'refgrant_reviews_total')
    assert.equal(all.length, coverage.referrers().length * 2 * 3 * 2)
    for (const [mode, decision] of [
      ['deny', 'refused'],
      ['warn', 'warned'],
      ['audit', 'audited'],
      ['audit', 'failed'],
    ])
      assert.ok(all.includes(`{kind="Gateway",operation="UPDATE",mode="${mode}",decision="${decision}",reason=""} 0`))
    reviewed({ ...labels, decision: 'refused' }, 1)
    const later = await rows(registry, 'refgrant_reviews_total')
    assert.deepEqual([later.length, later.filter((row) => row.endsWith(' 1')).length], [all.length, 1])
  })

  test('start at 0 for a kind and a row that a changed configuration adds', async () => {
    const registry = new Registry()
    let current = coverage
    reviewMetrics(registry, () => current)
    const ofShield = async (name: string) => (await rows(registry, name)).filter((row) => row.includes('"Shield"'))
    assert.deepEqual(
      [await ofShield('refgrant_reviews_total'), await ofShield('refgrant_field_misfits_total')],
      [[], []],
    )
    const from = { group: 'example.com', kind: 'Shield', plural: 'shields' }
    current = new Coverage([...guardedFields, { from, path: 'spec.backend' }])
    assert.equal((await ofShield('refgrant_reviews_total')).length, 12)
    assert.deepEqual(await rows(registry, 'refgrant_field_misfits_total'), ['{kind="Shield",field="spec.backend"} 0'])
  })
})

test('the events of a server are counted from 0', async () => {
  const registry = new Registry()
  const observer = serverMetrics(registry, () => coverage)
  observer.shed('memory')
  observer.connectionOpened()
  observer.connectionOpened()
  observer.connectionClosed('evicted')
  observer.connectionEnded()
  observer.clientRefused('name')
  assert.deepEqual(await rows(registry, 'refgrant_reviews_shed_total'), [
    '{reason="reviews"} 0',
    '{reason="memory"} 1',
    '{reason="late"} 0',
    '{reason="gone"} 0',
  ])
  assert.deepEqual(await rows(registry, 'refgrant_connections'), ['refgrant_connections 1'])
  assert.deepEqual((await rows(registry, 'refgrant_connections_closed_total')).slice(0, 2), [
    '{reason="evicted"} 1',
    '{reason="handshake"} 0',
  ])
  assert.deepEqual(await rows(registry, 'refgrant_clients_refused_total'), [
    '{reason="no_certificate"} 0',
    '{reason="not_trusted"} 0',
    '{reason="name"} 1',
  ])
})

test('what requests take is asked for each time', async () => {
  const registry = new Registry()
  const capacity = new Capacity(() => 0)
  capacityMetrics(registry, capacity)
  assert.deepEqual(await rows(registry, 'refgrant_reviews_in_flight'), ['refgrant_reviews_in_flight 0'])
  capacity.enter(10_000).startReview()
  capacity.enter(10_000).reserve('values', 7)
  assert.deepEqual(await rows(registry, 'refgrant_reviews_in_flight'), ['refgrant_reviews_in_flight 1'])
  assert.deepEqual(await rows(registry, 'refgrant_held_bytes'), [
    '{what="bodies"} 0',
    '{what="values"} 7',
    '{what="answers"} 0',
  ])
})

test('what happens with the API server is counted from 0, for all kinds of grants together', async () => {
  const registry = new Registry()
  const observer = clusterMetrics(registry, () => 3)
  for (const resource of ['referencegrants.gateway.networking.k8s.io', 'grants.example.com']) {
    observer.watchEnded(resource, 'broken')
    observer.listed(resource, 'api', 20)
    observer.readStarted(resource)
    observer.readEnded(resource, 'failed', 250)
    observer.skipped(resource, 'billing')
  }
  observer.readShared('grants.example.com')
  observer.evicted('grants.example.com', 'billing')
  assert.deepEqual(await rows(registry, 'refgrant_incomplete_namespaces'), ['refgrant_incomplete_namespaces 3'])
  assert.deepEqual(await rows(registry, 'refgrant_skipped_grants_total'), ['refgrant_skipped_grants_total 2'])
  assert.deepEqual(await rows(registry, 'refgrant_evicted_namespaces_total'), ['refgrant_evicted_namespaces_total 1'])
  assert.deepEqual(await rows(registry, 'refgrant_watches_total'), [
    '{end="timeout"} 0',
    '{end="broken"} 2',
    '{end="refused"} 0',
  ])
  assert.deepEqual(await rows(registry, 'refgrant_lists_total'), [
    '{reason="start"} 0',
    '{reason="unproven"} 0',
    '{reason="expired"} 0',
    '{reason="api"} 2',
    '{reason="incomplete"} 0',
  ])
  assert.deepEqual(await rows(registry, 'refgrant_fresh_reads_total'), [
    '{result="started"} 2',
    '{result="shared"} 1',
    '{result="failed"} 2',
    '{result="over_budget"} 0',
  ])
  assert.deepEqual(await rows(registry, 'refgrant_fresh_read_seconds_total'), ['refgrant_fresh_read_seconds_total 0.5'])
})

test('what is known is asked for each time', async () => {
  const registry = new Registry()
  let knowledge = { grants: 0, ageSeconds: Infinity }
  knowledgeMetrics(registry, () => knowledge)
  const read = async () =>
    (
      await Promise.all(['refgrant_grants', 'refgrant_knowledge_age_seconds'].map((name) => rows(registry, name)))
    ).flat()
  assert.deepEqual(await read(), ['refgrant_grants 0', 'refgrant_knowledge_age_seconds +Inf'])
  knowledge = { grants: 3, ageSeconds: 1.5 }
  assert.deepEqual(await read(), ['refgrant_grants 3', 'refgrant_knowledge_age_seconds 1.5'])
})

test('changes of the configuration are counted from 0, and what differs is not known at first', async () => {
  const registry = new Registry()
  const [reloaded, drifted] = [reloadMetrics(registry), driftMetrics(registry)]
  const drift = () => rows(registry, 'refgrant_drift')
  assert.deepEqual(await drift(), ['refgrant_drift Nan'])
  reloaded('failed')
  drifted(4)
  assert.deepEqual(await drift(), ['refgrant_drift 4'])
  assert.deepEqual(await rows(registry, 'refgrant_config_reloads_total'), ['{result="done"} 0', '{result="failed"} 1'])
  drifted(undefined)
  assert.deepEqual(await drift(), ['refgrant_drift Nan'])
})

test('the validity of certificates is exposed, and renewals are counted', async () => {
  const registry = new Registry()
  const told = certificateMetrics(registry, () => ({ server: { from: new Date(1_000), to: new Date(5_000) } }))
  told('failed')
  assert.deepEqual(
    await Promise.all(
      ['certificate_start_timestamp_seconds', 'certificate_expiry_timestamp_seconds', 'certificate_renewals_total'].map(
        (name) => rows(registry, `refgrant_${name}`),
      ),
    ),
    [['{certificate="server"} 1'], ['{certificate="server"} 5'], ['{result="done"} 0', '{result="failed"} 1']],
  )
})

test('the versions are exposed', async () => {
  const registry = new Registry()
  processMetrics(registry)
  const [build] = await rows(registry, 'refgrant_build_info')
  assert.match(String(build), /^\{version="\d+\.\d+\.\d+",node="\d+\.\d+\.\d+"\} 1$/)
})

suite('a server exposes only the metrics of what it does:', () => {
  const names = (registry: Registry) => new Set(registry.getMetricsAsArray().map(({ name }) => name))
  const OF_A_CLUSTER = [
    'refgrant_incomplete_namespaces',
    'refgrant_skipped_grants_total',
    'refgrant_evicted_namespaces_total',
    'refgrant_fresh_reads_total',
    'refgrant_fresh_read_seconds_total',
    'refgrant_watches_total',
    'refgrant_lists_total',
    'refgrant_drift',
  ]
  let cluster: FakeApiServer | undefined
  after(() => cluster?.close())

  test('with a folder of grants, no metrics of a cluster; without a configuration file, no reloads', async () => {
    const exposed = names(await exposedBy(folderWith({})))
    assert.ok(exposed.has('refgrant_grants') && exposed.has('refgrant_unreadable_files'))
    for (const name of [...OF_A_CLUSTER, 'refgrant_config_reloads_total']) assert.ok(!exposed.has(name), name)
  })

  test('with a cluster, no metrics of files of grants', async () => {
    cluster = await FakeApiServer.start()
    const exposed = names(await exposedBy({ kubeconfig: cluster.kubeconfig() }, configFile()))
    for (const name of [...OF_A_CLUSTER, 'refgrant_grants', 'refgrant_config_reloads_total'])
      assert.ok(exposed.has(name), name)
    assert.ok(!exposed.has('refgrant_unreadable_files'))
    assert.deepEqual(cluster.asked, [], 'nothing is asked before it starts')
  })
})
