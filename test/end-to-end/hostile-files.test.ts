import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { CLI, refgrant } from '../harness/program/cli.ts'
import { run } from '../harness/program/run.ts'

/** What a terminal obeys or hides, and what Azure Pipelines, GitHub Actions and TeamCity obey. */
const OBEYED = /[^\P{C}\n]|[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|##\[|##vso\[|^\s*::/mu

const HOSTILE = 'x\n::warning::\r\u001b[2J\u202eevil\u2028##[error]\u{e0041}\ufe0f'
const MIB = 1024 * 1024

/** A route and a grant whose names are these, as JSON, which is YAML. */
function objects(name: string) {
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: name },
    spec: { rules: [{ backendRefs: [{ group: name, kind: name, name, namespace: `${name}2` }] }] },
  }
  const grant = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'ReferenceGrant',
    metadata: { name, namespace: name },
    spec: { from: [{ group: 'v1', kind: name, namespace: name }], to: [{ group: name, kind: name, name }] },
  }
  return { route, grant }
}

function hostileFolder(): string {
  const { route, grant } = objects(HOSTILE)
  const folder = folderWith({
    '::warning::a.yaml': JSON.stringify(route),
    [`${HOSTILE}.json`]: JSON.stringify({ kind: 'List', items: [grant] }),
    'b.yaml': `a: 1\n? "${HOSTILE.replaceAll(/[^a-z]/g, '')}\u001b"\n: 2\n${JSON.stringify(HOSTILE)}: 1\n${JSON.stringify(HOSTILE)}: 2\n`,
    'c.yaml': '@\u001b[2J\u202e\n',
  })
  mkdirSync(path.join(folder, `folder ${HOSTILE}`))
  writeFileSync(path.join(folder, `folder ${HOSTILE}`, 'd.yaml'), `- !${'\u202e'}x *nothing\n`)
  return folder
}

suite('hostile names in files', { timeout: 300_000 }, () => {
  const commands: string[][] = [
    ['check', '.'],
    ['check', '.', '-o', 'json'],
    ['audit', '.'],
    ['audit', '.', '-o', 'json'],
    ['grant', '-f', '.'],
    ['grant', '-f', '.', '-o', 'json'],
    ['check', HOSTILE],
    ['check', '.', '--config', HOSTILE],
    ['serve', '--cert', HOSTILE],
    [HOSTILE],
  ]
  for (const argv of commands) {
    test(`are told by ${JSON.stringify(argv.join(' '))} so that no terminal and no pipeline obeys them`, async () => {
      const { stdout, stderr } = await refgrant(argv, { cwd: hostileFolder() })
      assert.ok(stdout.length + stderr.length > 20)
      assert.doesNotMatch(stdout, OBEYED)
      assert.doesNotMatch(stderr, OBEYED)
      for (const line of stderr.split('\n')) assert.ok(line.length < 5_000)
    })
  }

  test('are still in the JSON and in the YAML that programs read', async () => {
    const folder = hostileFolder()
    const { findings } = JSON.parse((await refgrant(['check', '.', '-o', 'json'], { cwd: folder })).stdout)
    const refused = findings.find(({ code }: { code: string }) => code === 'not-permitted')
    assert.deepEqual(
      [refused.file, refused.object.name, refused.target.namespace],
      ['::warning::a.yaml', HOSTILE, `${HOSTILE}2`],
    )
    const backend = { name: HOSTILE, namespace: 'billing' }
    const { route } = objects('shop')
    const named = folderWith({
      'route.yaml': JSON.stringify({ ...route, spec: { rules: [{ backendRefs: [backend] }] } }),
    })
    const [grant] = parseAllDocuments((await refgrant(['grant', '-f', '.'], { cwd: named })).stdout).map((one) =>
      one.toJS(),
    )
    assert.deepEqual(grant.spec.to, [{ group: '', kind: 'Service', name: HOSTILE }])
  })
})

suite('files of a hostile size', { timeout: 300_000 }, () => {
  test('a grant of 4,000 times 4,000 entries is reported in as many lines as it has', async () => {
    const entries = (one: (n: number) => string) => Array.from({ length: 4_000 }, (_, n) => one(n)).join('')
    // The API server rejects a ReferenceGrant of more than 16 entries.
    const grant =
      GRANT.replace('gateway.networking.k8s.io/v1beta1', 'example.com/v1').replace(/spec:.*/s, '') +
      `spec:\n  from:\n${entries((n) => `  - {group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: n${n}}\n`)}  to:\n${entries((n) => `  - {group: "", kind: Service, name: s${n}}\n`)}`
    const kinds = '[{group: example.com, kind: ReferenceGrant, plural: referencegrants}]'
    const folder = folderWith({
      'grant.yaml': grant,
      'route.yaml': ROUTE,
      'refgrant.conf': `apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\ngrantKinds: ${kinds}\n`,
    })
    const config = ['--config', 'refgrant.conf']
    assert.equal((await refgrant(['check', '.', ...config], { cwd: folder })).code, 1)
    const { stdout } = await refgrant(['audit', '.', ...config], { cwd: folder })
    assert.match(stdout, /\nWhat 1 grant permits\n/)
    assert.ok(stdout.split('\n').length < 4_030)
    const { permissions } = JSON.parse(
      (await refgrant(['audit', '.', '-o', 'json', ...config], { cwd: folder })).stdout,
    )
    assert.deepEqual([permissions.length, permissions[0].from.length, permissions[0].to.length], [1, 4_000, 4_000])
  })

  test('a name of 2 MiB is told in a short line, and no grant is made for it', async () => {
    const name = 'x'.repeat(2 * MIB)
    const plain = (object: object) => JSON.stringify(object).replaceAll(/"(y2?)"/g, (_, one) => one.replace('y', name))
    const { route, grant } = objects('y')
    const folder = folderWith({ 'route.yaml': plain(route), 'grant.yaml': plain(grant) })
    for (const argv of [
      ['check', '.'],
      ['check', '.', '-o', 'json'],
      ['audit', '.'],
      ['audit', '.', '-o', 'json'],
    ]) {
      const { stdout, code } = await refgrant(argv, { cwd: folder })
      assert.equal(code, 1)
      assert.ok(stdout.length < 20_000, `${argv}: ${stdout.length}`)
    }
    const { code, stdout, stderr } = await refgrant(['grant', '-f', '.'], { cwd: folder })
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(
      stderr,
      /backendRefs\[0\] needs a ReferenceGrant with the namespace "x{253}…", which the API server rejects/,
    )
  })

  test('of 300,000 findings 1,000 are told, and all are counted', async () => {
    const folder = folderWith({
      'grant.yaml': GRANT.replace(/from:.*/s, `from: [${'0,'.repeat(100_000)}]\n  to: []\n`),
    })
    const { code, stdout } = await refgrant(['check', '.'], { cwd: folder })
    assert.equal(code, 1)
    const lines = stdout.trimEnd().split('\n')
    assert.equal(lines.length, 1_002)
    assert.deepEqual(lines.slice(-2), [
      'Not shown: 299002 more findings',
      '1 file, 1 object, 0 references into other namespaces: 300002 errors, 0 warnings, 0 notes',
    ])
    const report = JSON.parse((await refgrant(['audit', '.', '-o', 'json'], { cwd: folder })).stdout)
    assert.deepEqual([report.findings.length, report.omittedFindings], [1_000, 299_002])
  })

  test('of 1,500 references without a grant 1,000 are told, and all are counted', async () => {
    const backends = Array.from({ length: 1_500 }, (_, n) => `        - {name: s${n}, namespace: billing}\n`).join('')
    const folder = folderWith({ 'route.yaml': ROUTE.replace(/ +- name: cart.*/s, backends) })
    const { stdout } = await refgrant(['check', '.'], { cwd: folder })
    assert.match(
      stdout,
      /\nNot shown: 500 more findings\nTo print the grants that are missing: .*\n1 file, 1 object, 1500 references .*: 1500 errors, 0 warnings, 0 notes\n$/,
    )
    const missing = await refgrant(['grant', '-f', '.'], { cwd: folder })
    assert.equal(parseAllDocuments(missing.stdout).length, 1_500)
  })

  test('what a table has in one long cell does not widen its other rows', async () => {
    const { route } = objects('y'.repeat(200))
    const folder = folderWith({ 'a.yaml': JSON.stringify(route), 'b.yaml': ROUTE })
    const { stdout } = await refgrant(['audit', '.'], { cwd: folder })
    const short = stdout.split('\n').find((line) => line.includes('"shop/checkout"'))
    assert.ok(short !== undefined && short.length < 200, short)
  })
})

test('a report is not written faster than it is read, and ends when its reader ends', async () => {
  const backends = Array.from({ length: 5_000 }, (_, n) => `        - {name: s${n}, namespace: billing}\n`).join('')
  const folder = folderWith({ 'route.yaml': ROUTE.replace(/ +- name: cart.*/s, backends) })
  const { stdout, stderr } = await run('sh', ['-c', `${process.execPath} ${CLI} audit ${folder} | head -n 1`])
  assert.deepEqual([stdout, stderr], ['5000 references into other namespaces: 0 permitted, 5000 not permitted\n', ''])
})
