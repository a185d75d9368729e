import { after, before, suite, test } from 'node:test'
import { type FaultyCluster, judgeUnder, LONG, lasting, startFaultyCluster } from './faults.ts'

let cluster: FaultyCluster

before(async () => {
  cluster = await startFaultyCluster()
})
after(() => cluster?.stop())

suite('no answer is wrong, and the watch recovers', () => {
  test('while nothing fails', (context) =>
    judgeUnder(context, cluster, { name: 'no fault', least: { permitted: 50, denied: 50, gone: 10 } }, (churn) =>
      lasting(churn, 8),
    ))

  test('while every connection is cut each second', (context) => {
    const { proxy } = cluster
    const least = LONG ? { permitted: 500, denied: 500, gone: 1_000 } : { permitted: 50, denied: 50, gone: 10 }
    return judgeUnder(context, cluster, { name: 'watch cut each second', least }, async (churn) => {
      const stop = proxy.cutEvery(1_000)
      await lasting(churn, LONG ? 120 : 6, least.gone)
      stop()
    })
  })
})
