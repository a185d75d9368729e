import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { folderWith, newFolder } from '../harness/folders.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { CLI } from '../harness/program/cli.ts'
import { run } from '../harness/program/run.ts'

test('the action runs no program of the repository that it checks', async () => {
  const { runs, inputs } = parse(readFileSync('action.yml', 'utf8'))
  const script: string = runs.steps.at(-1).run
  const found = path.join(newFolder(), 'found')
  const cwd = folderWith({
    'node_modules/refgrant/package.json': JSON.stringify({ name: 'refgrant', version: '0.1.0', bin: 'bin.js' }),
    'node_modules/refgrant/bin.js': '',
    'node_modules/.bin/refgrant': `#!/bin/sh\ntouch '${found}'\n`,
  })
  chmodSync(path.join(cwd, 'node_modules/.bin/refgrant'), 0o755)
  const env = {
    HOME: newFolder(),
    RUNNER_TEMP: newFolder(),
    GITHUB_STEP_SUMMARY: path.join(newFolder(), 'summary'),
    // npm finds no package but that of the repository.
    npm_config_offline: 'true',
    PACKAGE: inputs.package.default,
    PATHS: '.',
    FAIL_ON: 'error',
  }
  const { code, stderr } = await run('bash', ['-c', script], { cwd, env })
  assert.notEqual(code, 0)
  assert.match(stderr, /ENOTCACHED/)
  assert.ok(!existsSync(found))
})

test('the action checks once, and writes annotations, the summary and SARIF', async () => {
  const { runs } = parse(readFileSync('action.yml', 'utf8'))
  const bin = folderWith({
    npx: `#!/bin/sh\nwhile [ "$1" != refgrant ]; do shift; done\nshift\necho once >> "$CALLS"\nexec "${process.execPath}" "${CLI}" "$@"\n`,
  })
  chmodSync(path.join(bin, 'npx'), 0o755)
  const out = newFolder()
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    RUNNER_TEMP: out,
    CALLS: path.join(out, 'calls'),
    GITHUB_STEP_SUMMARY: path.join(out, 'summary = of the step'),
    SARIF: path.join(out, 'refgrant.sarif'),
    PATHS: 'route.yaml',
    FAIL_ON: 'error',
  }
  const { code, stdout, stderr } = await run('bash', ['-c', runs.steps.at(-1).run], {
    cwd: folderWith({ 'route.yaml': ROUTE }),
    env,
  })
  assert.equal(code, 1, stderr)
  assert.match(stdout, /^::error .*Service "payments"/m)
  const text = (file: string) => readFileSync(file, 'utf8')
  assert.equal(text(env.CALLS), 'once\n')
  assert.match(text(env.GITHUB_STEP_SUMMARY), /^\|.*Service "payments"/m)
  assert.equal(JSON.parse(text(env.SARIF)).runs[0].results.length, 1)
})
