import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

/** What a command says of files on standard error, without its own name. */
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

suite('nothing read is no success:', { concurrency: 2 }, () => {
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

  test('a file that is named and is empty', async () => {
    const files = { 'empty.yaml': '# nothing\n', 'values.yaml': 'replicas: 2\n', 'route.yaml': ROUTE }
    const { code, lines } = await said(['check', 'empty.yaml', 'route.yaml'], files)
    assert.deepEqual([code, lines], [2, ['empty.yaml: is empty, or holds nothing but comments']])
    assert.equal((await said(['check', '.', '--grants', 'empty.yaml'], files)).code, 2)
    // As a commit hook names all files that changed.
    assert.equal((await said(['check', 'values.yaml', 'route.yaml'], files)).code, 1)
  })

  test('an empty list is one', async () => {
    const { code, lines } = await said(['audit', '-'], {}, 'kind: List\napiVersion: v1\nitems: []\n')
    assert.equal(code, 0)
    assert.deepEqual(lines, [
      'note: nothing to check in what was read: refgrant catalogue lists the kinds that are checked',
    ])
  })

  test('a folder without an object that is checked is said, in JSON too', async () => {
    const files = { 'a/service.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n', 'b/route.yaml': ROUTE }
    const { lines, stdout } = await said(['check', 'a', 'b', '-o', 'json'], files)
    assert.deepEqual(lines, [
      'note: a: nothing to check in this folder: refgrant catalogue lists the kinds that are checked',
    ])
    assert.deepEqual(JSON.parse(stdout).notes, [
      'a: nothing to check in this folder: refgrant catalogue lists the kinds that are checked',
    ])
  })

  test('that a grant is missing is not denied after a file that cannot be read', async () => {
    const { code, lines } = await said(['grant', '.'], { 'a.yaml': 'kind: [\n', 'b.yaml': GRANT })
    assert.equal(code, 2)
    assert.deepEqual(lines, [
      'a.yaml:2: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ])
  })

  test('what could not be read is in JSON', async () => {
    const { code, stdout } = await said(['check', '.', '-o', 'json'], { 'a.yaml': 'kind: [\n', 'b.yaml': GRANT })
    const { complete, problems } = JSON.parse(stdout)
    assert.deepEqual([code, complete, problems.length], [2, false, 1])
  })
})

suite('what is no object', { concurrency: 2 }, () => {
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
    assert.deepEqual(lines, ['note: 4 documents left out, since there is no Kubernetes object in them'])
    assert.match(stdout, /^5 files, 1 object, /m)
  })

  test('but metadata that is no text is an error at its line', async () => {
    const { code, lines } = await said(['check', '.'], {
      'a.yaml': `${GRANT}---\n${GRANT.replace('name: shop', 'name: 5')}`,
    })
    assert.equal(code, 2)
    assert.deepEqual(lines, ['a.yaml:19: metadata.name is no text'])
  })

  test('as a name that a template leaves open, about which Node says nothing', async () => {
    const template = GRANT.replace(/metadata:\n.*\n.*\n/, 'metadata: {name: {{ .Release.Name }}}\n')
    const { code, lines } = await said(['check', '.'], { 'a.yaml': template })
    assert.equal(code, 2)
    assert.deepEqual(lines, [
      'a.yaml:3: a list or an object cannot be a key; a template of Helm is read once it is rendered: helm template CHART | refgrant check -',
    ])
  })

  test('an object without a name is left out', async () => {
    const { code, lines } = await said(['check', '.'], {
      'a.yaml': ROUTE.replace('  name: checkout\n', ''),
      'b.yaml': GRANT,
    })
    assert.equal(code, 0)
    assert.deepEqual(lines, ['note: a.yaml:4: has no name, as a patch has, and is left out'])
  })
})

suite('of a folder', { concurrency: 2 }, () => {
  test('the templates of a chart are left out, with how they are rendered', async () => {
    const files = {
      'charts/shop/Chart.yaml': 'apiVersion: v2\nname: shop\n',
      'charts/shop/templates/route.yaml': '{{ if }}\n',
      'charts/shop/crds/a.yaml': GRANT,
    }
    const { code, lines } = await said(['check', '.'], files)
    assert.equal(code, 0)
    assert.deepEqual(lines, [
      'note: charts/shop/templates: templates of Helm are not read; instead: helm template charts/shop | refgrant check -',
      'note: 1 document left out, since there is no Kubernetes object in it',
    ])
    assert.equal((await said(['check', 'charts/shop/templates'], files)).code, 2)
  })

  test('hidden folders, node_modules and what is excluded are left out', async () => {
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
    assert.deepEqual((await said(['check', '.', ...exclude], files)).code, 0)
    for (const left of ['.git', 'deep', 'tests', 'a/b.yaml']) assert.equal((await said(['check', left], files)).code, 2)
  })

  test('a kustomization and its patches are left out, with what would render them', async () => {
    const patch =
      'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: checkout, namespace: a}\n'
    const files = {
      'app/kustomization.yaml': `${KUSTOMIZATION}namespace: shop\npatches: [{path: patch.yaml}]\n`,
      'app/patch.yaml': patch,
      'app/route.yaml': unnamed,
    }
    const { lines, stdout } = await said(['check', '.'], files)
    assert.deepEqual(lines, [
      'note: app/kustomization.yaml: is a kustomization, no object, and sets namespace "shop"; to see what it makes: kubectl kustomize app | refgrant check -',
      'note: app/patch.yaml: is a patch of app/kustomization.yaml, and is left out',
      'note: namespace "default" assumed for app/route.yaml:1 (use -n, or check the rendered output)',
    ])
    assert.match(stdout, /^3 files, 1 object, /m)
  })

  test('the namespace that Flux sets is told', async () => {
    const flux = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  targetNamespace: shop
`
    const { lines } = await said(['check', '.'], { 'apps/route.yaml': ROUTE, 'flux.yaml': flux })
    assert.deepEqual(lines, [
      'note: flux.yaml:6: Flux sets namespace "shop" for what is in ./apps; to see what it makes: kubectl kustomize ./apps | refgrant check - -n shop',
    ])
  })

  test('the namespace that Argo CD sets is told, where it names a folder', async () => {
    const application = (source: string) =>
      `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd}\nspec:\n  source: ${source}\n  destination:\n    namespace: shop\n`
    const files = { 'route.yaml': ROUTE, 'a.yaml': application('{path: apps}'), 'b.yaml': application('{chart: shop}') }
    assert.deepEqual((await said(['check', '.'], files)).lines, [
      'note: a.yaml:7: Argo CD sets namespace "shop" for what is in apps; to see what it makes: kubectl kustomize apps | refgrant check - -n shop',
    ])
  })

  test('what is told to be run is one argument to a shell, whatever a file says', async () => {
    const path = `x'; rm -rf "$HOME"`
    const spec = { path, targetNamespace: 'a b' }
    const flux = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata: { name: 'a' }, spec }
    const { lines } = await said(['check', '.'], { 'flux.json': JSON.stringify(flux), 'route.yaml': ROUTE })
    const [, told = ''] = lines[0]?.split('; to see what it makes: ') ?? []
    assert.equal(told, `kubectl kustomize 'x'\\''; rm -rf "$HOME"' | refgrant check - -n 'a b'`)
  })

  test('and of another one it is said that both are judged together', async () => {
    const { code, lines } = await said(['check', 'dev', 'prod'], { 'dev/route.yaml': ROUTE, 'prod/grant.yaml': GRANT })
    assert.equal(code, 0)
    assert.deepEqual(lines, [
      'note: dev, prod are judged together: the grants of each count for all; if they are of several clusters, check each by itself',
    ])
  })
})

test('a namespace that no file gives is told, and not where -n says it', async () => {
  const files = { 'a.yaml': `${unnamed}---\n${unnamed}` }
  assert.deepEqual((await said(['check', 'a.yaml'], files)).lines, [
    'note: namespace "default" assumed for a.yaml:1 and 1 more (use -n, or check the rendered output)',
  ])
  const { lines, stdout } = await said(['check', 'a.yaml', '-n', 'shop'], files)
  assert.deepEqual(lines, [])
  assert.match(stdout, /in namespace "shop"/)
})

suite('what the configuration exempts', { concurrency: 2 }, () => {
  const files = {
    'refgrant.yaml': 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\nexempt: {namespaces: [shop]}\n',
    'route.yaml': ROUTE,
    'grant.yaml': GRANT,
  }
  const config = ['--config', 'refgrant.yaml']
  const unknown =
    'modes by namespace label, exempt users and exempt groups are not known of files: everything is judged as in mode deny'
  const exempt = [
    {
      object: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' },
      reason: 'exempt namespace',
    },
  ]

  test('is exempt in check', async () => {
    const { code, stdout, lines } = await said(['check', 'route.yaml', ...config], files)
    assert.deepEqual([code, lines], [0, [`note: ${unknown}`]])
    assert.match(stdout, /0 notes; 1 object exempt \(1 exempt namespace\)\n$/)
    const report = JSON.parse((await said(['check', 'route.yaml', ...config, '-o', 'json'], files)).stdout)
    assert.deepEqual([report.exempt, report.notes, report.summary.references], [exempt, [unknown], 0])
  })

  test('is exempt in audit, and never permitted', async () => {
    const { code, stdout } = await said(['audit', 'route.yaml', 'grant.yaml', ...config, '-o', 'json'], files)
    const report = JSON.parse(stdout)
    assert.deepEqual([code, report.exempt, report.summary.permitted, report.notes], [0, exempt, 0, [unknown]])
  })

  test('has its grant printed all the same', async () => {
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
      /^b\.yaml:1: warning: ReferenceGrant "shop" in namespace "billing" is also at a\.yaml:1, with another content: .* \[grant-duplicate\]\n3 files/,
    )
  })

  test('no duplicate below another path, which is said instead', async () => {
    const files = { 'dev/a.yaml': GRANT, 'prod/a.yaml': other }
    for (const command of ['check', 'audit']) {
      const { stdout, lines } = await said([command, 'dev', 'prod', '-o', 'json'], files)
      assert.deepEqual(
        JSON.parse(stdout).findings.map(({ code }: { code: string }) => code),
        [],
      )
      assert.equal(
        lines.at(-1),
        'note: dev/a.yaml:1 and prod/a.yaml:1 give ReferenceGrant "shop" in namespace "billing" another content: the second counts, the first does not',
      )
    }
    const { lines } = await said(['check', 'dev', 'prod'], { 'dev/a.yaml': GRANT, 'prod/a.yaml': GRANT })
    assert.equal(lines.length, 1)
  })

  test('what the API server drops, an old name and a parent of group core, at their lines', async () => {
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

suite('a variable that Flux replaces', { concurrency: 2 }, () => {
  const files = { 'route.yaml': ROUTE.replace('namespace: billing', `namespace: \${target}`) }
  const note = `note: HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[1] is not judged, since it depends on the variable "\${target}": render the files first, such as with flux build kustomization or flux envsubst`

  for (const command of ['check', 'audit'])
    test(`has no verdict in ${command}`, async () => {
      const { code, lines, stdout } = await said([command, '.'], files)
      assert.deepEqual([code, lines], [0, [note]])
      assert.match(stdout, /0 reference/)
    })

  test('is in no grant that is printed', async () => {
    assert.deepEqual(await said(['grant', '.'], files), { code: 0, stdout: '', lines: [note] })
    const own = { 'route.yaml': ROUTE.replace('namespace: shop', `namespace: \${own}`) }
    assert.equal((await said(['grant', '.'], own)).stdout, '')
  })
})
