import assert from 'node:assert/strict'
import { after, afterEach, before, suite, test } from 'node:test'
import type { ApiClient } from '../harness/control-plane/api-client.ts'
import { TcpProxy } from '../harness/network/tcp-proxy.ts'
import { type FaultyCluster, judgeUnder, LONG, lasting, startFaultyCluster } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'

/** How long a program is gone, in s. */
const OUTAGE = LONG ? 60 : 2

let cluster: FaultyCluster<TcpProxy>

before(async () => {
  cluster = await startFaultyCluster(TcpProxy.start)
})
afterEach(() => cluster?.proxy.repair())
after(() => cluster?.stop())

const least = { permitted: 30, denied: 10, gone: 5 }

suite('no answer is wrong, and the watch recovers', () => {
  for (const program of ['kube-apiserver', 'etcd'] as const) {
    test(`when ${program} is killed, and started again`, (context) =>
      judgeUnder(context, cluster, { name: `${program} killed for ${OUTAGE} s`, least }, async (churn) => {
        const { controlPlane } = cluster
        await lasting(churn, 1)
        await controlPlane.kill(program)
        const revoked = churn.revoke()
        await lasting(churn, OUTAGE)
        await until('the outage is felt', async () => !(await isReady(controlPlane.api)))
        await controlPlane.start(program)
        await revoked
        await lasting(churn, 2)
      }))
  }

  test('when etcd has forgotten the version to resume from', (context) =>
    judgeUnder(context, cluster, { name: 'resumed from a compacted version', least }, async (churn) => {
      const { controlPlane, proxy } = cluster
      proxy.cut()
      await lasting(churn, 2)
      proxy.hole()
      await churn.revoke()
      // The version that refgrant has is behind then, even if there was nothing to revoke.
      await controlPlane.api.apply({
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { name: 'new', namespace: 'default' },
      })
      await lasting(churn, 1)
      await compact(controlPlane.etcd)
      await controlPlane.kill('kube-apiserver')
      await controlPlane.start('kube-apiserver')
      proxy.heal()
      // The version is too old for the API server most of the time, and at times its cache begins with just that one.
      await lasting(churn, 2)
    }))

  test('when the Secret is deleted that the token is bound to, until there is another token', (context) =>
    judgeUnder(context, cluster, { name: 'token revoked', least }, async (churn) => {
      const { controlPlane, proxy, refgrant, authenticate } = cluster
      const { api } = controlPlane
      const account = ['refgrant-system', 'refgrant'] as const
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'bound', namespace: account[0] } }
      await api.apply(secret)
      await authenticate(await api.token(...account, 'bound'))
      await lasting(churn, 1)
      await api.delete(secret)
      const seen = refgrant.log.length
      // The API server believes a token for 10 s after it has seen it.
      await until('the token is refused', () => JSON.stringify(refgrant.log.slice(seen)).includes('HTTP 401'))
      proxy.cut()
      await churn.revoke()
      await lasting(churn, LONG ? 60 : 1)
      await authenticate(await api.token(...account))
      await lasting(churn, 1)
    }))
})

const isReady = (api: ApiClient) =>
  api.request('GET', '/readyz').then(
    ({ status }) => status === 200,
    () => false,
  )

/** Makes etcd forget all but the newest version. */
async function compact(etcd: string): Promise<void> {
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
    assert.equal(answer.status, 200)
    return (await answer.json()) as { header: { revision: string } }
  }
  const { header } = await post('range', { key: Buffer.from('/').toString('base64') })
  await post('compaction', { revision: header.revision, physical: true })
}
