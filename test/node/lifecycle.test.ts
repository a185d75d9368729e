import assert from 'node:assert/strict'
import path from 'node:path'
import { suite, test } from 'node:test'
import { until } from '../harness/until.ts'
import { assertJudged, type Load, underLoad } from './load.ts'
import { ONLY_LONG, onNode } from './on-node.ts'
import { FAIL } from './release.ts'

/** The chart of version 0.1.0, as Helm packed it. */
const FIRST_CHART = path.join(import.meta.dirname, 'refgrant-0.1.0.tgz')

/** Asserts that no write failed for want of an answer; while refgrant is out of the way, all pass. */
const assertNoneFailed = ({ unjudged, failed }: Load) =>
  assert.deepEqual({ unjudged, failed }, { unjudged: 0, failed: 0 })

for (const major of [4, 3] as const)
  suite(`the life of a release of Helm ${major} on a node`, ONLY_LONG, () => {
    const on = onNode(
      async (release) => {
        await release.installChart(FIRST_CHART, FAIL)
        await release.becomes('refused')
      },
      { helm: major },
    )

    test('each write is judged while it is upgraded from its first chart', async () => {
      const load = await underLoad(on.node.api, async () => {
        await on.release.upgrade(FAIL, 'image.tag=second')
        assert.equal(await on.release.crossing(), 'refused')
        await on.release.rolledOut()
      })
      assertJudged(load)
    })

    test('no write fails while it is switched off and on', async () => {
      const load = await underLoad(on.node.api, async () => {
        await on.release.documented('off')
        await on.release.becomes('passes')
        await on.release.documented('on')
        await on.release.becomes('refused')
      })
      assertNoneFailed(load)
    })

    test('while it is off, its pods restart, it is upgraded, and it stays off', async () => {
      await on.release.documented('off')
      await on.release.becomes('passes')
      await on.release.kubectl('rollout', 'restart', 'deployment/refgrant')
      await on.release.rolledOut()
      await on.release.upgrade(FAIL, 'image.tag=third')
      assert.equal(await on.release.crossing(), 'passes')
      await on.release.documented('on')
      await on.release.becomes('refused')
      await on.release.rolledOut()
      assertJudged(await underLoad(on.node.api, async () => {}))
    })

    test('is uninstalled under load, and leaves nothing', async (context) => {
      const load = await underLoad(on.node.api, async () => {
        // Helm 3 deletes the registration last (docs/install.md).
        if (major === 3) await on.release.documented('off')
        await on.release.helm('uninstall', 'refgrant', '--wait')
        await until('nothing is left', async () => (await on.release.left()).length === 0)
      })
      context.diagnostic(JSON.stringify({ ...load, wrong: load.wrong.length }))
      assertNoneFailed(load)
    })

    test('judges after it is installed again', async () => {
      await on.release.install()
      await on.release.becomes('refused')
    })
  })
