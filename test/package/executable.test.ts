import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { writeLibraries } from '../../.build/image/layers.ts'
import { readPins } from '../../.build/image/pins.ts'
import manifest from '../../package.json' with { type: 'json' }
import { binaries } from '../harness/control-plane/binaries.ts'
import { krewPrograms } from '../harness/control-plane/krew.ts'
import { folderWith, newFolder } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { startRefgrant } from '../harness/program/refgrant.ts'
import { type Result, run } from '../harness/program/run.ts'
import { askRefgrant } from '../harness/traffic/ask.ts'
import { PINS, type Pinned } from '../node/pins.ts'

const FOLDER = path.resolve('dist/executables')
const executable = (platform: string) => path.join(FOLDER, `refgrant-linux-${platform}`)
const archive = (platform: string) => path.join(FOLDER, `refgrant-v${manifest.version}-linux-${platform}.tar.gz`)
const MANIFEST = path.join(FOLDER, 'refgrant.yaml')

/** The most that a download may take, in bytes: 48 MB are Node's. */
const MOST = 60_000_000

const skip = process.env.REFGRANT_LONG === '1' ? false : 'builds executables for minutes: REFGRANT_LONG=1 runs it'

suite('the executables', { skip, timeout: 1_800_000 }, () => {
  before(build)

  test('run every kind of command in an empty folder, without a PATH', async () => {
    const refgrant = (argv: string[], input = '') =>
      run('env', ['-i', executable('amd64'), ...argv], { cwd: newFolder(), input })
    await provesItself(refgrant)
    assert.equal((await refgrant(['explain', 'grant-core-group', '-o', 'name'])).stdout, 'grant-core-group\n')
    assert.match((await refgrant(['manifests'])).stdout, /^kind: ValidatingWebhookConfiguration$/m)
    assert.match((await refgrant(['audit', '--kubeconfig', '/nowhere'])).stderr, /^refgrant: .*\/nowhere/)
  })

  test('serve permits and refuses', async () => {
    // The process gets none of the options of Node, and ends with this one.
    const wrapper = ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', 'shift 4; exec "$0" "$@"', executable('amd64')]
    const server = await startRefgrant({ grants: ['--grants', folderWith({ 'grant.yaml': GRANT })], wrapper })
    try {
      const ask = async (target: string) =>
        (await askRefgrant({ ca: server.ca, url: server.url }, { from: 'shop', to: 'billing', target })).verdict
      assert.deepEqual([await ask('payments'), await ask('invoices')], ['permitted', 'denied'])
    } finally {
      await server.stop()
    }
  })

  test('run on arm64, which QEMU emulates', async () => {
    const root = newFolder()
    const pins: Pinned = JSON.parse(readFileSync(PINS, 'utf8'))
    await writeLibraries([...readPins().arm64.debian, ...pins.arm64], root)
    await provesItself((argv, input = '') =>
      run('qemu-aarch64-static', ['-L', root, executable('arm64'), ...argv], { cwd: newFolder(), input }),
    )
  })

  test('are the same bytes in each build, and have their terms beside them', (context) => {
    const archives = [archive('amd64'), archive('arm64')]
    const digests = archives.map(digestOf)
    build()
    assert.deepEqual(archives.map(digestOf), digests)
    for (const one of archives) {
      const { length } = readFileSync(one)
      context.diagnostic(`${path.basename(one)} has ${length} bytes`)
      assert.ok(length <= MOST)
      const files = execFileSync('tar', ['-tzf', one], { encoding: 'utf8' }).split('\n')
      assert.deepEqual(files, ['./', './LICENSE', './LICENSE-node', './THIRD-PARTY-NOTICES', './refgrant', ''])
    }
  })

  test('are installed by krew, as a plugin that kubectl runs', async () => {
    const krew = await krewPrograms()
    const validated = await run(krew.path('validate-krew-manifest'), ['-manifest', MANIFEST, '-skip-install'])
    assert.equal(validated.code, 0, validated.stderr)
    const root = newFolder()
    const argv = ['install', `--manifest=${MANIFEST}`, `--archive=${archive('amd64')}`]
    const installed = await run(krew.path('krew'), argv, { env: { KREW_ROOT: root } })
    assert.equal(installed.code, 0, installed.stderr)
    assert.deepEqual(
      globSync(`store/refgrant/v*/*`, { cwd: root })
        .map((file) => path.basename(file))
        .sort(),
      [...['LICENSE', 'LICENSE-node', 'THIRD-PARTY-NOTICES', 'kubectl-refgrant']],
    )
    const bin = path.join(root, 'bin')
    symlinkSync((await binaries()).path('kubectl'), path.join(bin, 'kubectl'))
    const { code, stderr } = await run('kubectl', ['refgrant', 'check'], {
      env: { PATH: `${bin}:${process.env.PATH}` },
    })
    assert.equal(code, 2)
    assert.match(stderr, /^kubectl refgrant: there is nothing to check/)
  })
})

function build(): void {
  execFileSync('make', ['--no-print-directory', 'krew'], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Checks that an executable is refgrant with its own Node, and judges. */
async function provesItself(refgrant: (argv: string[], input?: string) => Promise<Result>): Promise<void> {
  const { version } = JSON.parse(readFileSync('.build/executable/pins.json', 'utf8')).amd64
  assert.equal((await refgrant(['version'])).stdout, `refgrant ${manifest.version} (Node ${version})\n`)
  const checked = await refgrant(['check', '-'], ROUTE)
  assert.equal(checked.code, 1, checked.stderr)
  assert.match(checked.stdout, /^-:13: error: .* \[not-permitted\]$/m)
  assert.match((await refgrant(['grant', '-'], ROUTE)).stdout, /^kind: ReferenceGrant$/m)
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
