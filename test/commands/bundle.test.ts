import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { Script } from 'node:vm'
import { folderWith } from '../harness/folders.ts'
import { run } from '../harness/program/run.ts'

const BUNDLE = path.resolve('dist/refgrant.js')

suite('the bundle', { timeout: 300_000 }, () => {
  let bundle: string
  let folder: string

  before(() => {
    execFileSync('make', ['--no-print-directory', 'dist/refgrant.js'], { stdio: 'ignore' })
    bundle = readFileSync(BUNDLE, 'utf8')
    const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '16.20.2' } })"
    folder = folderWith({ 'old.cjs': older, 'refgrant.js': bundle, 'refgrant.mjs': bundle })
  })

  test('is also a script that every Node can parse, with any file name', () => {
    assert.doesNotThrow(() => new Script(bundle))
  })

  for (const file of [BUNDLE, 'refgrant.js', 'refgrant.mjs']) {
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
})
