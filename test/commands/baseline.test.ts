import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'
import type { SarifLog } from '../report/formats/github-rules.ts'

/** Runs git without the settings of this machine. */
function git(cwd: string, ...argv: string[]): string {
  const settings = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false']
  const env = { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' }
  return execFileSync('git', [...settings, ...argv], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** A repository with a commit of these files. */
function repositoryWith(files: Record<string, string>): string {
  const folder = folderWith(files)
  git(folder, 'init', '--quiet')
  commit(folder)
  return folder
}

function commit(folder: string): void {
  git(folder, 'add', '--all')
  git(folder, 'commit', '--quiet', '--message', 'change')
}

/** A route with another name, which refers to these Services. */
const routeTo = (name: string, ...services: string[]) =>
  JSON.stringify({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'shop' },
    spec: { rules: services.map((service) => ({ backendRefs: [{ name: service, namespace: 'billing', port: 80 }] })) },
  })

/** The counts that the last line of a text report has. */
async function compared(cwd: string, ...argv: string[]) {
  const { code, stdout, stderr } = await refgrant(['check', ...argv], { cwd })
  const [, introduced, fixed, unchanged] =
    /^compared with .*: (\d+) introduced, (\d+) fixed, (\d+) unchanged$/m.exec(stdout) ?? []
  return { code, stdout, stderr, counts: [introduced, fixed, unchanged].map(Number) }
}

test('the names are those of objects with introduced findings', async () => {
  const cwd = repositoryWith({ 'a.json': routeTo('old', 'x'), 'b.json': routeTo('both', 'x') })
  writeFileSync(path.join(cwd, 'b.json'), routeTo('both', 'x', 'y'))
  writeFileSync(path.join(cwd, 'c.json'), routeTo('new', 'x'))
  const { stdout } = await refgrant(['check', '.', '--baseline', 'HEAD', '-o', 'name'], { cwd })
  assert.deepEqual(
    stdout.split('\n'),
    ['both', 'new'].map((name) => `httproute.gateway.networking.k8s.io/${name}`).concat(''),
  )
})

test('the number of unchanged findings is printed, and how to see them', async () => {
  const cwd = repositoryWith({ 'a.json': routeTo('one', 'x', 'y') })
  const { stdout } = await refgrant(['check', '.', '--baseline', 'HEAD'], { cwd })
  assert.match(
    stdout,
    /: 0 introduced, 0 fixed, 2 unchanged\nNot shown: 2 unchanged findings\. To see them, leave out --baseline\.\n$/,
  )
  const fixed = await refgrant(['check', '.', '--baseline', 'HEAD', '--exclude', 'a.json'], { cwd })
  assert.doesNotMatch(fixed.stdout, /Not shown/)
})

suite('a finding is the same as before', { concurrency: 2 }, () => {
  const before = { 'a.json': routeTo('one', 'x', 'y') }
  const changes: [title: string, change: (folder: string) => void, counts: number[]][] = [
    ['if nothing changes', () => {}, [0, 0, 2]],
    [
      'if its lines move',
      (folder) => writeFileSync(path.join(folder, 'a.json'), `\n\n${routeTo('one', 'x', 'y')}`),
      [0, 0, 2],
    ],
    [
      'if its file gets another name',
      (folder) => renameSync(path.join(folder, 'a.json'), path.join(folder, 'b.yaml')),
      [0, 0, 2],
    ],
    [
      'if it moves in its list',
      (folder) => writeFileSync(path.join(folder, 'a.json'), routeTo('one', 'z', 'y', 'x')),
      [1, 0, 2],
    ],
    [
      'unless its target changes',
      (folder) => writeFileSync(path.join(folder, 'a.json'), routeTo('one', 'x', 'z')),
      [1, 1, 1],
    ],
    [
      'unless its object is another',
      (folder) => writeFileSync(path.join(folder, 'b.json'), routeTo('two', 'x')),
      [1, 0, 2],
    ],
    [
      'each time that it occurs',
      (folder) => writeFileSync(path.join(folder, 'a.json'), routeTo('one', 'x', 'x', 'y')),
      [1, 0, 2],
    ],
    [
      'unless a grant permits it',
      (folder) => writeFileSync(path.join(folder, 'b.yaml'), GRANT.replace('payments', 'x')),
      [0, 1, 1],
    ],
  ]
  for (const [title, change, counts] of changes)
    test(title, async () => {
      const folder = repositoryWith(before)
      const { stdout: report } = await refgrant(['check', '-o', 'json', '.'], { cwd: folder })
      change(folder)
      assert.deepEqual((await compared(folder, '.', '--baseline', 'HEAD')).counts, counts)
      const file = path.join(folderWith({ 'report.json': report }), 'report.json')
      assert.deepEqual((await compared(folder, '.', '--baseline', file)).counts, counts)
    })
})

suite('--baseline REVISION', { concurrency: 2 }, () => {
  test('reads the same paths at the revision, from any folder of the repository', async () => {
    const folder = repositoryWith({ 'apps/shop/route.yaml': ROUTE, 'other/route.json': routeTo('other', 'x') })
    git(folder, 'tag', 'v1')
    writeFileSync(path.join(folder, 'apps/shop/new.json'), routeTo('new', 'x'))
    commit(folder)
    for (const [cwd, asked] of [
      ['.', 'apps'],
      ['apps', '.'],
      ['apps/shop', '../shop'],
      ['other', path.join(folder, 'apps')],
    ] as const) {
      const { counts, code } = await compared(path.join(folder, cwd), asked, '--baseline', 'v1', '--fail-on', 'new')
      assert.deepEqual({ counts, code }, { counts: [1, 0, 1], code: 1 })
    }
    const { counts, code } = await compared(folder, 'other', '--baseline', 'HEAD~1', '--fail-on', 'new')
    assert.deepEqual({ counts, code }, { counts: [0, 0, 1], code: 0 })
  })

  test('says why the exit code is 1 if it has all findings', async () => {
    const folder = repositoryWith({ 'route.yaml': ROUTE })
    const check = (...argv: string[]) => refgrant(['check', '.', '--baseline', 'HEAD', ...argv], { cwd: folder })
    const { code, stderr } = await check()
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^refgrant: note: the exit code is 1 because of findings that "HEAD" has too: with --fail-on new, only new findings make it 1$/m,
    )
    const ofNew = await check('--fail-on', 'new')
    assert.deepEqual([ofNew.code, ofNew.stderr], [0, ''])
    writeFileSync(path.join(folder, 'new.json'), routeTo('new', 'x'))
    const introduced = await check()
    assert.deepEqual([introduced.code, introduced.stderr], [1, ''])
  })

  test('reads what --grants named, and what changed since the commit', async () => {
    const folder = repositoryWith({ 'a/route.yaml': ROUTE, 'grants/grant.yaml': GRANT })
    rmSync(path.join(folder, 'grants/grant.yaml'))
    writeFileSync(path.join(folder, 'grants/other.yaml'), GRANT.replaceAll('shop', 'other'))
    const { counts } = await compared(folder, 'a', '--grants', 'grants', '--baseline', 'HEAD')
    assert.deepEqual(counts, [1, 0, 0])
  })

  test('leaves out what the check leaves out: charts, hidden folders, excluded files, links to outside', async () => {
    const folder = folderWith({
      'chart/Chart.yaml': 'name: a\n',
      'chart/templates/route.yaml': routeTo('chart', 'x'),
      '.hidden/route.yaml': routeTo('hidden', 'x'),
      'skip/route.yaml': routeTo('skip', 'x'),
      'a "b" ü\n.yaml': routeTo('a', 'x'),
      'notes.txt': routeTo('text', 'x'),
    })
    symlinkSync('/etc/hostname', path.join(folder, 'link.yaml'))
    symlinkSync('a "b" ü\n.yaml', path.join(folder, 'same.yaml'))
    git(folder, 'init', '--quiet')
    commit(folder)
    rmSync(path.join(folder, 'link.yaml'))
    const { counts, stderr } = await compared(folder, '.', '--exclude', 'skip', '--baseline', 'HEAD')
    assert.deepEqual(counts, [0, 0, 1])
    assert.match(stderr, /the baseline "HEAD" may have more findings: link\.yaml: is a link to something outside/)
  })

  test('says that a file of the revision is too large, and one content may have many names', async () => {
    const copies = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`same/${at}.yaml`, ROUTE]))
    const folder = repositoryWith({ ...copies, 'large.yaml': `# ${'x'.repeat(64 * 1024 * 1024)}` })
    rmSync(path.join(folder, 'large.yaml'))
    const { counts, stderr } = await compared(folder, '.', '--baseline', 'HEAD')
    assert.deepEqual(counts, [0, 0, 100])
    assert.match(stderr, /note: the baseline "HEAD" may have more findings: large.yaml: exceeds the limit of 64 MiB/)
  })

  test('names the paths that the revision does not have', async () => {
    const folder = repositoryWith({ 'a.yaml': ROUTE })
    mkdirSync(path.join(folder, 'new'))
    writeFileSync(path.join(folder, 'new/b.yaml'), ROUTE)
    const { counts, stderr } = await compared(folder, 'new', '--baseline', 'HEAD')
    assert.deepEqual(counts, [1, 0, 0])
    assert.match(stderr, /note: "HEAD" does not have new: all its findings count as introduced/)
  })

  test('reads submodules at the commits that the revision names', async () => {
    const inner = repositoryWith({ 'c.json': routeTo('three', 'z') })
    const middle = repositoryWith({ 'b.json': routeTo('two', 'y') })
    const folder = repositoryWith({ 'a.json': routeTo('one', 'x') })
    const add = (to: string, from: string) => {
      git(to, '-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', from, 'sub')
      commit(to)
    }
    add(middle, inner)
    add(folder, middle)
    git(folder, '-c', 'protocol.file.allow=always', 'submodule', 'update', '--quiet', '--init', '--recursive')
    const counts = async (...paths: string[]) => (await compared(folder, ...paths, '--baseline', 'HEAD')).counts
    assert.deepEqual(await counts('.'), [0, 0, 3])
    assert.deepEqual(await counts('sub/sub'), [0, 0, 1])
    const hook = { GIT_DIR: path.join(folder, '.git'), GIT_INDEX_FILE: path.join(folder, '.git/index') }
    const { stdout } = await refgrant(['check', '.', '--baseline', 'HEAD'], { cwd: folder, env: hook })
    assert.match(stdout, /: 0 introduced, 0 fixed, 3 unchanged/)
    writeFileSync(path.join(folder, 'sub/d.json'), routeTo('four', 'z'))
    assert.deepEqual(await counts('.'), [1, 0, 3])
  })

  test('names a submodule that does not have the commit of the revision', async () => {
    const folder = repositoryWith({ 'a.json': routeTo('one', 'x') })
    const other = repositoryWith({ 'b.json': routeTo('two', 'y') })
    git(folder, '-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', other, 'sub')
    git(folder, 'update-index', '--cacheinfo', `160000,${'1'.repeat(40)},sub`)
    git(folder, 'commit', '--quiet', '--message', 'change')
    const { counts, stderr } = await compared(folder, '.', '--baseline', 'HEAD')
    assert.deepEqual(counts, [1, 0, 1])
    assert.match(
      stderr,
      /note: "HEAD" does not have the submodule sub at its commit: all its findings count as introduced/,
    )
  })
})

suite('a baseline that cannot be read is an error that says why:', { concurrency: 2 }, () => {
  const folder = repositoryWith({ 'a.yaml': ROUTE, 'report.json': '{"kind": "CheckReport"}' })
  const outside = folderWith({ 'a.yaml': ROUTE })
  const cases: [title: string, cwd: string, argv: string[], said: RegExp][] = [
    [
      'no such revision',
      folder,
      ['a.yaml', '--baseline', 'nope'],
      /"nope": neither a file nor a revision of the git repository/,
    ],
    ['an option of git', folder, ['a.yaml', '--baseline=--output=x'], /"--output=x": neither a file nor a revision/],
    ['no repository', outside, ['a.yaml', '--baseline', 'HEAD'], /no such file, .* fatal: not a git repository/],
    [
      'a path outside',
      folder,
      [path.join(outside, 'a.yaml'), '--baseline', 'HEAD'],
      /a.yaml" is not in the git repository/,
    ],
    ['standard input', folder, ['-', '--baseline', 'HEAD'], /standard input is not in the git repository/],
    [
      'no report',
      folder,
      ['a.yaml', '--baseline', 'report.json'],
      /report.json: is not a report of refgrant check -o json/,
    ],
    ['a folder', folder, ['a.yaml', '--baseline', '.git'], /\.git: is a folder/],
    ['new without a baseline', folder, ['a.yaml', '--fail-on', 'new'], /add --baseline/],
  ]
  for (const [title, cwd, argv, said] of cases)
    test(title, async () => {
      const { code, stdout, stderr } = await refgrant(['check', ...argv], { cwd, input: ROUTE })
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
      assert.match(stderr, said)
    })

  test('no temporary folder', async () => {
    const { code, stderr } = await refgrant(['check', '.', '--baseline', 'HEAD'], {
      cwd: folder,
      env: { TMPDIR: '/nowhere' },
    })
    assert.deepEqual(
      [code, stderr],
      [
        2,
        'refgrant: cannot make a temporary folder for the revision in /nowhere: no such file or directory: name another with TMPDIR\n',
      ],
    )
  })

  test('no git', async () => {
    const { code, stderr } = await refgrant(['check', 'a.yaml', '--baseline', 'HEAD'], {
      cwd: folder,
      env: { PATH: '' },
    })
    assert.equal(code, 2)
    assert.match(stderr, /cannot compare with "HEAD": .*git cannot be run: no such file or directory/)
  })

  test('names and links that no file system takes', async () => {
    const folder = repositoryWith({ 'a.yaml': ROUTE, target: 'x'.repeat(5_000) })
    const target = git(folder, 'hash-object', '-w', 'target').trim()
    for (const [mode, name] of [
      ['120000', 'link.yaml'],
      ['100644', `${'x'.repeat(300)}.yaml`],
    ] as const) {
      git(folder, 'update-index', '--add', '--cacheinfo', `${mode},${target},odd/${name}`)
      git(folder, 'commit', '--quiet', '--message', name)
      const { code, stderr } = await refgrant(['check', 'a.yaml', 'odd', '--baseline', 'HEAD'], { cwd: folder })
      assert.equal(code, 2)
      assert.match(stderr, /^refgrant: cannot write "odd\/\S+" of the revision to a temporary folder: \S+.*\n$/)
      git(folder, 'rm', '--quiet', '--cached', `odd/${name}`)
    }
  })

  test('a shallow clone', async () => {
    const origin = repositoryWith({ 'a.yaml': ROUTE })
    const first = git(origin, 'rev-parse', 'HEAD').trim()
    writeFileSync(path.join(origin, 'b.yaml'), GRANT)
    commit(origin)
    const clone = path.join(folderWith({}), 'clone')
    git(origin, 'clone', '--quiet', '--depth=1', `file://${origin}`, clone)
    const { code, stderr } = await refgrant(['check', 'a.yaml', '--baseline', first], { cwd: clone })
    assert.equal(code, 2)
    assert.match(stderr, /this clone is shallow and does not have it: fetch it, for example with git fetch --depth=1/)
  })

  test('a partial clone, which would fetch by a command of its configuration', async () => {
    const origin = repositoryWith({ 'a.yaml': ROUTE })
    git(origin, 'config', 'uploadpack.allowFilter', 'true')
    writeFileSync(path.join(origin, 'a.yaml'), GRANT)
    commit(origin)
    const clone = path.join(folderWith({}), 'clone')
    git(origin, 'clone', '--quiet', '--filter=blob:none', `file://${origin}`, clone)
    const fetched = path.join(clone, 'fetched')
    git(clone, 'config', 'remote.origin.uploadpack', `touch '${fetched}'; git-upload-pack`)
    const argv = ['check', 'a.yaml', '--baseline', 'HEAD^']
    const { code, stderr } = await refgrant(argv, { cwd: clone })
    assert.equal(code, 2)
    assert.match(
      stderr,
      /this clone is partial and does not have all content: .* git fetch --refetch --no-filter origin/,
    )
    assert.ok(!existsSync(fetched), 'git runs the command')

    git(clone, 'fetch', '--quiet', '--refetch', '--no-filter', 'origin')
    assert.equal((await refgrant(argv, { cwd: clone })).code, 0)
  })

  test('a report that is not complete is used, with a note', async () => {
    const { stdout } = await refgrant(['check', '-o', 'json', 'a.yaml', 'gone.yaml'], { cwd: folder })
    const file = path.join(folderWith({ 'r.json': stdout }), 'r.json')
    const { code, counts, stderr } = await compared(folder, 'a.yaml', '--baseline', file, '--fail-on', 'new')
    assert.deepEqual({ code, counts }, { code: 0, counts: [0, 0, 1] })
    assert.match(stderr, /is not complete: a finding that it does not have counts as introduced/)
  })
})

test('formats show what was introduced', async () => {
  const folder = repositoryWith({ 'a.json': routeTo('one', 'x', 'y') })
  writeFileSync(path.join(folder, 'a.json'), routeTo('one', 'y', 'z'))
  const printed = async (format: string) => (await compared(folder, '.', '--baseline', 'HEAD', '-o', format)).stdout
  const sarif = JSON.parse(await printed('sarif')) as SarifLog
  const states = sarif.runs[0]?.results.map(({ baselineState }) => baselineState)
  assert.deepEqual(states, ['unchanged', 'new'])
  assert.equal((await printed('github')).match(/^::error/gm)?.length, 1)
  assert.equal((await printed('markdown')).match(/^\| error/gm)?.length, 1)
  assert.match(await printed('junit'), /tests="2" failures="2"/)
  const { stdout } = await compared(folder, '.', '--baseline', 'HEAD', '--fail-on', 'new', '-o', 'junit')
  assert.match(stdout, /tests="2" failures="1"/)
  const { baseline } = JSON.parse(await printed('json'))
  assert.deepEqual([baseline.introduced, baseline.unchanged, baseline.fixed.length], [1, 1, 1])
})

test('a namespace that Flux sets counts in the revision as it does now', async () => {
  const spec = { path: 'apps', targetNamespace: 'prod', sourceRef: { kind: 'GitRepository', name: 'fleet' } }
  const metadata = { name: 'apps', namespace: 'flux-system' }
  const flux = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata, spec }
  const url = 'https://git.example.com/team/fleet'
  const source = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', spec: { url } }
  const cwd = repositoryWith({
    'apps/a.yaml': routeTo('one', 'x'),
    'clusters/flux.json': JSON.stringify(flux),
    'clusters/fleet.json': JSON.stringify({ ...source, metadata: { ...metadata, name: 'fleet' } }),
  })
  git(cwd, 'remote', 'add', 'origin', url)
  const { counts, stdout, stderr } = await compared(cwd, 'apps', 'clusters', '--baseline', 'HEAD')
  assert.deepEqual(counts, [0, 0, 1], stdout + stderr)
  assert.match(stderr, /namespace "prod" of the objects in apps comes from/)
})

suite('a report that does not show all its findings', () => {
  /** More findings of each kind than a report shows: references, and entries of a grant. */
  const services = Array.from({ length: 1_500 }, (_, at) => `s${at}`)
  const grantOf = (entries: number) =>
    GRANT.replace(/to:.*/s, `to: [${'{group: core, kind: Service, name: a},'.repeat(entries)}]\n`)
  const write = (folder: string, some: readonly string[], entries: number) => {
    writeFileSync(path.join(folder, 'route.json'), routeTo('one', ...some))
    writeFileSync(path.join(folder, 'grant.yaml'), grantOf(entries))
  }
  const folder = folderWith({})
  write(folder, services, 1_200)
  const reported = async () => JSON.parse((await refgrant(['check', '.', '-o', 'json'], { cwd: folder })).stdout)
  const against = (report: object) => {
    const file = path.join(folderWith({ 'report.json': JSON.stringify(report) }), 'report.json')
    return compared(folder, '.', '--baseline', file, '--fail-on', 'new')
  }

  test('is a baseline for all of them, each with its number', async () => {
    const report = await reported()
    const { version, digests } = report.omittedIdentities
    const left = Object.values<number>(digests)
    const total = 1_500 + 1_201
    assert.deepEqual([report.findings.length, report.omittedFindings, version], [2_000, total - 2_000, 1])
    assert.deepEqual([left.length, left.toSorted((a, b) => a - b).at(-1)], [501, 201])
    assert.ok(Object.keys(digests).every((one) => /^[0-9a-f]{16}$/.test(one)))

    const same = await against(report)
    assert.deepEqual({ ...same, stdout: '' }, { code: 0, counts: [0, 0, total], stdout: '', stderr: '' })

    write(folder, [...services.slice(0, 1_400), 'new'], 1_202)
    const other = await against(report)
    assert.deepEqual([other.code, other.counts, other.stderr], [1, [3, 100, total - 100], ''])
    write(folder, services, 1_200)
  })

  test('is a baseline for those that are shown, with a note, if it does not say so in a known version', async () => {
    const { omittedIdentities, ...old } = await reported()
    for (const report of [old, { ...old, omittedIdentities: { ...omittedIdentities, version: 2 } }]) {
      const { code, counts, stderr } = await against(report)
      assert.deepEqual([code, counts], [1, [701, 0, 2_000]])
      assert.match(stderr, /is not complete: a finding that it does not have counts as introduced/)
    }
  })
})
