import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { grant } from '../harness/objects/objects.ts'
import { until } from '../harness/until.ts'
import { assertJudged, underLoad } from './load.ts'
import { onNode } from './on-node.ts'
import { FAIL } from './release.ts'

suite('refgrant on a node', () => {
  const on = onNode()

  test('refuses what no grant permits, once it is installed', async () => {
    await on.release.install()
    await on.release.becomes('refused')
    await on.node.api.apply(grant({ name: 'payments', to: 'payments' }))
    assert.equal(await on.release.crossing(), 'passes')
    await on.node.api.delete(grant({ name: 'payments', to: 'payments' }))
  })

  test('passes the probe, which shows what it saw and leaves nothing', async () => {
    const said = await on.release.helm('test', 'refgrant')
    assert.match(said, /has mode deny: the API server refused a route without a grant, and allowed it with one/)
    const suites = [...said.matchAll(/^TEST SUITE: +(.*)$/gm)].map(([, name]) => name).sort()
    assert.deepEqual(suites, ['refgrant-probe', 'refgrant-probe-rights'])
    assert.equal(await on.node.kubectl('get', 'jobs,referencegrants', '--all-namespaces', '--output=name'), '')
  })

  test('is seen by the commands of docs/troubleshooting.md', async () => {
    const said = await on.release.documented('look', 'docs/troubleshooting.md')
    for (const seen of [/refgrant-\S+ +1\/1 +Running/, /"msg":"review"/, /^\[\+\]certificate/m, /^ok$/m])
      assert.match(said, seen)
  })

  test('judges each write while it is upgraded, the first one after the upgrade included', async (context) => {
    await on.release.upgrade(FAIL)
    const load = await underLoad(on.node.api, async () => {
      await on.release.upgrade(FAIL, 'image.tag=second')
      assert.equal(await on.release.crossing(), 'refused')
      await on.release.rolledOut()
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('judges nothing while it is off, and again once it is on', async () => {
    await on.release.documented('off')
    await on.release.becomes('passes')
    await assert.rejects(on.release.helm('test', 'refgrant'), /refgrant is switched off: /)
    const pods = JSON.parse(await on.release.kubectl('get', 'pods', '-l', 'job-name=refgrant-probe', '-o', 'json'))
    assert.equal(pods.items.length, 1)
    await on.release.documented('on')
    await on.release.becomes('refused')
    // It replaces the Job that failed.
    await on.release.helm('test', 'refgrant')
  })

  test('leaves nothing when it is uninstalled', async () => {
    await on.release.helm('uninstall', 'refgrant', '--wait')
    assert.equal(await on.release.crossing(), 'passes')
    await until('nothing is left', async () => (await on.release.left()).length === 0)
  })
})
