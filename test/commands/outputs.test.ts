import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

suite('check with several outputs', { concurrency: 2 }, () => {
  const check = async (...outputs: string[]) => {
    const cwd = folderWith({ 'route.yaml': ROUTE, 'old.xml': 'x'.repeat(100_000) })
    const argv = outputs.flatMap((one) => ['-o', one])
    const result = await refgrant(['check', 'route.yaml', ...argv], { cwd, env: { FORCE_COLOR: '1' } })
    return { ...result, cwd, read: (file: string) => readFileSync(path.join(cwd, file), 'utf8') }
  }

  test('writes each report to its place, as a run of its own would', async () => {
    const [several, text, junit] = await Promise.all([
      check('text', 'sarif=a=b.sarif', 'junit=old.xml'),
      check('text'),
      check('junit'),
    ])
    assert.deepEqual([several.code, several.stderr], [1, ''])
    assert.equal(several.stdout, text.stdout)
    assert.equal(several.read('old.xml'), junit.stdout)
    assert.equal(JSON.parse(several.read('a=b.sarif')).runs[0].results.length, 1)
  })

  test('writes nothing to standard output if all reports have files, and no colours to a file', async () => {
    const { code, stdout, read } = await check('text=report.txt')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(read('report.txt'), /^route\.yaml:\d+: error: .*\[not-permitted\]$/m)
  })

  test('uses the last of several for the same place', async () => {
    const { stdout, cwd, read } = await check('json', 'sarif=a', 'json=b', 'name', 'junit=./a')
    assert.match(stdout, /checkout/)
    assert.doesNotMatch(stdout, /apiVersion/)
    assert.match(read('a'), /^<\?xml/)
    assert.deepEqual(readdirSync(cwd).sort(), ['a', 'b', 'old.xml', 'route.yaml'])
  })

  test('says which file it cannot write', async () => {
    const { code, stderr } = await check('json=missing/report.json')
    assert.deepEqual([code, stderr], [2, 'refgrant: cannot write "missing/report.json": no such file or directory\n'])
  })

  test('refuses a file without a name, and an unknown format', async () => {
    for (const output of ['json=', 'xml=a']) {
      const { code, stderr } = await check(output)
      assert.equal(code, 2)
      assert.match(
        stderr,
        /^refgrant: option '-o, --output <format>' cannot be '.*': it must be one of text, json, .*See: refgrant check --help\n$/,
      )
    }
  })
})
