import assert from 'node:assert/strict'
import { afterEach, suite, test } from 'node:test'
import { failedCalls } from '../harness/control-plane/api-server-counts.ts'
import { until } from '../harness/until.ts'
import { underLoad } from './load.ts'
import { ONLY_LONG, onNode } from './on-node.ts'
import { FAIL } from './release.ts'

suite('the first installation on a node', ONLY_LONG, () => {
  const on = onNode()
  afterEach(async () => {
    await on.release.helm('uninstall', 'refgrant', '--ignore-not-found', '--wait')
    await until('nothing is left', async () => (await on.release.left()).length === 0)
    assert.equal(await on.release.crossing(), 'passes')
  })

  test('refuses writes under Fail until the first replica answers, and tells for how long', async (context) => {
    let milliseconds = 0
    const load = await underLoad(on.node.api, async () => {
      const begun = performance.now()
      await on.release.install(FAIL)
      milliseconds = performance.now() - begun
    })
    context.diagnostic(`${load.unjudged} writes refused and not judged in ${Math.round(milliseconds)} ms`)
    assert.ok(load.unjudged > 0)
  })

  test('blocks no write by default with an image that cannot be pulled, and is taken away without a pod', async () => {
    await on.release.startInstall('image.repository=nothing')
    await on.release.untilAContainerHas(/ImagePull/)
    const failed = await failedCalls(on.node.api)
    assert.equal(await on.release.crossing(), 'passes')
    assert.equal(await failedCalls(on.node.api), failed + 1)
    await on.release.helm('uninstall', 'refgrant', '--no-hooks')
  })
})
