import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { run } from './harness/program/run.ts'

for (const [title, code, exists] of [
  ['ends well, it is removed', 0, false],
  ['fails, it stays, since it holds logs', 1, true],
] as const)
  test(`a process makes a folder: if the process ${title}`, async () => {
    const folders = JSON.stringify(path.resolve('test/harness/folders.ts'))
    const program = `import { folderWith } from ${folders}
console.log(folderWith({ 'a/b': '' }))
process.exitCode = ${code}`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program])
    const folder = stdout.trim()
    assert.match(folder, /refgrant-\w+$/)
    assert.equal(existsSync(folder), exists)
    rmSync(folder, { recursive: true, force: true })
  })
