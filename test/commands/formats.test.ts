import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'
import type { SarifLog } from '../report/formats/github-rules.ts'

/** A warning: the old version of a grant. */
const OLD = GRANT.replace('v1beta1', 'v1alpha2')

suite('SARIF of a repository', () => {
  const root = folderWith({ 'apps/shop/route.yaml': `# moved\n${ROUTE}` })
  mkdirSync(path.join(root, '.git'))

  const resultIn = async (cwd: string, file: string) => {
    const { stdout, code } = await refgrant(['check', '-o', 'sarif', file], { cwd })
    assert.equal(code, 1)
    return (JSON.parse(stdout) as SarifLog).runs[0]?.results[0]
  }

  test('names files from its root, whatever the current folder, and shows the range of the reference', async () => {
    for (const [folder, file] of [
      ['.', 'apps/shop/route.yaml'],
      ['apps', './shop/route.yaml'],
      ['apps/shop', path.join(root, 'apps/shop/route.yaml')],
    ] as const) {
      const result = await resultIn(path.join(root, folder), file)
      assert.equal(result?.locations[0]?.physicalLocation.artifactLocation.uri, 'apps/shop/route.yaml')
    }
  })

  test('keeps the fingerprint of a line that has moved', async () => {
    const before = await resultIn(folderWith({ 'route.yaml': ROUTE }), 'route.yaml')
    const after = await resultIn(root, 'apps/shop/route.yaml')
    assert.notDeepEqual(before?.locations[0]?.physicalLocation.region, after?.locations[0]?.physicalLocation.region)
    assert.deepEqual(before?.partialFingerprints, after?.partialFingerprints)
  })
})

suite('--fail-on decides which findings make the exit code 1:', { concurrency: 2 }, () => {
  const cwd = folderWith({ 'route.yaml': ROUTE, 'granted.yaml': `${ROUTE}---\n${OLD}`, 'broken.yaml': 'a: [' })
  const cases: [argv: string[], code: number][] = [
    [['route.yaml'], 1],
    [['route.yaml', '--fail-on', 'none'], 0],
    [['route.yaml', '--fail-on', 'grant-old-version'], 0],
    [['route.yaml', '--fail-on', 'grant-old-version,not-permitted'], 1],
    [['granted.yaml'], 0],
    [['granted.yaml', '--fail-on', 'warning'], 1],
    [['granted.yaml', '--fail-on', 'note'], 1],
    [['granted.yaml', '--fail-on', 'grant-old-version'], 1],
    [['route.yaml', '--fail-on', 'grant-old-version', '--fail-on', 'not-permitted'], 1],
    [['broken.yaml', '--fail-on', 'none'], 2],
  ]
  for (const [argv, code] of cases)
    test(argv.join(' '), async () => {
      const result = await refgrant(['check', ...argv], { cwd })
      assert.equal(result.code, code, result.stderr)
    })

  test('an unknown word is an error', async () => {
    const { code, stderr } = await refgrant(['check', '--fail-on', 'erorr', 'route.yaml'], { cwd })
    assert.equal(code, 2)
    assert.match(stderr, /option '--fail-on <what>' cannot be 'erorr': it must be error, warning, note/)
  })

  test('JUnit has a failure for what makes the command fail, and for nothing else', async () => {
    const failures = async (argv: string[]) => {
      const { stdout } = await refgrant(['check', '-o', 'junit', 'granted.yaml', ...argv], { cwd })
      return stdout.match(/<testsuites .*failures="(\d+)"/)?.[1]
    }
    assert.equal(await failures([]), '0')
    assert.equal(await failures(['--fail-on', 'warning']), '1')
  })
})
