import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { grant } from '../harness/objects/objects.ts'
import { until } from '../harness/until.ts'
import { startGatewayCluster } from './gateway-cluster.ts'
import { assertJudged, underLoad } from './load.ts'
import type { Node } from './node.ts'
import { FAIL, Release } from './release.ts'

suite('refgrant on a node', () => {
  let node: Node
  let release: Release
  before(async () => {
    node = await startGatewayCluster()
  })
  after(() => node?.stop())

  test('refuses what no grant permits, once it is installed', async () => {
    release = await Release.on(node)
    await release.install()
    await release.becomes('refused')
    await node.api.apply(grant({ name: 'payments', to: 'payments' }))
    assert.equal(await release.crossing(), 'passes')
    await node.api.delete(grant({ name: 'payments', to: 'payments' }))
  })

  test('passes the probe, which shows what it saw and leaves nothing', async () => {
    const said = await release.helm('test', 'refgrant')
    assert.match(said, /has mode deny: the API server refused a route without a grant, and allowed it with one/)
    const suites = [...said.matchAll(/^TEST SUITE: +(.*)$/gm)].map(([, name]) => name).sort()
    assert.deepEqual(suites, ['refgrant-probe', 'refgrant-probe-rights'])
    assert.equal(await node.kubectl('get', 'jobs,referencegrants', '--all-namespaces', '--output=name'), '')
  })

  test('is seen by the commands of docs/troubleshooting.md', async () => {
    const said = await release.documented('look', 'docs/troubleshooting.md')
    for (const seen of [/refgrant-\S+ +1\/1 +Running/, /"msg":"review"/, /^\[\+\]certificate/m, /^ok$/m])
      assert.match(said, seen)
  })

  test('judges each write while it is upgraded, the first one after the upgrade included', async (context) => {
    await release.upgrade(FAIL)
    const load = await underLoad(node.api, async () => {
      await release.upgrade(FAIL, 'image.tag=second')
      assert.equal(await release.crossing(), 'refused')
      await release.rolledOut()
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('judges nothing while it is off, and again once it is on', async () => {
    await release.documented('off')
    await release.becomes('passes')
    await assert.rejects(release.helm('test', 'refgrant'), /refgrant is switched off: /)
    const pods = JSON.parse(await release.kubectl('get', 'pods', '-l', 'job-name=refgrant-probe', '-o', 'json'))
    assert.equal(pods.items.length, 1)
    await release.documented('on')
    await release.becomes('refused')
    // It replaces the Job that failed.
    await release.helm('test', 'refgrant')
  })

  test('leaves nothing when it is uninstalled', async () => {
    await release.helm('uninstall', 'refgrant', '--wait')
    assert.equal(await release.crossing(), 'passes')
    await until('nothing is left', async () => (await release.left()).length === 0)
  })
})
