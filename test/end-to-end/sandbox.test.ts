import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { binaries } from '../harness/control-plane/binaries.ts'
import { cacheFolder } from '../harness/control-plane/go-programs.ts'
import { newFolder } from '../harness/folders.ts'
import { refgrant } from '../harness/program/cli.ts'
import { processesWith, said } from '../harness/program/processes.ts'
import { run } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'

let home: string

// A cache of its own, so that a sandbox that somebody runs on this machine is not in the way; the binaries are shared.
before(async () => {
  const { folder } = await binaries()
  home = newFolder()
  await run('mkdir', ['-p', path.join(home, 'refgrant')])
  await symlink(folder, path.join(home, 'refgrant', path.basename(folder)))
  assert.notEqual(home, cacheFolder)
  await refgrant(['certs', '--out', 'certs', '--keep'])
})

function sandbox(more: Record<string, string> = {}): ChildProcess {
  const env = { ...process.env, XDG_CACHE_HOME: home, ...more }
  return spawn(process.execPath, ['test/sandbox/sandbox.ts'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
}

/** Signals it: SIGINT as a Ctrl-C of a terminal does, which all processes of the group get. */
function interrupt(child: ChildProcess, signal: NodeJS.Signals): void {
  process.kill(signal === 'SIGINT' ? -(child.pid as number) : (child.pid as number), signal)
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
        let last = ''
        for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (last += `${chunk}`))
        interrupt(child, signal)
        await exited
        assert.deepEqual(await leftBehind(), [])
        assert.doesNotMatch(last, /signal/)
        if (moment.startsWith('Ready')) assert.equal(last.replace(/^[\s\S]*press Ctrl-C\.\n\n/, ''), '\nstopping\n')
      })
    }
  }

  test('runs the programs of KUBEBUILDER_ASSETS, and says how to call what a refusal names', async () => {
    const assets = newFolder()
    for (const name of ['etcd', 'kube-apiserver', 'kubectl'] as const)
      await symlink((await binaries()).path(name), path.join(assets, name))
    // Without a cache, and without a compiler's work folder: nothing can come from anywhere else.
    const child = sandbox({
      KUBEBUILDER_ASSETS: assets,
      XDG_CACHE_HOME: newFolder(),
    })
    const exited = once(child, 'exit')
    const output = await said(child, 'press Ctrl-C')
    assert.ok(output.includes(`PATH=${assets}:$PATH`), output)
    const commands = (await processesWith(assets)).map((line) => line.split(' ')[1])
    for (const name of ['etcd', 'kube-apiserver'])
      assert.ok(commands.includes(path.join(assets, name)), commands.join())
    const [definition] = output.match(/^ +refgrant\(\) .*$/m) ?? []
    const [call] = output.match(/^ +refgrant grant -f \S+/m) ?? []
    const { stdout } = await run('bash', ['-c', `${definition}\n${call}`])
    assert.match(stdout, /^kind: ReferenceGrant$/m)
    const [kubeconfig] = output.match(/^ +export \S+/m) ?? []
    const [health, metrics, diff, audit] = output.match(/^ +(curl|refgrant manifests|grep) .*$/gm) ?? []
    for (const [command, says] of [
      [health, /^\[\+\]registration/m],
      [metrics, /^refgrant_grants 0$/m],
      [`${diff}\necho "exit code $?"`, /^exit code 0$/m],
      [audit, /"deny\.refgrant\.dev\/decision":"refused"/],
    ] as const)
      assert.match((await run('bash', ['-c', `${kubeconfig}\n${definition}\n${command}`])).stdout, says)
    child.kill('SIGINT')
    await exited
  })

  test('goes by the configuration that it is given, and lets kubectl apply change its objects', async () => {
    const config = path.join(newFolder(), 'warn.yaml')
    await writeFile(config, 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\nmode: warn\n')
    const child = sandbox({ REFGRANT_CONFIG: config })
    const exited = once(child, 'exit')
    const output = await said(child, 'press Ctrl-C')
    const [definition] = output.match(/^ +refgrant\(\) .*$/m) ?? []
    const [environment] = output.match(/^ +export .*$/m) ?? []
    const bash = (command: string) => run('bash', ['-c', `${environment}\n${definition}\n${command}`])
    assert.match(
      (await bash('kubectl apply -f test/sandbox/route.yaml')).stderr,
      /^Warning: .* no ReferenceGrant permits/,
    )
    const [diff] = output.match(/^ +refgrant manifests .*$/m) ?? []
    assert.deepEqual(await bash(diff ?? ''), { code: 0, stdout: '', stderr: '' })
    const manifests = diff?.replace('--diff', '').replace(/#.*/, '')
    const applied = await bash(
      `${manifests} | kubectl apply -f - && kubectl create namespace shop -o yaml --dry-run=client | kubectl apply -f -`,
    )
    assert.equal(applied.code, 0)
    assert.doesNotMatch(applied.stderr, /last-applied-configuration/)
    child.kill('SIGINT')
    await exited
  })

  test('refuses a configuration that it cannot use before it starts anything', async () => {
    const file = path.join(home, 'none.yaml')
    const { code, stdout, stderr } = await run(process.execPath, ['test/sandbox/sandbox.ts'], {
      env: { REFGRANT_CONFIG: file },
    })
    const reason = 'no such file or directory (name a configuration with --config)'
    assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: `refgrant: ${file}: ${reason}\n` })
  })

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
    await said(second, 'a sandbox already runs on this machine')
    assert.equal((await exit)[0], 1)
    first.kill('SIGINT')
    await once(first, 'exit')
    assert.deepEqual(await leftBehind(), [])
  })
})
