import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { CLI, refgrant } from '../harness/program/cli.ts'

const cwd = folderWith({ 'route.yaml': ROUTE })
const skip = process.platform !== 'linux' && 'needs /dev/full'

/** Starts the program so that it writes to a full disk. */
const full = (descriptor: 1 | 2) => ['sh', '-c', `exec "$@" ${descriptor}>/dev/full`, 'sh']

/** Commands that write to standard output, and exit with 0 or 1 if the disk is not full. */
const calls = [
  ['check', 'route.yaml'],
  ['check', 'route.yaml', '--output', 'json'],
  ['grant', '-f', 'route.yaml'],
  ['audit', 'route.yaml'],
  ['catalogue'],
  ['manifests'],
  ['--help'],
  ['check', '--help'],
]

suite('a full disk for standard output is a failure in one line:', { skip, concurrency: 2 }, () => {
  for (const argv of calls) {
    test(argv.join(' '), async () => {
      assert.notEqual((await refgrant(argv, { cwd })).stdout, '')
      const { code, stderr } = await refgrant(argv, { cwd, under: full(1) })
      assert.deepEqual(
        { code, stderr },
        { code: 2, stderr: 'refgrant: cannot write to standard output: no space left on device\n' },
      )
    })
  }

  test('also if a part of the output fits', async () => {
    // A limit on the size of files stands in for a small disk: the first write is cut short, and the next fails.
    const limited = ['sh', '-c', 'trap "" XFSZ; ulimit -f 1; exec "$@" >part', 'sh']
    const { code, stderr } = await refgrant(['catalogue', '--output', 'json'], { cwd, under: limited })
    assert.deepEqual(
      { code, stderr },
      { code: 2, stderr: 'refgrant: cannot write to standard output: file too large\n' },
    )
  })
})

suite('an error on standard error does not change the exit code:', { concurrency: 2 }, () => {
  const failing: [argv: string[], code: number][] = [
    [['check', 'gone.yaml'], 2],
    [['check', 'gone.yaml', 'route.yaml'], 2],
    [['check', '--wrong'], 2],
    [['grant', '-f', 'gone.yaml'], 2],
    [['serve', '--cert', 'gone', '--key', 'gone'], 2],
  ]
  for (const [argv, code] of failing) {
    test(`${argv.join(' ')}, on a full disk`, { skip }, async () => {
      assert.equal((await refgrant(argv, { cwd })).code, code)
      assert.equal((await refgrant(argv, { cwd, under: full(2) })).code, code)
    })

    test(`${argv.join(' ')}, without a reader`, async () => {
      const child = spawn(process.execPath, [CLI, ...argv], { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
      child.stderr.destroy()
      assert.deepEqual(await once(child, 'exit'), [code, null])
    })
  }
})

suite('a reader of standard output that has read enough changes no exit code:', { concurrency: 2 }, () => {
  const many = folderWith({ 'routes.yaml': Array(3_000).fill(ROUTE).join('---\n') })
  const codes: [argv: string[], code: number][] = [
    [['check', 'routes.yaml'], 1],
    [['check', 'routes.yaml', '--output', 'json'], 1],
    [['audit', 'routes.yaml'], 1],
    [['check', 'routes.yaml', 'gone.yaml'], 2],
    [['catalogue', '--output', 'json'], 0],
  ]
  for (const [argv, code] of codes)
    test(argv.join(' '), async () => {
      const child = spawn(process.execPath, [CLI, ...argv], { cwd: many, stdio: ['ignore', 'pipe', 'ignore'] })
      child.stdout.once('data', () => child.stdout.destroy())
      assert.deepEqual(await once(child, 'exit'), [code, null])
    })
})
