import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { before, suite, type TestContext, test } from 'node:test'
import { folderWith } from './harness/folders.ts'
import { GRANT } from './harness/objects/texts.ts'
import { refgrant } from './harness/program/cli.ts'
import { processesWith, said } from './harness/program/processes.ts'
import { run } from './harness/program/run.ts'
import { until } from './harness/until.ts'

const HARNESS = path.join(import.meta.dirname, 'harness', 'program')

/** A test file that starts a server, says so in a file, and waits for ever. */
const STARTS = `
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { startRefgrant } from ${JSON.stringify(path.join(HARNESS, 'refgrant.ts'))}
test('waits', async () => {
  await startRefgrant({ certs: 'certs', grants: ['--grants', 'grants'] })
  process.stderr.write('the server is ready\\n')
  await new Promise((resolve) => setTimeout(resolve, 2 ** 30))
})
`

const folder = folderWith({ 'grants/grant.yaml': GRANT, 'starts.test.ts': STARTS })
let names = 0

before(() => refgrant(['certs', '--out', path.join(folder, 'certs')]))

/** Starts a program, all of whose processes can be found again by a variable of their environment. */
function start(t: TestContext, program: string, argv: readonly string[], cwd: string) {
  const marker = `REFGRANT_TETHER_TEST=${process.pid}.${names++}.`
  const [name = '', value = ''] = marker.split('=')
  const certs = path.join(folder, 'certs')
  const env = {
    ...process.env,
    NODE_TEST_CONTEXT: undefined,
    [name]: value,
    REFGRANT_CERT: path.join(certs, 'tls.crt'),
    REFGRANT_KEY: path.join(certs, 'tls.key'),
    REFGRANT_LISTEN: '127.0.0.1:0',
    REFGRANT_METRICS_LISTEN: '127.0.0.1:0',
  }
  const child = spawn(program, argv, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(async () => {
    const left = (await processesWith(marker)).map((line) => line.split(' ')[0] as string)
    if (left.length > 0) await run('kill', ['-KILL', ...left])
  })
  return { child, running: () => processesWith(marker) }
}

suite('nothing is left running', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const)
    test(`of a test runner that ends by ${signal}`, async (t) => {
      const { child, running } = start(t, process.execPath, ['--test', 'starts.test.ts'], folder)
      await said(child, 'the server is ready')
      // The runner, its test file and the server.
      assert.equal((await running()).length, 3)
      child.kill(signal)
      await once(child, 'exit')
      await until('all have ended', async () => (await running()).length === 0)
    })

  const recipes: Record<string, [recipe: string, cwd: string, says: string]> = {
    'make run': ['test/first-look/run.ts', '.', '"serving reviews"'],
    'make test': [`--require ${path.join(HARNESS, 'tether.ts')} --test starts.test.ts`, folder, 'the server is ready'],
  }
  for (const [title, [recipe, cwd, says]] of Object.entries(recipes))
    test(`of what ${title} starts, when make ends by SIGKILL`, async (t) => {
      // As make does it: a parent that waits for its child, and passes nothing on.
      const { child, running } = start(t, 'sh', ['-c', `"${process.execPath}" ${recipe}; true`], cwd)
      await said(child, says)
      assert.ok((await running()).length >= 3)
      child.kill('SIGKILL')
      await once(child, 'exit')
      await until('all have ended', async () => (await running()).length === 0)
    })

  test('of make run, when Ctrl-C ends it, and make calls that no error', async (t) => {
    // A process group of its own, all of which gets the signal, as a terminal does it.
    const { child, running } = start(t, 'setsid', ['make', 'run'], '.')
    let stderr = ''
    child.stderr?.on('data', (chunk) => {
      stderr += chunk
    })
    await said(child, 'press Ctrl-C')
    process.kill(-(child.pid as number), 'SIGINT')
    await once(child, 'close')
    assert.doesNotMatch(stderr, /Error|\*\*\*/)
    assert.deepEqual(await running(), [])
  })

  test('of a server that is stopped in order: the tether keeps nothing alive', async (t) => {
    const { child, running } = start(t, process.execPath, ['test/first-look/run.ts'], '.')
    await said(child, '"serving reviews"')
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [0, null])
    assert.deepEqual(await running(), [])
  })
})
