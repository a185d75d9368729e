import assert from 'node:assert/strict'
import { after, afterEach, before, suite, test } from 'node:test'
import { failedCalls } from '../harness/control-plane/api-server-counts.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'
import { startGatewayCluster } from './gateway-cluster.ts'
import { underLoad } from './load.ts'
import type { Node } from './node.ts'
import { FAIL, Release } from './release.ts'

suite('the first installation on a node', { skip: !LONG && 'it takes minutes: make test-long' }, () => {
  let node: Node
  let release: Release
  before(async () => {
    node = await startGatewayCluster()
    release = await Release.on(node)
  })
  after(() => node?.stop())
  afterEach(async () => {
    await release.helm('uninstall', 'refgrant', '--ignore-not-found', '--wait')
    await until('nothing is left', async () => (await release.left()).length === 0)
    assert.equal(await release.crossing(), 'passes')
  })

  test('refuses writes under Fail until the first replica answers, and tells for how long', async (context) => {
    let milliseconds = 0
    const load = await underLoad(node.api, async () => {
      const begun = performance.now()
      await release.install(FAIL)
      milliseconds = performance.now() - begun
    })
    context.diagnostic(`${load.unjudged} writes refused and not judged in ${Math.round(milliseconds)} ms`)
    assert.ok(load.unjudged > 0)
  })

  test('blocks no write by default with an image that cannot be pulled, and is taken away without a pod', async () => {
    await release.startInstall('image.repository=nothing')
    await release.untilAContainerHas(/ImagePull/)
    const failed = await failedCalls(node.api)
    assert.equal(await release.crossing(), 'passes')
    assert.equal(await failedCalls(node.api), failed + 1)
    await release.helm('uninstall', 'refgrant', '--no-hooks')
  })
})
