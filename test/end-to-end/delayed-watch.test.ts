import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { type ReverseProxy, startReverseProxy } from '../harness/network/reverse-proxy.ts'
import { grant, route } from '../harness/objects/objects.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { askIndex, askRefgrant } from '../harness/traffic/ask.ts'
import { until } from '../harness/until.ts'

/** How late refgrant hears of a grant, in ms: long after the route of the same apply has been judged. */
const DELAY = 2_000

const APPLIES = 100

let cluster: Cluster
let proxy: ReverseProxy
let refgrant: Refgrant

before(async () => {
  cluster = await startCluster()
  const { controlPlane } = cluster
  proxy = await startReverseProxy(controlPlane, DELAY)
  const token = await controlPlane.api.token('refgrant-system', 'refgrant')
  const kubeconfig = await controlPlane.kubeconfigFor('delayed', token, proxy.server, proxy.ca)
  refgrant = await startGuard(cluster, { kubeconfig })
})
after(async () => {
  await refgrant?.stop()
  await proxy?.close()
  await cluster?.controlPlane.stop()
})

test(`a grant and its route in one file are accepted, ${APPLIES} times, though the watch is ${DELAY} ms late`, async () => {
  const names = Array.from({ length: APPLIES }, (_, index) => ({ shop: `shop-${index}`, billing: `billing-${index}` }))
  await cluster.namespaces(...names.flatMap(({ shop, billing }) => [shop, billing]))
  const before = await refgrant.metric('refgrant_fresh_reads_total', 'started')
  const refusals: string[] = []
  for (const { shop, billing } of names) {
    const items = [
      grant({ name: 'shop', to: 'payments', namespace: billing, from: { namespace: shop } }),
      route({ name: 'checkout', namespace: shop, backends: [['payments', billing]] }),
    ]
    const { code, stderr } = await cluster.kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
    )
    if (code !== 0) refusals.push(stderr)
  }
  assert.deepEqual(refusals, [])
  const confirmed = (await refgrant.metric('refgrant_fresh_reads_total', 'started')) - before
  assert.ok(confirmed > 0, 'grants were looked up before a refusal')
  assert.ok(proxy.lists() >= confirmed, 'and the API server was asked')
})

test('what the index knows can be asked for: nothing new until the watch has told it', async () => {
  await cluster.namespaces('billing')
  const { api } = cluster.controlPlane
  const reference = { from: 'shop', to: 'billing', target: 'payments' }
  const toPayments = grant({ name: 'shop', to: 'payments' })
  const reads = () => refgrant.metric('refgrant_fresh_reads_total', 'started')
  const indexSays = (expected: string) =>
    until(`the index says: ${expected}`, async () => (await askIndex(refgrant, reference)).verdict === expected)

  await indexSays('denied')
  let release = proxy.hold()
  await api.apply(toPayments)
  assert.equal((await askRefgrant(refgrant, reference)).verdict, 'permitted')
  const before = await reads()
  assert.equal((await askIndex(refgrant, reference)).verdict, 'denied')
  release()
  await indexSays('permitted')
  release = proxy.hold()
  await api.delete(toPayments)
  assert.equal((await askIndex(refgrant, reference)).verdict, 'permitted')
  release()
  await indexSays('denied')
  assert.equal(await reads(), before)
})
