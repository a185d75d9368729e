import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { assertJudged, underLoad } from './load.ts'
import { ONLY_LONG, onNode } from './on-node.ts'
import { FAIL } from './release.ts'

suite('on two nodes', ONLY_LONG, () => {
  const on = onNode(
    async (release) => {
      await release.install(FAIL)
      await release.becomes('refused')
    },
    { nodes: 2 },
  )

  const places = async () => (await on.release.pods()).map(({ spec }) => spec.nodeName).toSorted()

  for (const node of ['node-2', 'node'])
    test(`each write is judged while ${node} is drained, and comes back`, async (context) => {
      if (node === 'node-2') assert.deepEqual(await places(), ['node', 'node-2'])
      const load = await underLoad(on.node.api, async () => {
        const flags = ['--ignore-daemonsets', '--delete-emptydir-data', '--timeout=180s']
        await on.node.kubectl('drain', node, ...flags)
        await on.release.rolledOut()
        assert.ok(!(await places()).includes(node))
        await on.node.kubectl('uncordon', node)
      })
      context.diagnostic(JSON.stringify(load))
      assertJudged(load)
    })
})
