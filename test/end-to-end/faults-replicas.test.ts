import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { readConfig } from '../../src/config/read.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { applyRegistration, register } from '../harness/control-plane/guarded-cluster.ts'
import { Balancer } from '../harness/network/balancer.ts'
import { TcpProxy } from '../harness/network/tcp-proxy.ts'
import { grant } from '../harness/objects/objects.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { askApiServer } from '../harness/traffic/ask.ts'
import { CHURNED, type Hands } from '../harness/traffic/churn.ts'
import { judgeUnder, LONG, lasting } from '../harness/traffic/faults.ts'
import { History } from '../harness/traffic/history.ts'
import { until, untilCounted } from '../harness/until.ts'

/**
 * Reviews at once that make the API server open connections: it keeps 25 that are idle. Source: MaxIdleConnsPerHost in
 * k8s.io/client-go/transport/cache.go.
 */
const AT_ONCE = 50

/** How often so many come at once, before grants are revoked and after. */
const WAVES = LONG ? 20 : 1

/** How long a replica serves on after SIGTERM, in s: by default, and so long that the balancer notices it. */
const DRAIN = LONG ? 10 : 5

/** Clients that ask without end, of whom each waits so long between two reviews, in ms. */
const LOAD = { clients: 4, pause: 20 }

const least = { permitted: 20, denied: 20, gone: 5 }

let cluster: Cluster

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces(...CHURNED)
})
after(() => cluster?.controlPlane.stop())

/** What the requester is told when there is no verdict, by refgrant or, when the time was up before that, by the API server. */
const COULD_NOT_LOOK =
  /failed calling webhook "deny\.refgrant\.dev": .*(refgrant could not look up ReferenceGrants|context deadline exceeded)/

/** The requests that a replica has been asked about. */
const reviewed = ({ log }: Pick<Refgrant, 'log'>) =>
  new Set(log.filter(({ msg }) => msg === 'review').map(({ uid }) => uid))

/** Lets a balancer before these replicas be what the API server calls. */
async function balance(context: TestContext, replicas: readonly Refgrant[], honoursReadiness = true) {
  const balancer = await Balancer.start(replicas, { honoursReadiness })
  context.after(() => balancer.close())
  await register(cluster.controlPlane, balancer, path.join(cluster.certs, 'ca.crt'))
  return balancer
}

async function startReplica(context: TestContext, more: Partial<Parameters<typeof startRefgrant>[0]> = {}) {
  const replica = await startRefgrant({ certs: cluster.certs, grants: ['--kubeconfig', cluster.account], ...more })
  context.after(() => replica.process.kill('SIGKILL'))
  return replica
}

/** A replica that reaches no API server, by a proxy at fault. */
async function startBlind(context: TestContext, fault: (proxy: TcpProxy) => void): Promise<Refgrant> {
  const { controlPlane } = cluster
  const proxy = await TcpProxy.start(controlPlane)
  context.after(() => proxy.close())
  fault(proxy)
  const token = await controlPlane.api.token('refgrant-system', 'refgrant')
  const kubeconfig = await controlPlane.kubeconfigFor('blind', token, proxy.server)
  return startReplica(context, { grants: ['--kubeconfig', kubeconfig], waitFor: 'listening' })
}

/** The cluster for a churn. Direct reviews go to the replica behind the balancer. */
const judged = (refgrant: Refgrant, { url }: Balancer) => {
  const history = new History(readConfig(undefined).bounds.knowledgeAgeSeconds * 1_000)
  return { ...cluster, refgrant: { ...refgrant, url }, history }
}

suite('of two replicas, one has never synced', () => {
  test('and gets no connection: every review is judged, and right', async (context) => {
    const blinding = startBlind(context, (proxy) => proxy.refuse(true))
    const [blind, synced] = await Promise.all([blinding, startReplica(context)])
    const balancer = await balance(context, [blind, synced])
    const settings = { name: 'a replica not synced gets no calls', least, mostUnjudged: 0 }
    await judgeUnder(context, judged(synced, balancer), settings, async (churn) => {
      await lasting(churn, LONG ? 60 : 2)
      await churn.revoke()
      for (let wave = 0; wave < WAVES; wave += 1) await churn.askAtOnce(AT_ONCE)
      await lasting(churn, LONG ? 60 : 1)
    })
    assert.equal(await blind.metric('refgrant_reviews_total'), 0)
    assert.match(await blind.health('/readyz'), /\[-\]grants/)
  })

  const faults: Record<string, (proxy: TcpProxy) => void> = {
    'is refused connections': (proxy) => proxy.refuse(true),
    'gets no answer': (proxy) => proxy.hole(),
  }
  for (const [fault, make] of Object.entries(faults)) {
    test(`${fault}, but is called all the same: the API server tries again, the other replica perhaps`, async (context) => {
      const [blind, synced] = await Promise.all([startBlind(context, make), startReplica(context)])
      const balancer = await balance(context, [blind, synced], false)
      const unjudged: string[] = []
      /** Requests that failed at the one and were judged by the other. */
      const again = () => {
        const others = reviewed(synced)
        return [...reviewed(blind)].filter((uid) => others.has(uid)).length
      }
      const ask: Hands['ask'] = async (reference) => {
        const answer = await askApiServer(cluster.controlPlane.api, reference)
        if (answer.verdict === 'unjudged') unjudged.push(answer.said ?? '')
        return answer
      }
      const settings = { name: `a replica that ${fault} is called`, least, ask }
      await judgeUnder(context, judged(synced, balancer), settings, async (churn) => {
        await lasting(churn, 1)
        for (let wave = 0; wave < WAVES; wave += 1) await churn.askAtOnce(AT_ONCE)
        await churn.revoke()
        await untilCounted('calls are repeated', 10, async () => {
          await churn.askAtOnce(AT_ONCE)
          return again()
        })
      })
      context.diagnostic(`  ${reviewed(blind).size} failed there, and ${again()} of these were judged by the other`)
      for (const said of unjudged) assert.match(said, COULD_NOT_LOOK)
    })
  }
})

suite('a replica that has never synced is alone, and the client that waits for a verdict gets the reason for the failed look-up', () => {
  const faults: Record<string, [fault: (proxy: TcpProxy) => void, why: string]> = {
    'it is refused connections': [(proxy) => proxy.refuse(true), 'the API server could not be reached'],
    'it gets no answer': [(proxy) => proxy.hole(), 'the API server did not answer in time'],
  }
  for (const [title, [fault, why]] of Object.entries(faults)) {
    test(title, async (context) => {
      const { controlPlane } = cluster
      const blind = await startBlind(context, fault)
      await applyRegistration(controlPlane, blind, path.join(cluster.certs, 'ca.crt'), [])
      const [from, to] = CHURNED as [string, string]
      const told = await until('it is called', async () => {
        const { said } = await askApiServer(controlPlane.api, { from, to, target: 'payments' })
        return reviewed(blind).size > 0 && said
      })
      assert.ok(told.endsWith(`failed to call webhook: refgrant could not look up ReferenceGrants: ${why}`), told)
    })
  }
})

test('both replicas are replaced under load, one after the other, and no review fails', async (context) => {
  const first = await Promise.all([DRAIN, DRAIN].map((drain) => startReplica(context, { drain })))
  const balancer = await balance(context, first)
  const place = judged(first[0] as Refgrant, balancer)
  const many = { permitted: 200, denied: 30, gone: 10 }
  const settings = { name: 'rolling restart of two replicas', least: many, mostUnjudged: 0 }
  await judgeUnder(context, place, settings, async (churn) => {
    const endLoad = await load(place.history)
    await lasting(churn, 1)
    for (const old of first) {
      const replacement = await startReplica(context, { drain: DRAIN })
      await balancer.add(replacement)
      await old.stop()
      assert.equal(old.process.exitCode, 0)
      balancer.remove(old)
      place.refgrant = { ...replacement, url: balancer.url }
      const stopping = old.log.findIndex(({ msg }) => msg === 'stopping')
      const draining = reviewed({ log: old.log.slice(stopping) }).size
      context.diagnostic(`  ${reviewed(old).size} reviews by the old one, ${draining} of these while it drained`)
      assert.ok(draining > 0, 'it serves on')
    }
    await churn.revoke()
    await lasting(churn, 1)
    assert.ok(reviewed(place.refgrant).size > 0, 'the last replacement is called')
    await endLoad()
  })
})

/** Asks about a reference that has a grant all the time; gives what ends that. */
async function load(history: History): Promise<() => Promise<unknown>> {
  const { api } = cluster.controlPlane
  const [from, to] = CHURNED as [string, string]
  const reference = { from, to, target: 'steady' }
  const steady = grant({ name: 'steady', to: reference.target, namespace: to, from: { namespace: from } })
  const end = await history.create('steady', () => api.apply(steady))
  let ending = false
  const client = async () => {
    while (!ending) {
      await history.review('steady', () => askApiServer(api, reference))
      await wait(LOAD.pause)
    }
  }
  const clients = Promise.all(Array.from({ length: LOAD.clients }, client))
  return async () => {
    ending = true
    await clients
    await end(() => api.delete(steady))
  }
}
