import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { failedCalls } from '../harness/control-plane/api-server-counts.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'
import { startGatewayCluster } from './gateway-cluster.ts'
import { assertJudged, underLoad } from './load.ts'
import type { Node } from './node.ts'
import { FAIL, NAMESPACE, Release } from './release.ts'

suite('on a node where something goes wrong', { skip: !LONG && 'it takes minutes: make test-long' }, () => {
  let node: Node
  let release: Release
  before(async () => {
    node = await startGatewayCluster()
    release = await Release.on(node)
    await release.install(FAIL)
    await release.becomes('refused')
  })
  after(() => node?.stop())

  test('a new image that cannot start leaves the old replicas to judge', async (context) => {
    const load = await underLoad(node.api, async () => {
      await release.startUpgrade(FAIL, 'image.repository=busybox')
      await release.untilAContainerHas(/CrashLoopBackOff/)
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('each write is judged while the upgrade is rolled back', async () => {
    const load = await underLoad(node.api, async () => {
      await release.helm('rollback', 'refgrant', '--wait')
      await release.rolledOut()
    })
    assertJudged(load)
  })

  test('each write is judged while a pod is evicted', async (context) => {
    const load = await underLoad(node.api, async () => {
      const name = (await release.pods())[0]?.metadata.name
      const metadata = { name, namespace: NAMESPACE }
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata }
      await node.api.must('POST', `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`, eviction)
      await until('the pod is gone', async () => (await release.pods()).every(({ metadata }) => metadata.name !== name))
      await release.rolledOut()
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('a replica that the kernel kills for memory loses reviews until its endpoint is gone, and no others', async (context) => {
    const killing = await underLoad(node.api, async () => {
      const hog = await exhaustMemory()
      await release.untilAContainerHas(/OOMKilled/)
      hog.kill('SIGKILL')
      await release.rolledOut()
    })
    context.diagnostic(JSON.stringify(killing))
    assert.deepEqual(killing.wrong.slice(0, 3), [])
    assertJudged(await underLoad(node.api, async () => {}))
  })

  test('under failurePolicy Ignore, an image that cannot be pulled blocks no write', async () => {
    await release.upgrade('configuration.failurePolicy=Ignore')
    await release.kubectl('scale', 'deployment/refgrant', '--replicas=0')
    await until('no pod is left', async () => (await release.pods()).length === 0)
    await release.startUpgrade('image.repository=nothing')
    await release.kubectl('scale', 'deployment/refgrant', '--replicas=2')
    await release.untilAContainerHas(/ImagePull/)
    await release.becomes('passes')
    const before = await failedCalls(node.api)
    assert.equal(await release.crossing(), 'passes')
    assert.equal((await failedCalls(node.api)) - before, 1)
    await release.upgrade()
    await release.becomes('refused')
  })

  /** Fills the memory of one of refgrant's containers, by a process that the kernel spares longer than refgrant. */
  async function exhaustMemory(): Promise<ChildProcess> {
    const id = (await release.pods())[0]?.status.containerStatuses?.[0]?.containerID?.replace('containerd://', '')
    const [group = ''] = globSync(path.join(node.groupOf('memory'), 'kubepods/*/*', id ?? ''))
    const fill = 'const all = []; setInterval(() => all.push(Buffer.alloc(2 ** 20, 1)), 1)'
    const argv = [path.join(group, 'cgroup.procs'), process.execPath, '--eval', fill]
    return spawn('sh', ['-c', 'echo $$ > "$0" && exec "$@"', ...argv], { stdio: 'ignore' })
  }
})
