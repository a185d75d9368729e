import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { Script } from 'node:vm'
import { parseSync } from 'oxc-parser'
import { folderWith } from '../harness/folders.ts'
import { run } from '../harness/program/run.ts'
import { buildPackage } from './build.ts'

const START = path.resolve('dist/refgrant.js')

/**
 * The most code that may be loaded before it prints, in bytes: the time to start grows with it. With 500,000 bytes, a start takes
 * 4.5 times the CPU time of `node -e 0`, of at most 5 times. The help loads no command.
 */
const MOST_CODE = { help: 100_000, catalogue: 150_000, check: 500_000 }

suite('the bundle', { timeout: 300_000 }, () => {
  let folder: string

  before(() => {
    buildPackage()
    const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '16.20.2' } })"
    folder = folderWith({ 'old.cjs': older })
    cpSync('dist/chunks', path.join(folder, 'chunks'), { recursive: true })
    for (const file of ['refgrant.js', 'refgrant.mjs']) cpSync(START, path.join(folder, file))
  })

  test('begins with a script that an older Node can parse', () => {
    assert.doesNotThrow(() => new Script(readFileSync(START, 'utf8')))
  })

  for (const file of [START, 'refgrant.js', 'refgrant.mjs']) {
    test(`runs as ${path.relative('.', file)}`, async () => {
      const { code, stdout } = await run(process.execPath, [path.resolve(folder, file), 'version'])
      assert.deepEqual([code, stdout.split(' ')[0]], [0, 'refgrant'])
    })

    test(`says as ${path.relative('.', file)} that a Node is too old`, async () => {
      const argv = ['--require', path.join(folder, 'old.cjs'), path.resolve(folder, file), 'version']
      assert.deepEqual(await run(process.execPath, argv), {
        code: 2,
        stdout: '',
        stderr: 'refgrant: Node 16.20.2 is too old: run it with Node 24 or newer (https://nodejs.org)\n',
      })
    })
  }

  for (const [what, most] of Object.entries(MOST_CODE)) {
    test(`loads little code for the ${what}`, (context) => {
      const commands = [...textOf('cli.mjs').matchAll(/import\("\.\/(\w+-\w+\.mjs)"\)/g)].map(([, file = '']) => file)
      const loaded = codeOf(['cli.mjs', ...commands.filter((file) => file.startsWith(`${what}-`))])
      context.diagnostic(`the ${what} loads ${loaded} bytes of code`)
      assert.ok(commands.length > 4 && loaded <= most, `${loaded} bytes`)
    })
  }
})

const textOf = (chunk: string) => readFileSync(path.join('dist/chunks', chunk), 'utf8')

/** Returns how much code is loaded before chunks run, in bytes: their own, and what they import. */
function codeOf(chunks: readonly string[]): number {
  const loaded = new Map<string, number>()
  const load = (file: string) => {
    if (loaded.has(file)) return
    loaded.set(file, textOf(file).length)
    const { staticImports } = parseSync(file, textOf(file)).module
    for (const { value } of staticImports.map(({ moduleRequest }) => moduleRequest))
      if (value.startsWith('./')) load(value.slice(2))
  }
  chunks.forEach(load)
  return [...loaded.values()].reduce((sum, bytes) => sum + bytes, 0)
}
