import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
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

  test('also ends a program that begins before its start returns', async () => {
    const script = `
      import { spawn } from 'node:child_process'
      import { writeSync } from 'node:fs'
      import { startChild } from ${JSON.stringify(CHILDREN)}
      startChild(() => {
        const child = spawn('sleep', ['600'], { stdio: 'ignore' })
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
