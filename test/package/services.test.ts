import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { parse } from 'yaml'
import manifest from '../../package.json' with { type: 'json' }
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { run } from '../harness/program/run.ts'
import { buildPackage } from './build.ts'
import { nodeUnderBothNames, serviceTools } from './service-tools.ts'

const GUIDE = readFileSync('docs/pipelines.md', 'utf8')
const ACTION = readFileSync('action.yml', 'utf8')
const HOOKS = readFileSync('.pre-commit-hooks.yaml', 'utf8')
const PACKAGE = `refgrant@${manifest.version}`

/** Returns a file of the guide, which begins with its name. */
function fileOfGuide(name: string): string {
  const [, text = ''] = GUIDE.split(`\`\`\`yaml\n# ${name}\n`)
  return text.slice(0, text.indexOf('```'))
}

test('the action, the hooks and the guide name the version of the package', () => {
  for (const text of [ACTION, HOOKS, fileOfGuide('.gitlab-ci.yml'), fileOfGuide('.pre-commit-config.yaml')])
    assert.deepEqual(new Set(text.match(/refgrant@[\d.]+/g)), new Set([PACKAGE]))
})

test('the inputs of the action reach its script as variables, and the guide names inputs that exist', () => {
  const { inputs, runs } = parse(ACTION)
  const { env, run: script } = runs.steps[1]
  assert.deepEqual(
    Object.values(env),
    Object.keys(inputs).map((input) => `\${{ inputs.${input} }}`),
  )
  assert.ok(!script.includes('${{'))
  for (const name of Object.keys(env)) assert.match(script, new RegExp(`\\$${name}\\b`))
  const used = parse(fileOfGuide('.github/workflows/refgrant.yml')).jobs.check.steps[1].with
  for (const input of Object.keys(used)) assert.ok(Object.hasOwn(inputs, input), input)
})

const skip = process.env.REFGRANT_LONG === '1' ? false : 'installs programs and starts them: REFGRANT_LONG=1 runs it'

suite('the real program runs', { skip, timeout: 1_800_000 }, () => {
  let tools: string
  let tarball: string
  let PATH: string

  before(() => {
    buildPackage()
    tools = serviceTools()
    const folder = folderWith({})
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { stdio: 'ignore' })
    tarball = path.join(folder, globSync('*.tgz', { cwd: folder })[0] ?? '')
    PATH = `${nodeUnderBothNames()}:${tools}:${process.env.PATH}`
  })

  const git = (cwd: string, ...argv: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...argv], { cwd, stdio: 'ignore' })

  /** A repository in which a reference lacks its grant. */
  function repositoryWith(files: Record<string, string>): string {
    const folder = folderWith({ 'route.yaml': ROUTE, ...files })
    git(folder, 'init', '--quiet')
    git(folder, 'add', '--all')
    git(folder, 'commit', '--quiet', '--message', 'first')
    return folder
  }

  const correct = (folder: string) => {
    writeFileSync(path.join(folder, 'grant.yaml'), GRANT)
    git(folder, 'add', '--all')
  }

  test('the hook of pre-commit in the guide, and that of the repository', async () => {
    const local = fileOfGuide('.pre-commit-config.yaml')
      .replace(PACKAGE, tarball)
      .replace('language: node\n', 'language: node\n        language_version: system\n')
    const hooks = folderWith({ '.pre-commit-hooks.yaml': HOOKS.replace(PACKAGE, tarball) })
    git(hooks, 'init', '--quiet')
    git(hooks, 'add', '--all')
    git(hooks, 'commit', '--quiet', '--message', 'first')
    git(hooks, 'tag', 'v1')
    const ofRepository = `repos: [{repo: ${hooks}, rev: v1, hooks: [{id: refgrant-check}]}]\n`
    for (const config of [local, ofRepository]) {
      const folder = repositoryWith({ '.pre-commit-config.yaml': config })
      const env = { PATH, PRE_COMMIT_HOME: folderWith({}) }
      const commit = () => run('pre-commit', ['run', '--files', 'route.yaml'], { cwd: folder, env })
      const refused = await commit()
      assert.equal(refused.code, 1, refused.stdout)
      assert.match(refused.stdout, /- exit code: 1\n\nroute\.yaml:13: error: HTTPRoute/)
      correct(folder)
      const passed = await commit()
      assert.equal(passed.code, 0, passed.stdout)
      assert.match(passed.stdout, /refgrant check\.+Passed/)
    }
  })

  test('the job of GitLab CI in the guide', async () => {
    const job = fileOfGuide('.gitlab-ci.yml').replace(PACKAGE, tarball)
    const folder = repositoryWith({ '.gitlab-ci.yml': job })
    git(folder, 'remote', 'add', 'origin', 'https://gitlab.example.com/a/b.git')
    const pipeline = () =>
      run('gitlab-ci-local', ['--force-shell-executor', '--no-color'], {
        cwd: folder,
        env: { PATH, HOME: folderWith({}) },
      })
    const failed = await pipeline()
    assert.equal(failed.code, 1, failed.stderr)
    assert.match(failed.stdout, /FAIL {2}refgrant/, failed.stderr)
    const issues = JSON.parse(readFileSync(path.join(folder, 'gl-code-quality-report.json'), 'utf8'))
    assert.deepEqual(
      issues.map((one: { check_name: string }) => one.check_name),
      ['not-permitted'],
    )
    assert.match(readFileSync(path.join(folder, 'refgrant.xml'), 'utf8'), /failures="1"/)
    correct(folder)
    assert.match((await pipeline()).stdout, /PASS {2}refgrant/)
  })

  /** A workflow that uses the action of a folder. */
  const workflow = (inputs: string) =>
    `name: a\non: push\npermissions: {}\njobs:\n  check:\n    name: check\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v5\n      - uses: ./\n        with:\n${inputs}`

  test('actionlint and zizmor find nothing in the action and the workflow of the guide', async () => {
    const guide = fileOfGuide('.github/workflows/refgrant.yml').replaceAll('COMMIT', 'a'.repeat(40))
    const folder = repositoryWith({
      'action.yml': ACTION,
      '.github/workflows/use.yml': workflow('          fail-on: none\n'),
      '.github/workflows/guide.yml': guide.replace('name: refgrant', 'name: guide'),
    })
    const linted = await run('actionlint', ['-no-color'], { cwd: folder, env: { PATH } })
    assert.deepEqual({ code: linted.code, stdout: linted.stdout }, { code: 0, stdout: '' })
    for (const file of ['action.yml', '.github/workflows/guide.yml']) {
      const audited = await run('zizmor', ['--offline', '--no-progress', file], { cwd: folder, env: { PATH } })
      assert.equal(audited.code, 0, audited.stdout)
    }
  })

  test('the action, with inputs that a shell would run', async () => {
    const out = path.join(folderWith({}), 'out.sarif')
    const inputs = `          paths: |\n            route.yaml\n            $(touch injected); \`touch injected\`.yaml\n          package: ${tarball}\n          sarif: ${out}\n`
    const folder = repositoryWith({ 'action.yml': ACTION, '.github/workflows/use.yml': workflow(inputs) })
    git(folder, 'remote', 'add', 'origin', 'https://github.com/a/b.git')
    // Without a network, an empty action stands in for those of others; this Node is there already.
    const empty = folderWith({
      'action.yml': 'name: a\ndescription: a\nruns: {using: composite, steps: [{run: "true", shell: bash}]}\n',
    })
    git(empty, 'init', '--quiet')
    const others = [/uses: (actions\/setup-node@\w+)/.exec(ACTION)?.[1] ?? '', 'actions/checkout@v5']
    const local = others.flatMap((one) => ['--local-repository', `${one}=${empty}`])
    const home = folderWith({})
    const argv = ['push', '--platform', 'ubuntu-latest=-self-hosted', ...local]
    const { stdout, stderr, code } = await run('act', argv, { cwd: folder, env: { PATH, HOME: home } })
    assert.equal(code, 1, `${stdout}${stderr}`)
    assert.match(stdout, /HTTPRoute "checkout" in namespace "shop": .*\[not-permitted\]/, stderr)
    assert.match(stdout, /\$\(touch injected\).* does not exist/)
    for (const cwd of [folder, home]) assert.deepEqual(globSync('**/injected*', { cwd }), [])
    assert.match(readFileSync(out, 'utf8'), /"ruleId": "not-permitted"/)
  })
})
