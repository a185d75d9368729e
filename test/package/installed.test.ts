import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { PINS } from '../../.build/executable/executables.ts'
import manifest from '../../package.json' with { type: 'json' }
import { folderWith, newFolder } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { startRefgrant } from '../harness/program/refgrant.ts'
import { run } from '../harness/program/run.ts'
import { askRefgrant } from '../harness/traffic/ask.ts'
import { buildPackage } from './build.ts'
import { folderOfNode } from './nodes.ts'

/** The oldest and the newest major version of Node that package.json allows. */
const NODES = [/^NODE_VERSION := (.*)$/m.exec(readFileSync('Makefile', 'utf8'))?.[1] ?? '', PINS.amd64.version]

suite('the package, installed into an empty folder', { timeout: 600_000 }, () => {
  let folder: string
  let packed: string

  before(() => {
    buildPackage()
    folder = folderWith({ 'route.yaml': ROUTE, 'grants/grant.yaml': GRANT })
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { stdio: 'ignore' })
    packed = path.join(folder, globSync('*.tgz', { cwd: folder })[0] ?? '')
    const options = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder]
    execFileSync('npm', ['install', ...options, packed], { cwd: folder, stdio: 'ignore' })
  })

  test('is all that is installed', () => {
    assert.deepEqual(globSync('node_modules/*', { cwd: folder }), ['node_modules/refgrant'])
  })

  for (const version of NODES) {
    suite(`on Node ${version}`, () => {
      let node: string

      before(() => {
        node = folderOfNode(version)
      })

      const refgrant = (...argv: string[]) =>
        run('node_modules/.bin/refgrant', argv, { cwd: folder, env: { PATH: `${node}:${process.env.PATH}` } })

      test('check finds the reference without a grant', async () => {
        const { code, stdout } = await refgrant('check', 'route.yaml')
        assert.equal(code, 1)
        assert.match(stdout, /^route\.yaml:13: error: .* \[not-permitted\]$/m)
      })

      test('grant prints the missing grant', async () => {
        const { code, stdout } = await refgrant('grant', 'route.yaml')
        assert.equal(code, 0)
        assert.match(stdout, /^kind: ReferenceGrant$/m)
      })

      test('npx runs both commands from the tarball', async () => {
        const env = { PATH: `${node}:${process.env.PATH}`, npm_config_cache: newFolder(), npm_config_offline: 'true' }
        const npx = (...argv: string[]) =>
          run('npx', ['--yes', `--package=${packed}`, '--', ...argv], { cwd: newFolder(), env })
        assert.deepEqual((await npx('refgrant', 'version')).stdout, `refgrant ${manifest.version} (Node ${version})\n`)
        const { code, stderr } = await npx('kubectl-refgrant', 'check')
        assert.equal(code, 2)
        assert.match(stderr, /^kubectl refgrant: there is nothing to check/m)
      })

      test('serve permits and refuses', async () => {
        const program = path.join(folder, 'node_modules/refgrant/dist/refgrant.js')
        const grants = ['--grants', path.join(folder, 'grants')]
        const server = await startRefgrant({ grants, program, node: path.join(node, 'node') })
        try {
          const ask = async (target: string) =>
            (await askRefgrant({ ca: server.ca, url: server.url }, { from: 'shop', to: 'billing', target })).verdict
          assert.deepEqual([await ask('payments'), await ask('invoices')], ['permitted', 'denied'])
          assert.equal((await refgrant('version')).stdout.includes(version), true)
        } finally {
          await server.stop()
        }
      })
    })
  }
})
