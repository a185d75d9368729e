import assert from 'node:assert/strict'
import { after, afterEach, before, suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { TcpProxy } from '../harness/network/tcp-proxy.ts'
import { configFile, configure } from '../harness/program/live-config.ts'
import { type FaultyCluster, judgeUnder, LONG, lasting, startFaultyCluster } from '../harness/traffic/faults.ts'
import { until, untilCounted } from '../harness/until.ts'

/** How late everything comes on a slow network, in ms: a fresh read takes a second on a connection that there is. */
const DELAY = 500

/** Bytes that pass before a cut, and how large grants are beside that, so that a cut is in the middle of a line. */
const CUT = { after: 4_000, grants: 16_000 }

/** How long nothing passes, in s: within the bound of 40 s, or long enough that what was known before is too old. */
const HOLE = LONG ? 60 : 5

/** A budget of fresh reads that even a slow machine exhausts at once. */
const FEW = { burst: 1, perSecond: 0.01 }

const config = configFile()
let cluster: FaultyCluster<TcpProxy>

before(async () => {
  cluster = await startFaultyCluster(TcpProxy.start, { more: ['--config', config] })
})
// A scenario that fails leaves its fault behind.
afterEach(() => cluster?.proxy.repair())
after(() => cluster?.stop())

const few = { permitted: 30, denied: 10, gone: 10 }
/** Reviews take seconds then. */
const slow = { permitted: 5, denied: 5, gone: 5 }

suite('no answer is wrong, and the watch recovers', () => {
  test('while nothing fails', (context) =>
    judgeUnder(
      context,
      cluster,
      { name: 'no fault', least: { permitted: 50, denied: 50, gone: 10 } },
      async (churn) => {
        await lasting(churn, 2)
        await churn.revoke()
        await lasting(churn, 3)
      },
    ))

  test('while every connection is cut each second', (context) => {
    const { proxy } = cluster
    const least = LONG ? { permitted: 1_000, denied: 1_000, gone: 1_000 } : few
    return judgeUnder(context, cluster, { name: 'watch cut each second', least }, async (churn) => {
      const connections = proxy.connections
      const stop = proxy.cutEvery(1_000)
      await lasting(churn, LONG ? 60 : 3)
      await churn.revoke()
      await lasting(churn, LONG ? 60 : 3, least.gone)
      await untilCounted('connections are opened again', connections + 4, () => proxy.connections)
      stop()
    })
  })

  test('while connections break in the middle of a line', (context) => {
    const { proxy } = cluster
    const writing = { name: 'truncated in a line', least: few, padding: CUT.grants }
    return judgeUnder(context, cluster, writing, async (churn) => {
      const connections = proxy.connections
      for (let cuts = 0; cuts < (LONG ? 100 : 8); cuts += 1) {
        proxy.truncate(CUT.after)
        await wait(750)
        if (cuts === 4) await churn.revoke()
        await untilCounted('connections are opened again', connections + cuts, () => proxy.connections)
      }
    })
  })

  test(`while everything comes ${DELAY} ms late`, (context) =>
    judgeUnder(context, cluster, { name: `delayed by ${DELAY} ms`, least: slow }, async (churn) => {
      cluster.proxy.delay(DELAY)
      await lasting(churn, LONG ? 60 : 5)
      await churn.revoke()
      await lasting(churn, LONG ? 60 : 4)
      cluster.proxy.delay(0)
    }))

  test('while no connection is taken', (context) =>
    judgeUnder(context, cluster, { name: 'connections refused', least: few }, async (churn) => {
      const { proxy } = cluster
      await lasting(churn, 1)
      const connections = proxy.connections
      proxy.refuse(true)
      proxy.cut()
      await churn.revoke()
      await lasting(churn, LONG ? 60 : 3)
      await untilCounted('connections are asked for', connections + 2, () => proxy.connections)
      proxy.refuse(false)
      await lasting(churn, 2)
    }))

  test('while no connection is taken, and a namespace needs more fresh reads than it may have', (context) =>
    judgeUnder(context, cluster, { name: 'refused, over budget', least: few }, async (churn) => {
      const { proxy, refgrant } = cluster
      const overBudget = await refgrant.metric('refgrant_fresh_reads_total', 'over_budget')
      await lasting(churn, 1)
      proxy.refuse(true)
      proxy.cut()
      await configure(refgrant, config, { budgets: { eachNamespace: FEW, allNamespaces: FEW } })
      await churn.applyMany()
      const spent = (await refgrant.metric('refgrant_fresh_reads_total', 'over_budget')) - overBudget
      assert.ok(spent > 0, 'the budget is exhausted')
      await configure(refgrant, config, {})
      proxy.refuse(false)
      await lasting(churn, 2)
    }))

  test(`while nothing passes for ${HOLE} s, on connections that stay open`, (context) =>
    judgeUnder(context, cluster, { name: `packets dropped for ${HOLE} s`, least: few }, async (churn) => {
      const { proxy, refgrant } = cluster
      await lasting(churn, 1)
      proxy.hole()
      const age = await refgrant.metric('refgrant_knowledge_age_seconds')
      await churn.revoke()
      await lasting(churn, HOLE)
      assert.ok((await refgrant.metric('refgrant_knowledge_age_seconds')) - age > HOLE - 1, 'nothing was learnt')
      const before = await refgrant.metric('refgrant_knowledge_age_seconds')
      proxy.heal({ forget: LONG })
      await until(
        'refgrant reads again',
        async () => (await refgrant.metric('refgrant_knowledge_age_seconds')) < before,
      )
      await lasting(churn, 2)
    }))
})
