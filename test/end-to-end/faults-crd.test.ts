import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Cluster } from '../harness/control-plane/cluster.ts'
import { gatewayApiCrds } from '../harness/control-plane/gateway-api.ts'
import { TcpProxy } from '../harness/network/tcp-proxy.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { type FaultyCluster, judgeUnder, LONG, lasting, startFaultyCluster } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'

const GROUP = 'gateway.networking.k8s.io'

/** How long the API is there or not, in s: absent, it is asked for each 5 s. */
const PHASE = LONG ? 50 : 3

/** How late refgrant hears of a grant, in ms: later than of its route, so that a fresh read must find it. */
const DELAY = 50

const grantCrd = await grantCrdOf('v1.7.0')
/** It serves v1beta1 alone. */
const olderGrantCrd = await grantCrdOf('v1.2.1')

async function grantCrdOf(release: string): Promise<ApiObject> {
  const crds = await gatewayApiCrds(release, 'experimental')
  return crds.find(({ metadata }) => metadata.name.startsWith('referencegrants.')) as ApiObject
}

let cluster: FaultyCluster<TcpProxy>

before(async () => {
  cluster = await startFaultyCluster(TcpProxy.start, { prepare: remove })
  cluster.proxy.delay(DELAY)
})
after(() => cluster?.stop())

const least = { permitted: 20, denied: 20, gone: 5 }

async function remove({ controlPlane: { api } }: Pick<Cluster, 'controlPlane'>): Promise<void> {
  const path = await api.pathOf(grantCrd)
  await api.delete(grantCrd)
  await until('the CRD is gone', async () => (await api.request('GET', path)).status === 404)
}

const log = () => cluster.refgrant.log
const install = (crd = grantCrd) => cluster.controlPlane.api.installCrds([crd])

suite('no answer is wrong, and the grants of the cluster are known,', () => {
  test('when the ReferenceGrant API is installed after refgrant has started', (context) =>
    judgeUnder(context, cluster, { name: 'CRD absent at start', least }, async (churn) => {
      await lasting(churn, PHASE)
      assert.equal(await cluster.refgrant.metric('refgrant_grants'), 0)
      await install()
      // The API server takes no objects in the first 2 s.
      await lasting(churn, 2 + PHASE)
    }))

  test('when the ReferenceGrant API is deleted and installed again', (context) =>
    judgeUnder(context, cluster, { name: 'CRD deleted and installed again', least }, async (churn) => {
      await lasting(churn, 1)
      const seen = log().length
      await churn.takeAll(() => remove(cluster))
      await until('it is noticed', () =>
        log()
          .slice(seen)
          .some(({ path }) => path === 'not served'),
      )
      await lasting(churn, PHASE)
      await install()
      await lasting(churn, 2 + PHASE)
    }))

  test('when it is served in v1beta1 alone, then in v1 too, then in v1 alone', async (context) => {
    const seen = log().length
    const follows = (version: string) =>
      until(`it follows ${version}`, () =>
        log()
          .slice(seen)
          .some(({ path }) => path === `/apis/${GROUP}/${version}`),
      )
    let version = 'v1beta1'
    await remove(cluster)
    await install(olderGrantCrd)
    const writing = { name: 'v1beta1, then v1', least, version: () => version }
    await judgeUnder(context, cluster, writing, async (churn) => {
      await follows('v1beta1')
      await lasting(churn, PHASE)
      await install()
      version = 'v1'
      await lasting(churn, PHASE)
      await install(without('v1beta1'))
      await lasting(churn, PHASE)
      await follows('v1')
    })
  })
})

/** The CRD, which serves all versions but one. */
function without(version: string): ApiObject {
  const spec = grantCrd.spec as { versions: { name: string }[] }
  const versions = spec.versions.map((one) => (one.name === version ? { ...one, served: false } : one))
  return { ...grantCrd, spec: { ...spec, versions } }
}
