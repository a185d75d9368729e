import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { processesWith, said } from '../harness/program/processes.ts'
import { run } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'
import { type Node, startNode } from './node.ts'

/** A program that can start a node. */
const IMPORT = `const { startNode } = await import('${path.join(import.meta.dirname, 'node.ts')}')`

/** Asks the API server as a pod does, and prints what it says. */
const ASK = 'wget -q -O - --no-check-certificate https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/readyz'

suite('a node', () => {
  let node: Node
  before(async () => {
    node = await startNode()
  })
  after(() => node?.stop())

  test('runs a pod, which reaches the API server through its service', async () => {
    await node.kubectl('run', 'asker', '--image=127.0.0.1:5000/busybox:any', '--restart=Never', '--', 'sh', '-c', ASK)
    const answer = await until('the pod has asked', () => node.kubectl('logs', 'asker').catch(() => undefined))
    assert.equal(answer, 'ok')
  })
})

suite('the end of a node', () => {
  test('leaves no process and no control group', async () => {
    const { folder, groupOf, stop } = await startNode()
    const groups = ['memory', 'pids'].map(groupOf)
    assert.ok(groups.every(existsSync))
    await stop()
    assert.ok(!groups.some(existsSync))
    assert.deepEqual(await processesWith(folder), [])
  })

  test('comes when the process that started it is killed', async () => {
    const starter = `${IMPORT}; const { folder } = await startNode(); console.log('started', folder, '.')`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', starter])
    const [, folder = ''] = /started (\S+) \./.exec(await said(child, ' .')) ?? []
    assert.notDeepEqual(await processesWith(folder), [])
    child.kill('SIGKILL')
    await once(child, 'exit')
    await until('its processes are gone', async () => (await processesWith(folder)).length === 0)
    rmSync(folder, { recursive: true })
  })
})

test('without root, there is no node, and the reason is told', async () => {
  process.seteuid?.(65_534)
  try {
    await assert.rejects(startNode(), /^Error: a node needs root, /)
  } finally {
    process.seteuid?.(0)
  }
})

test('with control groups of version 2 alone, there is no node, and the reason is told', async () => {
  const alone = ['--mount', 'sh', '-c', 'umount --all --types cgroup && exec "$@"', 'sh']
  const start = [process.execPath, '--input-type=module', '--eval', `${IMPORT}; await startNode()`]
  const { code, stderr } = await run('unshare', [...alone, ...start])
  assert.equal(code, 1)
  assert.match(stderr, /Error: a node needs control groups of version 1, and this machine has none/)
})
