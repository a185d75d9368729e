import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
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

  test('writes to standard output in place of a file with the name -', async () => {
    const { stdout, cwd } = await check('text', 'json=-', 'sarif=a')
    assert.equal(JSON.parse(stdout).kind, 'CheckReport')
    assert.deepEqual(readdirSync(cwd).sort(), ['a', 'old.xml', 'route.yaml'])
  })

  test('writes nothing to standard output if all reports have files, and no colours to a file', async () => {
    const { code, stdout, read } = await check('text=report.txt')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(read('report.txt'), /^route\.yaml:\d+: error: .*\[not-permitted\]$/m)
  })

  test('uses the last of several for standard output', async () => {
    const { stdout, cwd } = await check('json', 'junit=a', 'json=b', 'name', 'junit=./a')
    assert.match(stdout, /checkout/)
    assert.doesNotMatch(stdout, /apiVersion/)
    assert.deepEqual(readdirSync(cwd).sort(), ['a', 'b', 'old.xml', 'route.yaml'])
  })

  test('refuses two formats for one file, by whatever name, before it writes anything', async () => {
    const cwd = folderWith({ 'route.yaml': ROUTE, 'old.xml': 'old', 'new/x': '' })
    symlinkSync('old.xml', path.join(cwd, 'link.xml'))
    linkSync(path.join(cwd, 'old.xml'), path.join(cwd, 'hard.xml'))
    symlinkSync('new', path.join(cwd, 'same'))
    for (const [one, other] of [
      ['new.json', './new.json'],
      ['old.xml', 'link.xml'],
      ['old.xml', 'hard.xml'],
      ['new/a', 'same/a'],
    ] as const) {
      const argv = ['check', 'route.yaml', '-o', `sarif=${one}`, '-o', 'text', '-o', `json=${other}`]
      const { code, stdout, stderr } = await refgrant(argv, { cwd })
      const [first, second] = [one, other].map((file) => `"${path.normalize(file)}"`)
      const sentence = `-o sarif=${first} and -o json=${second} are one file: write each report to a file of its own`
      assert.deepEqual([code, stdout, stderr], [2, '', `refgrant: ${sentence}\n`])
    }
    assert.deepEqual(readdirSync(cwd).sort(), ['hard.xml', 'link.xml', 'new', 'old.xml', 'route.yaml', 'same'])
    assert.equal(readFileSync(path.join(cwd, 'old.xml'), 'utf8'), 'old')
  })

  test('refuses to write a file that it reads, by whatever name, before it writes anything', async () => {
    const files = {
      'route.yaml': ROUTE,
      'grants/grant.yaml': GRANT,
      'grants/broken.yaml': 'kind: [',
      'app/kustomization.yaml': 'resources: []\n',
      'refgrant.yaml': 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\n',
    }
    const baseline = (await refgrant(['check', '-', '-o', 'json'], { input: GRANT })).stdout
    const cwd = folderWith({ ...files, 'baseline.json': baseline })
    symlinkSync('route.yaml', path.join(cwd, 'link'))
    linkSync(path.join(cwd, 'grants/grant.yaml'), path.join(cwd, 'hard'))
    const read = (file: string) => readFileSync(path.join(cwd, file), 'utf8')
    const argv = ['check', 'route.yaml', 'app', '--grants', 'grants', '--config', 'refgrant.yaml']
    for (const [file, shown] of [
      ['route.yaml', '"route.yaml"'],
      ['./route.yaml', '"route.yaml"'],
      ['link', '"link", which is "route.yaml"'],
      ['hard', '"hard", which is "grants/grant.yaml"'],
      ['grants/broken.yaml', '"grants/broken.yaml"'],
      ['app/kustomization.yaml', '"app/kustomization.yaml"'],
      ['refgrant.yaml', '"refgrant.yaml"'],
      ['baseline.json', '"baseline.json"'],
    ] as const) {
      const outputs = ['-o', 'text', '-o', 'sarif=new.sarif', '-o', `json=${file}`]
      const { code, stdout, stderr } = await refgrant([...argv, '--baseline', 'baseline.json', ...outputs], { cwd })
      const sentence = `cannot write ${shown}: the command reads this file: write the report to another one`
      assert.deepEqual([code, stdout, stderr], [2, '', `refgrant: ${sentence}\n`])
    }
    const piped = await refgrant(['check'], { cwd, under: ['sh', '-c', '"$0" "$@" - -o json=route.yaml < route.yaml'] })
    assert.match(piped.stderr, /^refgrant: cannot write "route\.yaml", which is "-": the command reads this file/)
    for (const [file, text] of Object.entries(files)) assert.equal(read(file), text)
    assert.equal(existsSync(path.join(cwd, 'new.sarif')), false)
  })

  test('replaces the reports of the last run in the folder that it reads', async () => {
    const cwd = folderWith({ 'route.yaml': ROUTE })
    const outputs = ['json=a.json', 'yaml=b.yaml', 'gitlab=c.json', 'sarif=d.json', 'json=/dev/null'].flatMap((one) => [
      '-o',
      one,
    ])
    for (const _ of ['first', 'second']) assert.equal((await refgrant(['check', '.', ...outputs], { cwd })).code, 1)
    assert.equal(JSON.parse(readFileSync(path.join(cwd, 'a.json'), 'utf8')).notes.length, 3)
  })

  test('says which file it cannot write', async () => {
    const { code, stderr } = await check('json=missing/report.json')
    assert.deepEqual([code, stderr], [2, 'refgrant: cannot write "missing/report.json": no such file or directory\n'])
  })

  test('leaves no part of a report where the disk is full', async () => {
    // A limit on the size of files stands in for a small disk.
    const limited = ['sh', '-c', 'trap "" XFSZ; ulimit -f 16; exec "$@"', 'sh']
    const routes = Array.from({ length: 200 }, (_, at) => ROUTE.replace('checkout', `checkout-${at}`)).join('---\n')
    const cwd = folderWith({ 'route.yaml': routes, 'old.json': 'old', 'other/linked.json': 'old' })
    symlinkSync('other/linked.json', path.join(cwd, 'link.json'))
    const read = (file: string) => readFileSync(path.join(cwd, file), 'utf8')
    for (const [file, content] of [
      ['new.json', undefined],
      ['old.json', 'old'],
      ['link.json', ''],
    ] as const) {
      const { code, stdout, stderr } = await refgrant(['check', 'route.yaml', '-o', `json=${file}`], {
        ...{ cwd, under: limited },
      })
      const failure = `refgrant: cannot write "${file}": file too large\n`
      assert.deepEqual(
        [code, stdout, stderr, existsSync(path.join(cwd, file)) ? read(file) : undefined],
        [2, '', failure, content],
      )
    }
    assert.deepEqual(readdirSync(cwd).sort(), ['link.json', 'old.json', 'other', 'route.yaml'])
    if (process.platform === 'linux')
      assert.deepEqual(await refgrant(['check', 'route.yaml', '-o', 'json=/dev/full'], { cwd }), {
        code: 2,
        stdout: '',
        stderr: 'refgrant: cannot write "/dev/full": no space left on device\n',
      })
  })

  test('keeps the mode and the links of the file that it writes, and writes into pipes', async () => {
    const cwd = folderWith({ 'route.yaml': ROUTE, 'old.json': 'old', 'target.json': 'old' })
    const at = (file: string) => path.join(cwd, file)
    chmodSync(at('old.json'), 0o640)
    symlinkSync('target.json', at('link.json'))
    linkSync(at('target.json'), at('hard.json'))
    symlinkSync('later.json', at('dangling.json'))
    const outputs = ['old', 'link', 'dangling'].flatMap((name) => ['-o', `json=${name}.json`])
    const script = '{ "$0" "$@" -o text -o junit=/dev/stdout -o sarif=/dev/fd/3 3>&1 >&4 | cat; } 4>&1 | cat'
    const { stdout, stderr } = await refgrant(['check', 'route.yaml', ...outputs], { cwd, under: ['sh', '-c', script] })
    assert.equal(stderr, '')
    for (const part of [/^route\.yaml:13: error: /m, /<testsuites/, /"\$schema"/]) assert.match(stdout, part)
    assert.equal(statSync(at('old.json')).mode & 0o777, 0o640)
    for (const file of ['old.json', 'hard.json', 'later.json'])
      assert.equal(JSON.parse(readFileSync(at(file), 'utf8')).kind, 'CheckReport', file)
    assert.equal(readlinkSync(at('link.json')), 'target.json')
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
