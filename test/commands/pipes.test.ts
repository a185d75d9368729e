import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { suite, test } from 'node:test'
import { pino } from 'pino'
import { LiveConfig } from '../../src/config/live.ts'
import { folderWith } from '../harness/folders.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

const CONFIGURATION = 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\nexempt: {namespaces: [shop]}\n'

/** A folder with files and a pipe that no program writes to. */
async function folder(): Promise<string> {
  const baseline = (await refgrant(['check', '-', '-o', 'json'], { input: ROUTE })).stdout
  const cwd = folderWith({ 'route.yaml': ROUTE, 'c.yaml': CONFIGURATION, 'baseline.json': baseline })
  execFileSync('mkfifo', [path.join(cwd, 'pipe')])
  return cwd
}

/** What starts a command with words of the shell after its own. */
const followedBy = (words: string) => ['bash', '-c', `"$@" ${words}`, 'bash']

suite('an option that names one file', { concurrency: 2 }, () => {
  test('takes a pipe and standard input', async () => {
    const cwd = await folder()
    for (const [words, said] of [
      ['--config <(cat c.yaml)', /; 1 object exempt \(exempt namespace: 1\)\n$/],
      ['--config - < c.yaml', /; 1 object exempt /],
      ['--config /dev/stdin < c.yaml', /; 1 object exempt /],
      ['--baseline <(cat baseline.json)', /^compared with "\/dev\/fd\/\d+": 0 introduced, 0 fixed, 1 unchanged$/m],
      ['--baseline - < baseline.json', /^compared with "-": 0 introduced, 0 fixed, 1 unchanged$/m],
    ] as const) {
      const { stdout } = await refgrant(['check', 'route.yaml'], { cwd, under: followedBy(words) })
      assert.match(stdout, said, words)
    }
  })

  test('refuses a pipe that no program writes to, and does not wait', async () => {
    const cwd = await folder()
    const why = 'no program writes to this pipe: start the program first, or name a file'
    for (const [argv, said] of [
      [['check', 'route.yaml', '--config', 'pipe'], `pipe: ${why} (name a configuration with --config)`],
      [['check', 'route.yaml', '--baseline', 'pipe'], `pipe: cannot be read: ${why}`],
      [['audit', 'route.yaml', '--since', 'pipe'], `pipe: cannot be read: ${why}`],
      [['audit', '--kubeconfig', 'pipe'], `cannot audit the cluster: pipe: ${why}`],
      [['manifests', '--ca', 'pipe'], `cannot read the authorities: "pipe": ${why} (--ca)`],
    ] as const)
      assert.deepEqual(await refgrant(argv, { cwd }), { code: 2, stdout: '', stderr: `refgrant: ${said}\n` })
    const file = path.join(cwd, 'pipe')
    const live = () => new LiveConfig(file, {}, pino({ enabled: false }))
    assert.throws(live, /: is a pipe, which a server cannot read again when it changes: name a file \(/)
  })

  test('does not share standard input with a path', async () => {
    const twice = await refgrant(['check', '-', '--config', '-'], { input: CONFIGURATION })
    assert.equal(twice.code, 2)
    assert.match(twice.stderr, /^refgrant: -: is given twice: standard input has one content\n/)
  })
})
