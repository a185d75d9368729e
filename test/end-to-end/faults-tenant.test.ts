import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { readConfig } from '../../src/config/read.ts'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { type ReverseProxy, startReverseProxy } from '../harness/network/reverse-proxy.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { configFile } from '../harness/program/live-config.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { untilCounted } from '../harness/until.ts'

/** How late refgrant hears of a grant, in ms: long after the route of the same apply has been judged. */
const DELAY = 2_000

/** How long the tenant sends at least, in s, what comes of it at least, and on how many connections. */
const LASTING = LONG ? 120 : 8
const LEAST = { denied: 50, permitted: 12, beyond: 50 }
const CONNECTIONS = 8

/**
 * Namespaces that the tenant's routes refer to: as many as one route can hold references. One that holds them all takes
 * the API server 3 s by itself, so the tenant is faster with routes of 32, each of which begins so many further.
 */
const NAMESPACES = 4_608
const RULES = 16
const BACKENDS = 2
const STEP = 8

/** Namespaces of the others, and how long each waits between two applies, in ms: within its budget of fresh reads. */
const OTHERS = ['shop-0', 'shop-1', 'shop-2', 'shop-3']
const PAUSE = 250

/** The share of each namespace is the default. The rest of the budget is so small that every machine exhausts it. */
const config = configFile({ budgets: { allNamespaces: { burst: 1, perSecond: 0.01 } } })
const { eachNamespace: OWN, allNamespaces: RESERVE } = readConfig(config).budgets

let cluster: Cluster
let proxy: ReverseProxy
let refgrant: Refgrant

before(async () => {
  cluster = await startCluster()
  const { controlPlane } = cluster
  await cluster.namespaces('tenant', 'billing', ...OTHERS)
  proxy = await startReverseProxy(controlPlane, DELAY)
  const token = await controlPlane.api.token('refgrant-system', 'refgrant')
  const kubeconfig = await controlPlane.kubeconfigFor('delayed', token, proxy.server, proxy.ca)
  refgrant = await startGuard(cluster, { kubeconfig, config })
})
after(async () => {
  await refgrant?.stop()
  await proxy?.close()
  await cluster?.controlPlane.stop()
})

const create = (object: ApiObject) => cluster.controlPlane.api.create(object)

test('a tenant whose writes are all refused does not keep others from applying a grant and its route together', async (context) => {
  const reads = async () => ({
    seen: proxy.lists(),
    started: await refgrant.metric('refgrant_fresh_reads_total', 'started'),
    beyond: await refgrant.metric('refgrant_fresh_reads_total', 'over_budget'),
  })
  const before = await reads()
  const begun = performance.now()
  const answers = await sendAll()
  const seconds = (performance.now() - begun) / 1_000
  const after = await reads()
  const started = after.started - before.started
  const beyond = after.beyond - before.beyond

  const { permitted, refused } = answers.others
  const { denied, unjudged, stored } = answers.tenant
  const tenants = OWN.burst + RESERVE.burst + (OWN.perSecond + RESERVE.perSecond) * seconds
  // Each of the others needs one read for each apply.
  const allowed = Math.floor(tenants + permitted + refused.length)
  context.diagnostic(
    `one tenant with ${NAMESPACES} namespaces: ${permitted + refused.length + denied + unjudged + stored} reviews, ` +
      `${refused.length + stored} wrong, ${permitted} of others permitted, ${denied} of its own denied, ${unjudged} not judged, ` +
      `${started} of at most ${allowed} fresh reads, ${beyond} times none was left`,
  )
  assert.deepEqual(refused, [])
  assert.equal(stored, 0)
  assert.ok(started >= permitted, 'others need fresh reads')
  assert.ok(started <= allowed && after.seen - before.seen <= allowed, `${started} of ${allowed} fresh reads`)
})

/** Lets the tenant send as fast as it can while the others apply; gives what came of it. */
async function sendAll() {
  const tenant = { denied: 0, unjudged: 0, stored: 0 }
  const others = { permitted: 0, refused: [] as string[] }
  let ending = false
  let routes = 0
  const send = async () => {
    while (!ending) {
      const { status, body } = await create(wideRoute(routes++))
      if (status === 403 && body.message.includes('which no ReferenceGrant permits')) tenant.denied += 1
      else if (status === 500 && body.message.includes('failed calling webhook')) tenant.unjudged += 1
      else tenant.stored += 1
    }
  }
  const apply = async (namespace: string) => {
    for (let number = 0; !ending; number += 1) {
      const to = `${namespace}-${number}`
      await create(grant({ name: to, to, from: { namespace } }))
      const { status, body } = await create(route({ name: to, namespace, backends: [[to, 'billing']] }))
      if (status === 201) others.permitted += 1
      else others.refused.push(`HTTP ${status} ${body.message}`)
      await wait(PAUSE)
    }
  }
  const all = [...Array.from({ length: CONNECTIONS }, send), ...OTHERS.map(apply)]
  await wait(LASTING * 1_000)
  await untilCounted('the tenant is refused', LEAST.denied, () => tenant.denied)
  await untilCounted('none of its reads is left', LEAST.beyond, () =>
    refgrant.metric('refgrant_fresh_reads_total', 'over_budget'),
  )
  await untilCounted('others are permitted', LEAST.permitted, () => others.permitted)
  ending = true
  await Promise.all(all)
  return { tenant, others }
}

/** A route of the tenant, each into other namespaces than the last ones. */
function wideRoute(number: number): ApiObject {
  let index = number * STEP
  const reference = () => ({ name: 'vault', namespace: `vault-${index++ % NAMESPACES}`, port: 80 })
  const backendRefs = () => Array.from({ length: BACKENDS }, reference)
  const rules = Array.from({ length: RULES }, () => ({ backendRefs: backendRefs() }))
  return { ...route({ name: `route-${number}`, namespace: 'tenant', backends: [] }), spec: { rules } }
}
