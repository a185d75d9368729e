import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TcpProxy } from '../harness/network/tcp-proxy.ts'
import { type FaultyCluster, judgeUnder, LONG, lasting, startFaultyCluster } from '../harness/traffic/faults.ts'

/** By how much the clock is wrong, in h, for half a second each: a day is longer than everything that is waited for. */
const WRONG = [0, 1, -1, 24, -24]

/** Replaces the date of a process; real clocks belong to the machine, and would jump for everybody. */
const jumpingDate = `
const wrong = ${JSON.stringify(WRONG)}
const now = Date.now
Date.now = () => now() + wrong[Math.floor(performance.now() / 500) % wrong.length] * 3_600_000
globalThis.Date = new Proxy(Date, {
  construct: (date, args) => new date(...(args.length === 0 ? [Date.now()] : args)),
})`

let cluster: FaultyCluster<TcpProxy>

before(async () => {
  const nodeOptions = ['--import', `data:text/javascript,${encodeURIComponent(jumpingDate)}`]
  cluster = await startFaultyCluster(TcpProxy.start, { nodeOptions })
})
after(() => cluster?.stop())

test('no answer is wrong while the clock jumps by hours and days, forth and back', (context) => {
  const least = { permitted: 50, denied: 50, gone: 10 }
  return judgeUnder(context, cluster, { name: 'clock jumps', least }, async (churn) => {
    const seen = cluster.refgrant.log.length
    await lasting(churn, LONG ? 60 : 3)
    await churn.revoke()
    cluster.proxy.cut()
    await lasting(churn, LONG ? 60 : 3)
    const times = cluster.refgrant.log.slice(seen).map(({ time }) => Date.parse(String(time)))
    assert.ok(Math.max(...times) - Math.min(...times) > 24 * 3_600_000, 'the clock jumped')
    assert.ok((await cluster.refgrant.metric('refgrant_knowledge_age_seconds')) < 60, 'and no age with it')
  })
})
