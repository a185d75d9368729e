import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { LONG } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'
import { startGatewayCluster } from './gateway-cluster.ts'
import { assertJudged, type Load, underLoad } from './load.ts'
import type { Node } from './node.ts'
import { FAIL, Release } from './release.ts'

/** The chart of version 0.1.0, as Helm packed it. */
const FIRST_CHART = path.join(import.meta.dirname, 'refgrant-0.1.0.tgz')

/** Asserts that no write failed for want of an answer; while refgrant is out of the way, all pass. */
const assertNoneFailed = ({ unjudged, failed }: Load) =>
  assert.deepEqual({ unjudged, failed }, { unjudged: 0, failed: 0 })

for (const major of [4, 3] as const)
  suite(`the life of a release of Helm ${major} on a node`, {
    skip: !LONG && 'it takes minutes: make test-long',
  }, () => {
    let node: Node
    let release: Release
    before(async () => {
      node = await startGatewayCluster()
      release = await Release.on(node, major)
      await release.installChart(FIRST_CHART, FAIL)
      await release.becomes('refused')
    })
    after(() => node?.stop())

    test('each write is judged while it is upgraded from its first chart', async () => {
      const load = await underLoad(node.api, async () => {
        await release.upgrade(FAIL, 'image.tag=second')
        assert.equal(await release.crossing(), 'refused')
        await release.rolledOut()
      })
      assertJudged(load)
    })

    test('no write fails while it is switched off and on', async () => {
      const load = await underLoad(node.api, async () => {
        await release.documented('off')
        await release.becomes('passes')
        await release.documented('on')
        await release.becomes('refused')
      })
      assertNoneFailed(load)
    })

    test('while it is off, its pods restart, it is upgraded, and it stays off', async () => {
      await release.documented('off')
      await release.becomes('passes')
      await release.kubectl('rollout', 'restart', 'deployment/refgrant')
      await release.rolledOut()
      await release.upgrade(FAIL, 'image.tag=third')
      assert.equal(await release.crossing(), 'passes')
      await release.documented('on')
      await release.becomes('refused')
      await release.rolledOut()
      assertJudged(await underLoad(node.api, async () => {}))
    })

    test('is uninstalled under load, and leaves nothing', async (context) => {
      const load = await underLoad(node.api, async () => {
        // Helm 3 deletes the registration last (docs/install.md).
        if (major === 3) await release.documented('off')
        await release.helm('uninstall', 'refgrant', '--wait')
        await until('nothing is left', async () => (await release.left()).length === 0)
      })
      context.diagnostic(JSON.stringify({ ...load, wrong: load.wrong.length }))
      assertNoneFailed(load)
    })

    test('judges after it is installed again', async () => {
      await release.install()
      await release.becomes('refused')
    })
  })
