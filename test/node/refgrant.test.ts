import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { grant, route } from '../harness/objects/objects.ts'
import { until } from '../harness/until.ts'
import { startGatewayCluster } from './gateway-cluster.ts'
import { assertJudged, underLoad } from './load.ts'
import type { Node } from './node.ts'
import { install, REGISTRY, rolledOut } from './plain.ts'

const CROSSING = route({ name: 'checkout', backends: [['payments', 'billing']] })

suite('refgrant on a node', () => {
  let node: Node
  const kubectl = (...argv: string[]) => node.kubectl(...argv)
  const crossing = () => node.api.create(CROSSING, '?dryRun=All')

  before(async () => {
    node = await startGatewayCluster()
  })
  after(() => node?.stop())

  test('is installed, and refuses what no grant permits', async () => {
    await install(node)
    const refusal = await until('a route is refused', async () => {
      const { status, body } = await crossing()
      return status === 403 && body.message
    })
    assert.match(refusal, /which no ReferenceGrant permits/)
    await node.api.apply(grant({ name: 'payments', to: 'payments' }))
    assert.equal((await crossing()).status, 201)
    await node.api.delete(grant({ name: 'payments', to: 'payments' }))
  })

  test('judges each write while it is upgraded', async (context) => {
    const load = await underLoad(node.api, async () => {
      await kubectl(
        '--namespace=refgrant-system',
        'set',
        'image',
        'deployment/refgrant',
        `refgrant=${REGISTRY}/refgrant:2`,
      )
      await rolledOut(node)
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('judges nothing while it is switched off', async () => {
    await kubectl('delete', 'validatingwebhookconfiguration', 'refgrant')
    await until('a route is accepted', async () => (await crossing()).status === 201)
  })

  test('is uninstalled, and leaves nothing', async () => {
    await kubectl('delete', 'namespace', 'refgrant-system')
    await kubectl('delete', 'clusterrole,clusterrolebinding', 'refgrant')
    assert.equal((await crossing()).status, 201)
  })
})
