import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { until } from '../harness/api-client.ts'
import { binaries, cacheFolder } from '../harness/binaries.ts'
import { processesWith } from '../harness/processes.ts'
import { run } from '../harness/run.ts'

let home: string

// A cache of its own, so that a sandbox that somebody runs on this machine is not in the way; the binaries are shared.
before(async () => {
  const { folder } = await binaries()
  home = await mkdtemp(path.join(tmpdir(), 'refgrant-sandbox-'))
  await run('mkdir', ['-p', path.join(home, 'refgrant')])
  await symlink(folder, path.join(home, 'refgrant', path.basename(folder)))
  assert.notEqual(home, cacheFolder)
  await run(process.execPath, ['src/cli.ts', 'certs', '--out', 'certs', '--keep'])
})

function sandbox(): ChildProcess {
  const env = { ...process.env, XDG_CACHE_HOME: home }
  return spawn(process.execPath, ['test/sandbox/sandbox.ts'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Waits until the sandbox has said this, on either stream. */
async function said(child: ChildProcess, text: string): Promise<void> {
  let output = ''
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk
      if (output.includes(text)) resolve()
    })
  }
  child.once('exit', () => reject(new Error(`the sandbox ended without saying "${text}":\n${output}`)))
  await promise
}

/** The processes of this test's sandboxes. */
async function leftBehind(): Promise<string[]> {
  return processesWith(home)
}

suite('make sandbox', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  const moments = [
    'starting etcd and kube-apiserver',
    'installing the CRDs',
    'starting refgrant under its own service account',
    'Ready: a real API server',
  ]
  for (const moment of moments) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      test(`interrupted by ${signal} after "${moment}" leaves no process behind`, async () => {
        const child = sandbox()
        const exited = once(child, 'exit')
        await said(child, moment)
        child.kill(signal)
        await exited
        assert.deepEqual(await leftBehind(), [])
      })
    }
  }

  test('killed, it leaves no process behind', async () => {
    const child = sandbox()
    await said(child, 'Ready: a real API server')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await until('all have ended', async () => (await leftBehind()).length === 0)
  })

  test('says that one is running', async () => {
    const first = sandbox()
    await said(first, 'Ready: a real API server')
    const second = sandbox()
    const exit = once(second, 'exit')
    await said(second, 'a sandbox is running on this machine already')
    assert.equal((await exit)[0], 1)
    first.kill('SIGINT')
    await once(first, 'exit')
    assert.deepEqual(await leftBehind(), [])
  })
})
