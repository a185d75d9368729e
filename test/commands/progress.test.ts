import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { CLI } from '../harness/program/cli.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'
import { until } from '../harness/until.ts'

const PROGRESS = /^(looking|reading|judging|explaining) /
const CLEAR = '\r\x1b[K'

/** Runs refgrant on a terminal, which `script` of util-linux makes; `redirect` leads a stream elsewhere. */
function onTerminal(argv: readonly string[], cwd: string, redirect = '') {
  const command = [process.execPath, CLI, ...argv].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['--quiet', '--return', '--command', `exec ${command} ${redirect}`, '/dev/null'], {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const run = { child, said: '', ended: once(child, 'exit') }
  child.stdout.on('data', (chunk) => {
    run.said += chunk
  })
  return run
}

suite('on a terminal, progress is shown until the report is printed:', {
  concurrency: 2,
  skip: process.platform !== 'linux' && 'script has other options',
}, () => {
  // A named pipe lets the command wait as long as the test needs.
  const commands = { check: ['check'], audit: ['audit'], explain: ['explain', '-f'], grant: ['grant'] }
  for (const [command, argv] of Object.entries(commands))
    test(command, async () => {
      const cwd = folderWith({ 'grant.yaml': GRANT })
      execFileSync('mkfifo', [path.join(cwd, 'pipe')])
      const run = onTerminal([...argv, 'pipe', '-f', 'grant.yaml'], cwd)
      await until('the command shows what it reads', () => run.said.includes('reading pipe (1 of 2 files)'))
      await writeFile(path.join(cwd, 'pipe'), ROUTE)
      assert.deepEqual(await run.ended, [0, null])
      const lines = run.said.split(CLEAR)
      const shown = lines.filter((line) => PROGRESS.test(line))
      assert.deepEqual(lines.slice(0, shown.length + 1), ['', ...shown])
      for (const line of shown) assert.doesNotMatch(line, /\n/)
      // What replaces the last line of progress is the report.
      assert.match(lines.slice(shown.length + 1).join(''), /^[^\r]+\r\n/)
    })

  test('after a credential plugin has asked the person', async (t) => {
    const server = await FakeApiServer.start()
    t.after(() => server.close())
    server.respond = (exchange) => exchange.refuse(403)
    const credential =
      '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}'
    const ask = `printf 'Code: ' >&2; read -r code; printf '${credential}' "$code"`
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Always',
      command: 'sh',
      args: ['-c', ask],
    }
    const run = onTerminal(['audit', '--kubeconfig', server.kubeconfig({ tester: { exec } })], server.folder)
    await until('the plugin asks', () => run.said.includes('Code: '))
    assert.doesNotMatch(run.said, /listing/)
    run.child.stdin.write('sesame\n')
    assert.deepEqual(await run.ended, [2, null])
    assert.deepEqual([...new Set(server.asked)], ['/apis'])
    assert.match(run.said, /HTTP 403/)
  })

  test('not if standard error is a file', async () => {
    const cwd = folderWith({ 'grant.yaml': GRANT, errors: '' })
    execFileSync('mkfifo', [path.join(cwd, 'pipe')])
    const run = onTerminal(['grant', 'pipe', 'grant.yaml'], cwd, '2>errors')
    await writeFile(path.join(cwd, 'pipe'), ROUTE)
    assert.deepEqual(await run.ended, [0, null])
    assert.doesNotMatch(run.said, /reading/)
  })

  test('of a cluster, until it is interrupted', async (t) => {
    const server = net.createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const cluster = {
      'insecure-skip-tls-verify': true,
      server: `https://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    }
    const kubeconfig = {
      clusters: [{ name: 'a', cluster }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      'current-context': 'a',
      users: [{ name: 'a', user: { token: 'secret' } }],
    }
    const cwd = folderWith({ kubeconfig: JSON.stringify(kubeconfig) })
    const run = onTerminal(['audit', '--kubeconfig', 'kubeconfig'], cwd)
    await until('the command shows what it lists', () => run.said.includes(`${CLEAR}listing referencegrants`))
    run.child.stdin.write('\x03')
    assert.deepEqual(await run.ended, [2, null])
    assert.ok(run.said.endsWith(`${CLEAR}refgrant: cannot audit the cluster: interrupted\r\n`), run.said)
  })
})
