import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { failedCalls } from '../harness/control-plane/api-server-counts.ts'
import { until } from '../harness/until.ts'
import { assertJudged, underLoad } from './load.ts'
import { ONLY_LONG, onNode } from './on-node.ts'
import { FAIL, NAMESPACE } from './release.ts'

suite('on a node where something goes wrong', ONLY_LONG, () => {
  const on = onNode(async (release) => {
    await release.install(FAIL)
    await release.becomes('refused')
  })

  test('a new image that cannot start leaves the old replicas to judge', async (context) => {
    const load = await underLoad(on.node.api, async () => {
      await on.release.startUpgrade(FAIL, 'image.repository=busybox')
      await on.release.untilAContainerHas(/CrashLoopBackOff/)
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('each write is judged while the upgrade is rolled back', async () => {
    const load = await underLoad(on.node.api, async () => {
      await on.release.helm('rollback', 'refgrant', '--wait')
      await on.release.rolledOut()
    })
    assertJudged(load)
  })

  test('each write is judged while the pods restart', async (context) => {
    const load = await underLoad(on.node.api, async () => {
      await on.release.kubectl('rollout', 'restart', 'deployment/refgrant')
      await on.release.rolledOut()
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('a drain of the only node evicts one replica, and waits for another in vain, while each write is judged', async (context) => {
    const load = await underLoad(on.node.api, async () => {
      const drain = ['drain', 'node', '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=20s']
      const selector = '--pod-selector=app.kubernetes.io/name=refgrant'
      await assert.rejects(on.node.kubectl(...drain, selector), /Cannot evict pod.*disruption budget/s)
      await on.node.kubectl('uncordon', 'node')
      await on.release.rolledOut()
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('each write is judged while a pod is evicted', async (context) => {
    const load = await underLoad(on.node.api, async () => {
      const name = (await on.release.pods())[0]?.metadata.name
      const metadata = { name, namespace: NAMESPACE }
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata }
      await on.node.api.must('POST', `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`, eviction)
      await until('the pod is gone', async () =>
        (await on.release.pods()).every(({ metadata }) => metadata.name !== name),
      )
      await on.release.rolledOut()
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('a replica that the kernel kills for memory loses reviews until its endpoint is gone, and no others', async (context) => {
    const killing = await underLoad(on.node.api, async () => {
      const hog = await exhaustMemory()
      await on.release.untilAContainerHas(/OOMKilled/)
      hog.kill('SIGKILL')
      await on.release.rolledOut()
    })
    context.diagnostic(JSON.stringify(killing))
    assert.deepEqual(killing.wrong.slice(0, 3), [])
    // Writes of grants, which get advice under Ignore, may lose it too.
    assert.ok(killing.unjudged <= killing.failed, JSON.stringify(killing))
    assertJudged(await underLoad(on.node.api, async () => {}))
  })

  test('without a pod, a write is refused with a text of docs/troubleshooting.md, and passes once there are pods', async () => {
    await on.release.kubectl('scale', 'deployment/refgrant', '--replicas=0')
    const refusal = await until('a write is refused without a verdict', async () => {
      const said = await on.release.refusal()
      return said?.includes('failed calling webhook "deny.refgrant.dev"') && said
    })
    assert.match(refusal, /connection refused|no endpoints available for service "refgrant"/)
    await on.release.kubectl('scale', 'deployment/refgrant', '--replicas=2')
    await on.release.becomes('refused')
    await on.release.rolledOut()
  })

  test('under failurePolicy Ignore, an image that cannot be pulled blocks no write', async () => {
    await on.release.upgrade('configuration.failurePolicy=Ignore')
    await on.release.kubectl('scale', 'deployment/refgrant', '--replicas=0')
    await until('no pod is left', async () => (await on.release.pods()).length === 0)
    await on.release.startUpgrade('image.repository=nothing')
    await on.release.kubectl('scale', 'deployment/refgrant', '--replicas=2')
    await on.release.untilAContainerHas(/ImagePull/)
    await on.release.becomes('passes')
    const before = await failedCalls(on.node.api)
    assert.equal(await on.release.crossing(), 'passes')
    assert.equal((await failedCalls(on.node.api)) - before, 1)
    await on.release.upgrade()
    await on.release.becomes('refused')
  })

  /** Fills the memory of one of refgrant's containers, by a process that the kernel spares longer than refgrant. */
  async function exhaustMemory(): Promise<ChildProcess> {
    const id = (await on.release.pods())[0]?.status.containerStatuses?.[0]?.containerID?.replace('containerd://', '')
    const [group = ''] = globSync(path.join(on.node.groupOf('memory'), 'kubepods/*/*', id ?? ''))
    const fill = 'const all = []; setInterval(() => all.push(Buffer.alloc(2 ** 20, 1)), 1)'
    const argv = [path.join(group, 'cgroup.procs'), process.execPath, '--eval', fill]
    return spawn('sh', ['-c', 'echo $$ > "$0" && exec "$@"', ...argv], { stdio: 'ignore' })
  }
})
