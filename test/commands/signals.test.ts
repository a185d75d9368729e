import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { CLI } from '../harness/program/cli.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'
import { until } from '../harness/until.ts'

/** Returns a folder with a program that hangs, and whether the program runs after it has begun. */
function hanging(t: TestContext, name: string) {
  const folder = folderWith({ [name]: '#!/bin/sh\necho $$ > "$0.new"; mv "$0.new" "$0.id"; exec sleep 600\n' })
  const command = path.join(folder, name)
  chmodSync(command, 0o755)
  const id = () => Number(readFileSync(`${command}.id`, 'utf8'))
  const isRunning = () => existsSync(`/proc/${id()}`)
  t.after(() => {
    if (isRunning()) process.kill(id(), 'SIGKILL')
  })
  return { folder, command, isRunning, hasBegun: () => existsSync(`${command}.id`) }
}

const CHILDREN = path.join(import.meta.dirname, '../../src/system/children.ts')

const isLinux = process.platform === 'linux'

suite('a signal that ends a command', { concurrency: 2, skip: !isLinux && 'reads /proc' }, () => {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    test(`also ends its credential plugin: ${signal}`, async (t) => {
      const server = await FakeApiServer.start()
      t.after(() => server.close())
      const { command, hasBegun, isRunning } = hanging(t, 'plugin')
      const apiVersion = 'client.authentication.k8s.io/v1'
      const kubeconfig = server.kubeconfig({ tester: { exec: { apiVersion, command, interactiveMode: 'Never' } } })
      const child = spawn(process.execPath, [CLI, 'audit', '--kubeconfig', kubeconfig], { stdio: 'ignore' })
      const ended = once(child, 'exit')
      await until('the plugin runs', hasBegun)
      child.kill(signal)
      assert.deepEqual(await ended, [null, signal])
      await until('the plugin has ended', () => !isRunning())
    })
  }

  test('also ends the program that renders a kustomization', async (t) => {
    const { folder, hasBegun, isRunning } = hanging(t, 'kubectl')
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` }
    const child = spawn(process.execPath, [CLI, 'check', '-k', folder], { env, stdio: 'ignore' })
    const ended = once(child, 'exit')
    await until('the program runs', hasBegun)
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [null, 'SIGTERM'])
    await until('the program has ended', () => !isRunning())
  })

  test('also removes the files of a revision', async (t) => {
    const { folder, command, hasBegun, isRunning } = hanging(t, 'hang')
    const git = `#!/bin/sh\ncase "$*" in *cat-file*) exec ${command};; *rev-parse*toplevel*) pwd;; *) echo 0;; esac\n`
    const programs = folderWith({ git })
    chmodSync(path.join(programs, 'git'), 0o755)
    const temporary = path.join(folder, 'temporary')
    mkdirSync(temporary)
    const env = { ...process.env, PATH: `${programs}:${process.env.PATH}`, TMPDIR: temporary }
    const argv = [CLI, 'check', '.', '--baseline', 'HEAD']
    const child = spawn(process.execPath, argv, { cwd: folderWith({ 'a.yaml': ROUTE }), env, stdio: 'ignore' })
    const ended = once(child, 'exit')
    await until('git runs', hasBegun)
    assert.match(readdirSync(temporary).join(), /^refgrant-\w+$/)
    child.kill('SIGHUP')
    assert.deepEqual(await ended, [null, 'SIGHUP'])
    assert.deepEqual(readdirSync(temporary), [])
    await until('git has ended', () => !isRunning())
  })

  test('also ends what these programs have started, if there is no terminal that would', async (t) => {
    const { folder, command, hasBegun, isRunning } = hanging(t, 'grandchild')
    const kubectl = `#!/bin/sh\n"${command}" &\nwait\n`
    const programs = folderWith({ kubectl })
    chmodSync(path.join(programs, 'kubectl'), 0o755)
    const env = { ...process.env, PATH: `${programs}:${process.env.PATH}` }
    // In a session of its own, it has no terminal.
    const child = spawn(process.execPath, [CLI, 'check', '-k', folder], { env, stdio: 'ignore', detached: true })
    const ended = once(child, 'exit')
    await until('the program runs', hasBegun)
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [null, 'SIGTERM'])
    await until('the program has ended', () => !isRunning())
  })

  test('leaves these programs the terminal, if there is one', async () => {
    const folder = folderWith({ kubectl: '#!/bin/sh\necho asked > /dev/tty\nexit 1\n' })
    chmodSync(path.join(folder, 'kubectl'), 0o755)
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, NODE: process.execPath, CLI, FOLDER: folder }
    const child = spawn('script', ['-qec', '"$NODE" "$CLI" check -k "$FOLDER"', '/dev/null'], {
      ...{ env, stdio: ['ignore', 'pipe', 'inherit'] },
    })
    assert.match(await text(child.stdout), /asked/)
  })

  test('also ends a program that begins before its start returns', async () => {
    const script = `
      import { spawn } from 'node:child_process'
      import { writeSync } from 'node:fs'
      import { startChild } from ${JSON.stringify(CHILDREN)}
      startChild((how) => {
        const child = spawn('sleep', ['600'], { ...how, stdio: 'ignore' })
        writeSync(1, String(child.pid))
        process.kill(process.pid, 'SIGHUP')
        return child
      })`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    const id = await text(child.stdout)
    assert.deepEqual(await ended, [null, 'SIGHUP'])
    assert.match(id, /^\d+$/)
    await until('the program has ended', () => !existsSync(`/proc/${id}`))
  })
})
