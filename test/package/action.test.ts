import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { folderWith, newFolder } from '../harness/folders.ts'
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
