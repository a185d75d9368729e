import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { CLI, refgrant } from '../harness/program/cli.ts'
import { run } from '../harness/program/run.ts'

/** Runs a command on files, and returns the lines on standard error without the name of the program. */
async function said(argv: string[], files: Record<string, string>, input?: string) {
  const { code, stdout, stderr } = await refgrant(argv, {
    cwd: folderWith(files),
    ...(input !== undefined && { input }),
  })
  const lines = stderr.split('\n').filter((line) => line !== '')
  return { code, stdout, lines: lines.map((line) => line.replace(/^refgrant: /, '')) }
}

const KUSTOMIZATION = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [route.yaml]\n'
const unnamed = ROUTE.replace('  namespace: shop\n', '')

suite('a command fails if it reads nothing:', { concurrency: 2 }, () => {
  for (const argv of [
    ['check', '-'],
    ['grant', '-f', '-'],
    ['audit', '-'],
  ])
    for (const input of ['', '# nothing\n---\n', 'replicas: 2\n'])
      test(`${argv.join(' ')} of ${JSON.stringify(input)}`, async () => {
        const { code, lines } = await said(argv, {}, input)
        assert.equal(code, 2)
        assert.ok(
          lines.includes('-: standard input holds no Kubernetes object: the command that writes it may have failed'),
          String(lines),
        )
        assert.ok(!lines.includes('no grant is missing'))
      })

  for (const command of ['check', 'grant', 'audit'])
    test(`${command} of the pipe of a program that failed`, async () => {
      const pipe = await refgrant([command], { under: ['bash', '-c', '"$0" "$@" <(false)'] })
      assert.equal(pipe.code, 2)
      assert.match(
        pipe.stderr,
        /\/dev\/fd\/\d+: holds no Kubernetes object: the command that writes it may have failed\n/,
      )
    })

  test('standard input with a value that kubectl refuses, even if it does not hold an object', async () => {
    const refused = 'a: 1\na: 2\n'
    const { code, lines } = await said(['check', '-'], {}, refused)
    assert.deepEqual([code, lines], [2, ['-:2: keys must be unique, and "a" is given twice']])
    const files = { 'values.yaml': refused }
    const pipe = await refgrant(['check'], {
      cwd: folderWith(files),
      under: ['bash', '-c', '"$0" "$@" <(cat values.yaml)'],
    })
    assert.equal(pipe.code, 2)
    assert.match(pipe.stderr, /\/dev\/fd\/\d+:2: keys must be unique/)
  })

  test('an empty file on the command line', async () => {
    const files = { 'empty.yaml': '# nothing\n', 'values.yaml': 'replicas: 2\n', 'route.yaml': ROUTE }
    const { code, lines } = await said(['check', 'empty.yaml', 'route.yaml'], files)
    assert.deepEqual([code, lines], [2, ['empty.yaml: is empty, or holds nothing but comments']])
    assert.equal((await said(['check', '.', '--grants', 'empty.yaml'], files)).code, 2)
    // As a commit hook names all files that changed.
    assert.equal((await said(['check', 'values.yaml', 'route.yaml'], files)).code, 1)
  })

  test('but not for an empty list', async () => {
    const { code, lines } = await said(['audit', '-'], {}, 'kind: List\napiVersion: v1\nitems: []\n')
    assert.equal(code, 0)
    assert.deepEqual(lines, [
      'note: nothing to check in the files: refgrant catalogue lists the kinds that are checked',
    ])
  })

  test('but only notes a folder without an object to check, in JSON too', async () => {
    const files = { 'a/service.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n', 'b/route.yaml': ROUTE }
    const { lines, stdout } = await said(['check', 'a', 'b', '-o', 'json'], files)
    assert.deepEqual(lines, [
      'note: a: nothing to check in this folder: refgrant catalogue lists the kinds that are checked',
    ])
    assert.deepEqual(JSON.parse(stdout).notes, [
      'a: nothing to check in this folder: refgrant catalogue lists the kinds that are checked',
    ])
  })

  test('and does not say that no grant is missing if a file could not be read', async () => {
    const { code, lines } = await said(['grant', '.'], { 'a.yaml': 'kind: [\n', 'b.yaml': GRANT })
    assert.equal(code, 2)
    assert.deepEqual(lines, ['a.yaml:2: a bracket or a brace is not closed, or its end is indented too little'])
  })

  test('and JSON names the files that could not be read', async () => {
    const { code, stdout } = await said(['check', '.', '-o', 'json'], { 'a.yaml': 'kind: [\n', 'b.yaml': GRANT })
    const { complete, problems } = JSON.parse(stdout)
    assert.deepEqual([code, complete, problems.length], [2, false, 1])
  })
})

suite('a document that is not an object', { concurrency: 2 }, () => {
  test('is left out and counted', async () => {
    const files = {
      'labels.yaml': '- name: bug\n  color: red\n',
      'playbook.yml': '- hosts: all\n  tasks: []\n',
      'patch.json': '[{"op": "remove", "path": "/spec"}]',
      'values.yaml': 'replicas: 2\n',
      'route.yaml': ROUTE,
    }
    const { code, lines, stdout } = await said(['check', '.'], files)
    assert.equal(code, 1)
    assert.deepEqual(lines, ['note: 4 documents without a Kubernetes object left out'])
    assert.match(stdout, /^5 files, 1 object, /m)
  })

  test('is an error at its line if its metadata is not a string', async () => {
    const { code, lines } = await said(['check', '.'], {
      'a.yaml': `${GRANT}---\n${GRANT.replace('name: shop', 'name: 5')}`,
    })
    assert.equal(code, 2)
    assert.deepEqual(lines, ['a.yaml:19: metadata.name is not a string'])
  })

  test('is an error if a label is not a string, since kubectl refuses it', async () => {
    const labelled = GRANT.replace('metadata:\n', 'metadata:\n  labels: {a: b, version: 1.0}\n')
    const { code, lines } = await said(['check', '.'], { 'a.yaml': labelled })
    assert.deepEqual([code, lines], [2, ['a.yaml:4: a value of metadata.labels is not a string']])
  })

  test('is an error without a warning of Node if it is an unrendered template', async () => {
    const template = GRANT.replace(/metadata:\n.*\n.*\n/, 'metadata: {name: {{ .Release.Name }}}\n')
    for (const command of ['check', 'grant', 'audit', 'explain -f']) {
      const { code, lines } = await said([...command.split(' '), '.'], { 'a.yaml': template })
      assert.equal(code, 2)
      assert.equal(
        lines[0],
        `a.yaml:3: a list or an object cannot be a key: correct the indentation, or write a text in quotes; to read a template of Helm, render it: helm template CHART | refgrant ${command} -`,
      )
    }
  })

  test('is left out if it has no name', async () => {
    const { code, lines } = await said(['check', '.'], {
      'a.yaml': ROUTE.replace('  name: checkout\n', ''),
      'b.yaml': GRANT,
    })
    assert.equal(code, 0)
    assert.deepEqual(lines, ['note: a.yaml:4: skipped: HTTPRoute does not have metadata.name'])
  })

  test('is noted as a configuration of refgrant if it is one', async () => {
    const configuration = 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\nmode: warn\n'
    const { code, lines } = await said(['check', '.'], { 'a.yaml': GRANT, 'b.yaml': configuration })
    assert.equal(code, 0)
    assert.deepEqual(lines, ['note: b.yaml:1: is a configuration of refgrant, not an object to check'])
  })

  test('is noted as a report of refgrant if it is one', async () => {
    const { stdout } = await said(['check', '-', '-o', 'json'], {}, GRANT)
    const { code, lines } = await said(['check', '.'], { 'a.yaml': GRANT, 'report.json': stdout })
    assert.equal(code, 0)
    assert.deepEqual(lines, ['note: report.json:1: is a report of refgrant, not an object to check'])
  })
})

suite('of a folder', { concurrency: 2 }, () => {
  test('the templates of a chart are left out, with a note on how to render them', async () => {
    const files = {
      'charts/shop/Chart.yaml': 'apiVersion: v2\nname: shop\n',
      'charts/shop/templates/route.yaml': '{{ if }}\n',
      'charts/shop/crds/a.yaml': GRANT,
    }
    const { code, lines } = await said(['check', '.'], files)
    assert.equal(code, 0)
    assert.deepEqual(lines, [
      'note: charts/shop/templates: left out, since it holds Helm templates; run: helm template charts/shop | refgrant check -',
      'note: 1 document without a Kubernetes object left out',
    ])
    assert.equal((await said(['check', 'charts/shop/templates'], files)).code, 2)
    assert.match(
      (await said(['explain', '-f', '.'], files)).lines[0] ?? '',
      /helm template charts\/shop \| refgrant explain -f -$/,
    )
  })

  test('hidden folders, node_modules and excluded files are left out', async () => {
    const files = {
      '.git/a.yaml': '[',
      'node_modules/x/a.yaml': '[',
      'deep/.hidden/a.yaml': '[',
      'deep/broken.yaml': '[',
      'tests/a.yaml': '[',
      'deep/tests/a.yaml': '[',
      'a/b.yaml': '[',
      'a/c.yaml': GRANT,
    }
    const exclude = ['--exclude', 'broken*.yaml', '--exclude', 'tests/', '--exclude', 'a/b.*']
    const { code, lines } = await said(['check', '.', ...exclude], files)
    assert.equal(code, 0)
    assert.deepEqual(lines.slice(0, 2), [
      'note: node_modules: skipped: to read this folder, pass its path',
      'note: deep/.hidden: skipped: to read this folder, pass its path',
    ])
    for (const left of ['.git', 'deep', 'tests', 'a/b.yaml']) assert.equal((await said(['check', left], files)).code, 2)
  })

  test('any number of files that cannot be read are told, and the rest is read', async () => {
    const cwd = folderWith({ 'grant.yaml': GRANT })
    for (let at = 0; at < 20_000; at += 1) symlinkSync('nowhere', path.join(cwd, `${at}.yaml`))
    // With a tenth of the stack, a call takes only a tenth of the arguments.
    const { code, stdout, stderr } = await run(process.execPath, ['--stack-size=100', CLI, 'check', '.'], { cwd })
    assert.equal(code, 2)
    assert.match(stdout, /^1 file, 1 object,/)
    assert.match(stderr, /^refgrant: 0\.yaml: does not exist; [\s\S]*\nrefgrant: not shown: 19000 more problems\n$/)
  })

  test('nothing is left out by a glob that matches nothing, which is noted once', async () => {
    const files = { 'a/route.yaml': ROUTE, 'a/tests/x.yaml': '[', 'grants/grant.yaml': GRANT, 'grants/old.yaml': '[' }
    const exclude = ['tests', 'test?', 'old.*', 'tset', 'b/*'].flatMap((glob) => ['--exclude', glob])
    const { code, lines, stdout } = await said(['check', 'a', '--grants', 'grants', ...exclude, '-o', 'json'], files)
    const note =
      '--exclude "tset", "b/*" leaves out nothing: write the name of a file or folder, or its path from the folder that is read'
    assert.deepEqual([code, lines, JSON.parse(stdout).notes], [0, [`note: ${note}`], [note]])
    const named = await said(['check', 'a/route.yaml', 'grants/grant.yaml', '--exclude', 'tset'], files)
    assert.deepEqual([named.code, named.lines], [0, []])
  })

  test('a kustomization and its patches are left out, with a note on how to render them', async () => {
    const patch =
      'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: checkout, namespace: a}\n'
    const files = {
      'app/kustomization.yaml': `${KUSTOMIZATION}namespace: shop\npatches: [{path: patch.yaml}]\n`,
      'app/patch.yaml': patch,
      'app/route.yaml': unnamed,
    }
    const { lines, stdout } = await said(['check', '.'], files)
    assert.deepEqual(lines, [
      'note: app/kustomization.yaml: is a kustomization and sets namespace "shop"; to read its output: refgrant check -k app',
      'note: app/patch.yaml:1: is a patch of app/kustomization.yaml, and is left out',
      'note: namespace "default" is assumed for app/route.yaml:1: name another with -n, or read the rendered output',
    ])
    assert.match(stdout, /^3 files, 1 object, /m)
  })

  test('no kustomization hides an object that refers to another namespace', async () => {
    const patches = (file: string) => `${KUSTOMIZATION}patches: [{path: ${file}}]\n`
    const files = {
      'folder/x/a.yaml': patches('../route.yaml'),
      'folder/route.yaml': ROUTE,
      'named.yaml': `${patches('named.yaml')}---\n${ROUTE}`,
      'both/Kustomization': 'resources: [grant.yaml, route.yaml]\npatches: [{path: grant.yaml}, {path: route.yaml}]\n',
      'both/route.yaml': ROUTE,
      'both/grant.yaml': GRANT,
    }
    const folder = await said(['check', 'folder'], files)
    assert.equal(folder.code, 1)
    assert.ok(
      folder.lines.includes(
        'note: folder/route.yaml:1: is a patch of folder/x/a.yaml, and is checked as it is written',
      ),
      String(folder.lines),
    )
    assert.equal((await said(['check', 'named.yaml'], files)).code, 1)
    const both = await said(['check', 'both'], files)
    assert.equal(both.code, 0)
    assert.match(both.stdout, /, 2 objects, 1 reference /)
  })

  test('files are read in the order of kubectl, which tells which of two grants counts', async () => {
    const narrow = GRANT.replace('namespace: shop', 'namespace: other')
    const files = { 'a/route.yaml': ROUTE, 'a/grants/grant.yaml': narrow, 'a/grants.yaml': GRANT }
    assert.equal((await said(['audit', 'a'], files)).code, 0)
    const turned = { ...files, 'a/grants/grant.yaml': GRANT, 'a/grants.yaml': narrow }
    assert.equal((await said(['audit', 'a'], turned)).code, 1)
  })

  test('a file that is called like a lock of an editor is read, and such a link is not', async () => {
    assert.equal((await said(['check', '.'], { '.#route.yaml': ROUTE })).code, 1)
  })

  test('a folder that is named twice is not judged together with itself', async () => {
    const cwd = folderWith({ 'dev/route.yaml': ROUTE })
    const { stderr } = await refgrant(['check', 'dev', './dev/'], { cwd })
    assert.doesNotMatch(stderr, /judged together/)
  })

  test('and of another one, a note says that both are judged together', async () => {
    const { code, lines } = await said(['check', 'dev', 'prod'], { 'dev/route.yaml': ROUTE, 'prod/grant.yaml': GRANT })
    assert.equal(code, 0)
    assert.deepEqual(lines, [
      'note: dev, prod are judged together: the grants of each count for all; if they belong to different clusters, check each separately',
    ])
  })
})

test('an assumed namespace is noted, unless -n sets it', async () => {
  const files = { 'a.yaml': `${unnamed}---\n${unnamed}` }
  assert.deepEqual((await said(['check', 'a.yaml'], files)).lines, [
    'note: namespace "default" is assumed for a.yaml:1 and 1 more object: name another with -n, or read the rendered output',
  ])
  const { lines, stdout } = await said(['check', 'a.yaml', '-n', 'shop'], files)
  assert.deepEqual(lines, [])
  assert.match(stdout, /in namespace "shop"/)
})

suite('an object that the configuration exempts', { concurrency: 2 }, () => {
  const files = {
    'refgrant.yaml': 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\nexempt: {namespaces: [shop]}\n',
    'route.yaml': ROUTE,
    'grant.yaml': GRANT,
  }
  const config = ['--config', 'refgrant.yaml']
  const unknown =
    'namespace labels, users and groups are unknown without a cluster: everything is judged as in mode deny, without exempt users and groups'
  const exempt = [
    {
      object: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' },
      reason: 'exempt namespace',
    },
  ]

  test('is exempt in check', async () => {
    const { code, stdout, lines } = await said(['check', 'route.yaml', ...config], files)
    assert.deepEqual([code, lines], [0, []])
    assert.match(stdout, /0 notes; 1 object exempt \(exempt namespace: 1\)\n$/)
    const report = JSON.parse((await said(['check', 'route.yaml', ...config, '-o', 'json'], files)).stdout)
    assert.deepEqual([report.exempt, report.notes, report.summary.references], [exempt, [], 0])
  })

  test('is exempt in audit, and never permitted', async () => {
    const { code, stdout } = await said(['audit', 'route.yaml', 'grant.yaml', ...config, '-o', 'json'], files)
    const report = JSON.parse(stdout)
    assert.deepEqual([code, report.exempt, report.summary.permitted, report.notes], [0, exempt, 0, []])
  })

  for (const setting of [
    'mode: warn',
    'modeLabel: example.com/mode',
    'exempt: {users: [jane]}',
    'exempt: {groups: [a]}',
  ])
    test(`is judged without what files do not tell, which is noted for ${setting}`, async () => {
      const text = `apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\n${setting}\n`
      for (const command of ['check', 'audit']) {
        const argv = [command, 'route.yaml', 'grant.yaml', ...config]
        assert.deepEqual((await said(argv, { ...files, 'refgrant.yaml': text })).lines, [`note: ${unknown}`])
      }
    })

  test('still has its grant printed', async () => {
    assert.match((await said(['grant', 'route.yaml', ...config], files)).stdout, /kind: ReferenceGrant/)
  })
})

suite('check finds', { concurrency: 2 }, () => {
  const other = GRANT.replace('name: payments', 'name: ledger')

  test('a grant that is written twice below one folder with different contents, and names both places', async () => {
    const { code, stdout } = await said(['check', '.'], { 'a.yaml': GRANT, 'b.yaml': other, 'c.yaml': other })
    assert.equal(code, 0)
    assert.match(
      stdout,
      /^b\.yaml:1: warning: ReferenceGrant "shop" in namespace "billing" is defined again at a\.yaml:1 with different contents: .* \[grant-duplicate\]\n3 files/,
    )
  })

  test('no duplicate below another path, which is noted instead', async () => {
    const files = { 'dev/a.yaml': GRANT, 'prod/a.yaml': other }
    for (const command of ['check', 'audit']) {
      const { stdout, lines } = await said([command, 'dev', 'prod', '-o', 'json'], files)
      assert.deepEqual(
        JSON.parse(stdout).findings.map(({ code }: { code: string }) => code),
        [],
      )
      assert.equal(
        lines.at(-1),
        'note: dev/a.yaml:1 and prod/a.yaml:1 define ReferenceGrant "shop" in namespace "billing" with different contents: only the second counts',
      )
    }
    const { lines } = await said(['check', 'dev', 'prod'], { 'dev/a.yaml': GRANT, 'prod/a.yaml': GRANT })
    assert.equal(lines.length, 1)
  })

  test('fields that the API server drops, an old name and a parent of group core, at their lines', async () => {
    const route = ROUTE.replace('namespace: billing', 'namespce: billing').replace(
      '- name: web',
      '- {group: core, kind: Service, name: a}',
    )
    const policy = GRANT.replace('ReferenceGrant', 'ReferencePolicy')
    const { code, stdout } = await said(['check', '.', '-o', 'json'], { 'a.yaml': route, 'b.yaml': policy })
    assert.equal(code, 1)
    const { findings, summary } = JSON.parse(stdout)
    assert.deepEqual(
      findings.map(({ code, file, line, field }: Record<string, unknown>) => [code, file, line, field]),
      [
        ['mesh-parent-core-group', 'a.yaml', 8, 'spec.parentRefs[0].group'],
        ['reference-unknown-field', 'a.yaml', 14, 'spec.rules[0].backendRefs[1].namespce'],
        ['reference-policy', 'b.yaml', 2, 'kind'],
      ],
    )
    assert.deepEqual([summary.errors, summary.warnings], [2, 1])
  })
})

suite('the grants that are needed are told in check', { concurrency: 2 }, () => {
  test('by referrer, each target once, with the command that prints them', async () => {
    const gateway = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: infra}
spec: {listeners: [{tls: {certificateRefs: [{name: tls, namespace: billing}]}}]}
`
    const files = {
      'a.yaml': ROUTE,
      'b.yaml': ROUTE.replace('name: checkout', 'name: cart'),
      'c.yaml': gateway,
      'none.yaml': GRANT.replace('billing', 'x'),
    }
    const { stdout } = await said(['check', 'a.yaml', 'b.yaml', 'c.yaml', '--grants', 'none.yaml', '-n', 'shop'], files)
    assert.deepEqual(stdout.split('\n').slice(3, 6), [
      'Needed in namespace "billing": a ReferenceGrant from HTTPRoute (gateway.networking.k8s.io) in namespace "shop" to Service "payments".',
      'Needed in namespace "billing": a ReferenceGrant from Gateway (gateway.networking.k8s.io) in namespace "infra" to Secret "tls".',
      'To print the grants that are missing: refgrant grant a.yaml b.yaml c.yaml --grants none.yaml -n shop',
    ])
  })

  test('only by the command if they are many', async () => {
    const backends = Array.from({ length: 9 }, (_, n) => `        - {name: a${n}, namespace: billing, port: 80}\n`)
    const { stdout } = await said(['check', 'a.yaml'], { 'a.yaml': ROUTE.trimEnd().concat('\n', ...backends) })
    assert.doesNotMatch(stdout, /Needed/)
    assert.match(stdout, /^To print the grants that are missing: refgrant grant a\.yaml$/m)
  })
})

suite('a variable that Flux replaces', { concurrency: 2 }, () => {
  const files = { 'route.yaml': ROUTE.replace('namespace: billing', `namespace: \${target}`) }
  const note = `note: HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[1] is not judged, since it depends on the variable "\${target}": render the files first, for example with flux build kustomization or flux envsubst`

  for (const command of ['check', 'audit'])
    test(`has no verdict in ${command}`, async () => {
      const { code, lines, stdout } = await said([command, '.'], files)
      assert.deepEqual([code, lines], [0, [note]])
      assert.match(stdout, /0 reference/)
    })

  test('is not in a printed grant', async () => {
    assert.deepEqual(await said(['grant', '.'], files), { code: 0, stdout: '', lines: [note] })
    const own = { 'route.yaml': ROUTE.replace('namespace: shop', `namespace: \${own}`) }
    assert.equal((await said(['grant', '.'], own)).stdout, '')
  })
})

test('a grant that the API server rejects permits nothing, wherever it comes from', async () => {
  const refused = GRANT.replace('kind: Service', 'kind: "Config Map"')
  const both = { 'route.yaml': ROUTE, 'grant.yaml': `${GRANT}---\n${refused}` }
  assert.notEqual(refused, GRANT)
  // As a later copy that is refused, it leaves the earlier one.
  assert.equal((await said(['audit', '.'], both)).code, 0)

  const files = { 'route.yaml': ROUTE, 'grant.yaml': GRANT.replace('gateway.networking.k8s.io/v1', '$&alpha9') }
  const checked = await said(['check', '.'], files)
  assert.equal(checked.code, 1)
  assert.match(checked.stdout, /\[grant-unknown-version\]/)
  assert.match(checked.stdout, /\[not-permitted\]/)
  assert.match((await said(['grant', '.'], files)).stdout, /kind: ReferenceGrant/)
  const beside = await said(['check', 'route.yaml', '--grants', 'grant.yaml'], files)
  assert.equal(beside.code, 1)
  assert.ok(
    beside.lines.some((line) => line.endsWith('does not count: the API server rejects this apiVersion')),
    String(beside.lines),
  )
})

test('files of other programs that are not read as YAML of Kubernetes are left out with a note', async () => {
  const foreign = {
    'mkdocs.yml': 'site: x\nemoji: !!python/name:material.emoji\n',
    'cfn.yaml': 'Resources: {T: 2010-09-09, 0.5: a}\n',
    'values.yaml': 'a: 1\na: 2\n',
    'compose.yml': 'x: .inf\n',
    'grant.yaml': GRANT,
  }
  const { code, lines } = await said(['check', '.'], foreign)
  assert.equal(code, 0)
  assert.deepEqual(
    lines,
    ['cfn.yaml', 'compose.yml', 'mkdocs.yml', 'values.yaml'].map(
      (file) => `note: ${file}: holds no Kubernetes object, and is left out`,
    ),
  )
  for (const hidden of [`${ROUTE}a: 1\na: 2\n`, '{"\\u006bind": "HTTPRoute", "a": 1, "a": 2}', 'a: [\n'])
    assert.equal((await said(['check', '.'], { ...foreign, 'hidden.yaml': hidden })).code, 2)
})

test('standard input is read once', async () => {
  const { code, lines } = await said(['check', '-', '--grants', '-'], {}, ROUTE)
  assert.deepEqual([code, lines], [2, ['standard input is given twice: use - either as a path or with --grants']])
})
