import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from '../../src/server/metrics.ts'
import { metricSources, unknown } from '../harness/stand-ins/metric-sources.ts'

/** What is exposed under a name: each row without its help. */
async function rows(metrics: Metrics, name: string) {
  return (await metrics.registry.metrics()).split('\n').filter((row) => row.startsWith(name))
}

test('reviews are counted by kind, operation, mode, decision and reason, and timed by decision', async () => {
  const metrics = new Metrics(metricSources())
  const labels = { kind: 'HTTPRoute', operation: 'CREATE', mode: 'deny', decision: 'permitted', reason: '' }
  metrics.review(labels, 0.002)
  metrics.review(labels, 0.03)
  metrics.review({ ...labels, decision: 'refused' }, 7)
  assert.deepEqual(await rows(metrics, 'refgrant_reviews_total'), [
    'refgrant_reviews_total{kind="HTTPRoute",operation="CREATE",mode="deny",decision="permitted",reason=""} 2',
    'refgrant_reviews_total{kind="HTTPRoute",operation="CREATE",mode="deny",decision="refused",reason=""} 1',
  ])
  const permitted = 'decision="permitted"'
  const durations = await rows(metrics, 'refgrant_review_duration_seconds')
  assert.ok(durations.includes(`refgrant_review_duration_seconds_bucket{le="0.001",${permitted}} 0`))
  assert.ok(durations.includes(`refgrant_review_duration_seconds_bucket{le="0.0025",${permitted}} 1`))
  assert.ok(durations.includes(`refgrant_review_duration_seconds_bucket{le="0.1",${permitted}} 2`))
  assert.ok(durations.includes(`refgrant_review_duration_seconds_count{${permitted}} 2`))
  assert.ok(durations.includes('refgrant_review_duration_seconds_sum{decision="refused"} 7'))
})

test('what is known is asked for each time that the numbers are read', async () => {
  let knowledge = unknown
  const metrics = new Metrics(metricSources({ knowledge: () => knowledge }))
  const read = async () => [
    ...(await rows(metrics, 'refgrant_grants')),
    ...(await rows(metrics, 'refgrant_knowledge_age_seconds')),
    ...(await rows(metrics, 'refgrant_fresh_read')),
    ...(await rows(metrics, 'refgrant_watches_total')),
    ...(await rows(metrics, 'refgrant_lists_total')),
  ]
  assert.deepEqual(await read(), [
    'refgrant_grants 0',
    'refgrant_knowledge_age_seconds +Inf',
    'refgrant_fresh_reads_total{result="started"} 0',
    'refgrant_fresh_reads_total{result="shared"} 0',
    'refgrant_fresh_reads_total{result="failed"} 0',
    'refgrant_fresh_reads_total{result="over_budget"} 0',
    'refgrant_fresh_read_seconds_total 0',
  ])
  knowledge = {
    ...unknown,
    grants: 3,
    ageSeconds: 1.5,
    freshReads: { started: 4, shared: 3, failed: 2, over_budget: 1 },
    freshReadSeconds: 0.5,
    watches: { timeout: 5, broken: 6 },
    lists: { start: 7 },
  }
  const later = [
    'refgrant_grants 3',
    'refgrant_knowledge_age_seconds 1.5',
    'refgrant_fresh_reads_total{result="started"} 4',
    'refgrant_fresh_reads_total{result="shared"} 3',
    'refgrant_fresh_reads_total{result="failed"} 2',
    'refgrant_fresh_reads_total{result="over_budget"} 1',
    'refgrant_fresh_read_seconds_total 0.5',
    'refgrant_watches_total{end="timeout"} 5',
    'refgrant_watches_total{end="broken"} 6',
    'refgrant_lists_total{reason="start"} 7',
  ]
  assert.deepEqual(await read(), later)
  assert.deepEqual(await read(), later)
})

test('two servers in one process count each for itself', async () => {
  const [one, other] = [new Metrics(metricSources()), new Metrics(metricSources())]
  one.review({ kind: 'HTTPRoute', operation: 'CREATE', mode: 'deny', decision: 'permitted', reason: '' }, 1)
  assert.equal((await rows(one, 'refgrant_reviews_total')).length, 1)
  assert.deepEqual(await rows(other, 'refgrant_reviews_total'), [])
})

test('what is in flight, what was turned away, the certificate and the build are told', async () => {
  const sources = metricSources({ certificateExpiry: new Date('2027-01-01T00:00:00Z') })
  const metrics = new Metrics(sources)
  sources.load.enter(10_000).startReview()
  sources.load.enter(10_000).reserve('bodies', Infinity)
  sources.load.enter(10_000).reserve('values', 7)
  sources.load.connections.held = 3
  sources.load.connections.closed.evicted = 2
  assert.deepEqual(await rows(metrics, 'refgrant_reviews_'), [
    'refgrant_reviews_in_flight 1',
    'refgrant_reviews_shed_total{reason="reviews"} 0',
    'refgrant_reviews_shed_total{reason="memory"} 1',
    'refgrant_reviews_shed_total{reason="late"} 0',
    'refgrant_reviews_shed_total{reason="gone"} 0',
  ])
  assert.deepEqual(await rows(metrics, 'refgrant_held_bytes'), [
    'refgrant_held_bytes{what="bodies"} 0',
    'refgrant_held_bytes{what="values"} 7',
    'refgrant_held_bytes{what="answers"} 0',
  ])
  assert.deepEqual((await rows(metrics, 'refgrant_connections')).slice(0, 2), [
    'refgrant_connections 3',
    'refgrant_connections_closed_total{reason="evicted"} 2',
  ])
  assert.deepEqual(await rows(metrics, 'refgrant_certificate'), [
    'refgrant_certificate_expiry_timestamp_seconds 1798761600',
  ])
  const [build] = await rows(metrics, 'refgrant_build_info')
  assert.match(String(build), /^refgrant_build_info\{version="\d+\.\d+\.\d+",node="\d+\.\d+\.\d+"\} 1$/)
})
