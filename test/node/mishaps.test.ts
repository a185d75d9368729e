import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { route } from '../harness/objects/objects.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'
import { startGatewayCluster } from './gateway-cluster.ts'
import { assertJudged, failedCalls, underLoad } from './load.ts'
import type { Node } from './node.ts'
import { install, pods, REGISTRY, rolledOut } from './plain.ts'

const CROSSING = route({ name: 'checkout', backends: [['payments', 'billing']] })
const NAMESPACE = '--namespace=refgrant-system'
const REGISTRATION = ['validatingwebhookconfiguration', 'refgrant']

suite('refgrant on a node where something goes wrong', { skip: !LONG && 'it takes minutes: make test-long' }, () => {
  let node: Node
  const crossing = async () => (await node.api.create(CROSSING, '?dryRun=All')).status
  const setImage = (image: string) =>
    node.kubectl(NAMESPACE, 'set', 'image', 'deployment/refgrant', `refgrant=${REGISTRY}/${image}`)
  /** Waits until a container waits for one of these reasons, or has. */
  const untilAContainerHas = (reason: RegExp) =>
    until(`a container has ${reason}`, async () => {
      const containers = (await pods(node)).flatMap(({ status }) => status.containerStatuses ?? [])
      return containers.some(({ state, lastState }) =>
        reason.test(`${state.waiting?.reason} ${lastState.terminated?.reason}`),
      )
    })

  before(async () => {
    node = await startGatewayCluster()
    await install(node)
    await until('a route is refused', async () => (await crossing()) === 403)
  })
  after(() => node?.stop())

  test('a new image that cannot start leaves the old replicas to judge', async (context) => {
    const load = await underLoad(node.api, async () => {
      await setImage('busybox:1')
      await untilAContainerHas(/CrashLoopBackOff/)
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('each write is judged while the upgrade is rolled back', async () => {
    const load = await underLoad(node.api, async () => {
      await node.kubectl(NAMESPACE, 'rollout', 'undo', 'deployment/refgrant')
      await rolledOut(node)
    })
    assertJudged(load)
  })

  test('each write is judged while a pod is evicted', async (context) => {
    const load = await underLoad(node.api, async () => {
      const [pod] = await pods(node)
      const { name } = pod?.metadata ?? {}
      const metadata = { name, namespace: 'refgrant-system' }
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata }
      await node.api.must('POST', `/api/v1/namespaces/refgrant-system/pods/${name}/eviction`, eviction)
      await until('the pod is gone', async () => (await pods(node)).every(({ metadata }) => metadata.name !== name))
      await rolledOut(node)
    })
    context.diagnostic(JSON.stringify(load))
    assertJudged(load)
  })

  test('a replica that the kernel kills for memory loses reviews until its endpoint is gone, and no others', async (context) => {
    const killing = await underLoad(node.api, async () => {
      const hog = await exhaustMemory(node)
      await untilAContainerHas(/OOMKilled/)
      hog.kill('SIGKILL')
      await rolledOut(node)
    })
    context.diagnostic(JSON.stringify(killing))
    assert.deepEqual(killing.wrong.slice(0, 3), [])
    assertJudged(await underLoad(node.api, async () => {}))
  })

  test('no write fails while the registration is deleted and applied again', async (context) => {
    const registration = await node.kubectl('get', ...REGISTRATION, '--output=json')
    const { unjudged, failed, ...rest } = await underLoad(node.api, async () => {
      await node.kubectl('delete', ...REGISTRATION)
      await until('a route is accepted', async () => (await crossing()) === 201)
      await node.kubectl(NAMESPACE, 'rollout', 'restart', 'deployment/refgrant')
      await rolledOut(node)
      const { metadata, ...object } = JSON.parse(registration)
      await node.api.apply({ ...object, metadata: { name: metadata.name, labels: metadata.labels } })
      await until('a route is refused', async () => (await crossing()) === 403)
    })
    context.diagnostic(JSON.stringify({ unjudged, failed, permitted: rest.permitted, denied: rest.denied }))
    assert.deepEqual({ unjudged, failed }, { unjudged: 0, failed: 0 })
  })

  test('under failurePolicy Ignore, an image that cannot be pulled blocks no write', async () => {
    const ignore = JSON.stringify([{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }])
    await node.kubectl('patch', ...REGISTRATION, '--type=json', `--patch=${ignore}`)
    await node.kubectl(NAMESPACE, 'scale', 'deployment/refgrant', '--replicas=0')
    await setImage('nothing:1')
    await node.kubectl(NAMESPACE, 'scale', 'deployment/refgrant', '--replicas=2')
    await untilAContainerHas(/ImagePull/)
    await until('no replica is left', async () => (await crossing()) === 201)
    const before = await failedCalls(node.api)
    assert.equal(await crossing(), 201)
    assert.equal((await failedCalls(node.api)) - before, 1)
    await setImage('refgrant:1')
    await rolledOut(node)
    await until('a route is refused', async () => (await crossing()) === 403)
  })
})

/** Fills the memory of one of refgrant's containers, by a process that the kernel spares longer than refgrant. */
async function exhaustMemory(node: Node): Promise<ChildProcess> {
  const [pod] = await pods(node)
  const id = pod?.status.containerStatuses?.[0]?.containerID?.replace('containerd://', '')
  const [group = ''] = globSync(path.join(node.groupOf('memory'), 'kubepods/*/*', id ?? ''))
  const fill = 'const all = []; setInterval(() => all.push(Buffer.alloc(2 ** 20, 1)), 1)'
  const join = 'echo $$ > "$0" && exec "$@"'
  return spawn('sh', ['-c', join, path.join(group, 'cgroup.procs'), process.execPath, '--eval', fill], {
    stdio: 'ignore',
  })
}
