import assert from 'node:assert/strict'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { stringify } from 'yaml'
import { binaries } from '../harness/control-plane/binaries.ts'
import { folderWith } from '../harness/folders.ts'

import { isViolation, readCases } from '../harness/objects/cases.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'
import { configFileOf } from '../harness/program/live-config.ts'
import { run } from '../harness/program/run.ts'

/** Each case starts a process, which takes a third of a second; half of that is spent waiting. */
const AT_ONCE = 4

interface Report {
  readonly findings: readonly { readonly code: string; readonly message: string }[]
  readonly exempt: readonly { readonly reason: string }[]
}

suite('cases through refgrant check', { concurrency: AT_ONCE }, () => {
  for (const one of readCases()) {
    test(one.title, async () => {
      const objects = [one.object, ...one.grants]
      const file = configFileOf(one.configuration)
      const configured = file === undefined ? [] : ['--config', file]
      const cwd = folderWith({ 'objects.yaml': objects.map((object) => stringify(object)).join('---\n') })
      const { code, stdout, stderr } = await refgrant(['check', '-o', 'json', 'objects.yaml', ...configured], { cwd })
      assert.ok(code <= 1, stderr)
      const { findings, exempt } = JSON.parse(stdout) as Report
      const refused = findings.filter((finding) => finding.code === 'not-permitted').map(({ message }) => message)
      assert.equal(refused.length > 0, isViolation(one), stdout)
      const { reason } = one.expect.annotations ?? {}
      if (refused.length === 0 && reason !== undefined)
        assert.deepEqual(
          exempt.map(({ reason }) => reason),
          [reason],
        )
      for (const text of one.expect.message?.filter((text) => text.includes(' refers to ')) ?? [])
        assert.ok(
          refused.some((message) => message.includes(text)),
          stdout,
        )
    })
  }
})

test('the script for a pipeline in the documentation checks what overlays and charts make, and loses no failure', async () => {
  const [, script = ''] = readFileSync('docs/files.md', 'utf8').match(/```bash\n(.*?)```/s) ?? []
  const kustomization = (more: string) => `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${more}`
  const cwd = folderWith({
    'base/kustomization.yaml': kustomization('resources: [route.yaml]\n'),
    'base/route.yaml': ROUTE,
    'overlays/dev/kustomization.yaml': kustomization('resources: [../../base, grant.yaml]\n'),
    'overlays/dev/grant.yaml': GRANT,
    'overlays/prod/kustomization.yaml': kustomization('resources: [../../base, grant.yaml]\n'),
    'overlays/prod/grant.yaml': GRANT,
    'charts/shop/rendered.yaml': `${ROUTE}---\n${GRANT}`,
    'plain/grant.yaml': GRANT,
  })
  // Helm itself is not here: what it would render is in a file.
  const helm = 'helm() { [ "$*" = "template shop charts/shop --namespace shop" ] && cat charts/shop/rendered.yaml; }'
  const kubectl = `kubectl() { "${(await binaries()).path('kubectl')}" "$@"; }`
  const program = `refgrant() { "${process.execPath}" "${path.resolve('src/cli.ts')}" "$@"; }`
  const check = () => run('bash', ['-c', `cd "${cwd}"\n${helm}\n${kubectl}\n${program}\n${script}`])
  const { code, stdout, stderr } = await check()
  assert.equal(code, 0, stderr)
  assert.equal(stdout.match(/1 reference into other namespaces: 0 errors/g)?.length, 3, stdout)
  writeFileSync(path.join(cwd, 'overlays/prod/grant.yaml'), GRANT.replace('name: payments', 'name: ledger'))
  assert.equal((await check()).code, 1)
  rmSync(path.join(cwd, 'overlays/dev/grant.yaml'))
  rmSync(path.join(cwd, 'overlays/prod'), { recursive: true })
  const broken = await check()
  assert.equal(broken.code, 2)
  assert.match(broken.stderr, /^refgrant: -: standard input holds no Kubernetes object/m)
})

suite('check -k', { concurrency: 2 }, () => {
  const kustomization = (more: string) => `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${more}`
  const cwd = folderWith({
    'base/kustomization.yaml': kustomization('resources: [route.yaml]\n'),
    'base/route.yaml': ROUTE,
    'overlay/kustomization.yaml': kustomization('resources: [../base]\nnamespace: store\n'),
    'grant.yaml': GRANT.replaceAll('shop', 'store'),
    '-dash/kustomization.yaml': kustomization('resources: [../base]\n'),
  })

  /** A folder with one program, which is the real kubectl. */
  const only = async (program: string) => {
    const kubectl = (await binaries()).path('kubectl')
    const folder = folderWith({ [program]: `#!/bin/sh\nshift\nexec ${kubectl} kustomize "$@"\n` })
    chmodSync(path.join(folder, program), 0o755)
    return folder
  }

  for (const program of ['kubectl', 'kustomize'])
    test(`judges what ${program} renders, at the place of the kustomization`, async () => {
      const env = { PATH: await only(program) }
      const { code, stdout, stderr } = await refgrant(['check', '-k', 'overlay'], { cwd, env })
      assert.equal(code, 1, stderr)
      assert.match(stdout, /^overlay\/kustomization\.yaml:1: error: HTTPRoute "checkout" in namespace "store": /)
      assert.match(stdout, /\nTo print the grants that are missing: refgrant grant -k overlay\n/)
      assert.equal((await refgrant(['check', '-k', 'overlay', 'grant.yaml'], { cwd, env })).code, 0)
      const printed = await refgrant(['grant', '-k', 'overlay'], { cwd, env })
      assert.match(printed.stdout, /namespace: store/)
    })

  test('gives objects the namespaces that the targetNamespace of Flux gives them without -k', async () => {
    // The kustomization is what Flux writes: fluxcd/pkg, kustomize/kustomize_generator.go.
    const unnamed = ROUTE.replace('name: checkout', 'name: cart').replace('  namespace: shop\n', '')
    const own = ROUTE.replace('name: checkout', 'name: own').replace('namespace: billing', 'namespace: store')
    const files = {
      'app/a.yaml': `${ROUTE}---\n${unnamed}---\n${own}`,
      'app/deep/b.yaml': GRANT.replace('namespace: shop', 'namespace: store'),
    }
    const rendered = folderWith({
      ...files,
      'app/kustomization.yaml': kustomization('namespace: store\nresources: [a.yaml, deep/b.yaml]\n'),
    })
    const spec = { path: './app', targetNamespace: 'store', sourceRef: { kind: 'GitRepository', name: 'fleet' } }
    const flux = {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata: { name: 'app' },
      spec,
    }
    const plain = folderWith({ ...files, 'flux.json': JSON.stringify(flux) })
    const found = async (argv: string[], cwd: string) => {
      const env = { PATH: await only('kubectl') }
      const { stdout } = await refgrant(['check', ...argv, '-o', 'json'], { cwd, env })
      const { findings } = JSON.parse(stdout) as Report
      return findings.map(({ code, message }) => `${code} ${message}`).sort()
    }
    const byFlux = await found(['.'], plain)
    assert.equal(byFlux.filter((one) => /^not-permitted .* in namespace "store"/.test(one)).length, 2, String(byFlux))
    assert.deepEqual(byFlux, await found(['-k', 'app'], rendered))
  })

  test('a folder may begin with a dash', async () => {
    const { code, stdout } = await refgrant(['check', '-k', '-dash'], {
      cwd,
      env: { PATH: await only('kubectl') },
    })
    assert.equal(code, 1)
    assert.match(stdout, /^-dash\/kustomization\.yaml:1: error: /)
  })

  test('what cannot be rendered is an error with the reason', async () => {
    const env = { PATH: await only('kubectl') }
    const failed = await refgrant(['check', '-k', 'nosuch'], { cwd, env })
    assert.equal(failed.code, 2)
    assert.match(failed.stderr, /nosuch: kubectl cannot render it: .*not a valid directory/)
    // kubectl writes this reason in several lines.
    const chart = folderWith({ 'kustomization.yaml': 'helmCharts: [{ name: shop }]\n' })
    const several = await refgrant(['check', '-k', chart], { cwd, env })
    assert.equal(several.code, 2)
    assert.match(
      several.stderr,
      /kubectl cannot render it: .*HelmChartInflationGenerator.*: must specify --enable-helm\n/,
    )
    const missing = await refgrant(['check', '-k', 'overlay'], { cwd, env: { PATH: '' } })
    assert.equal(missing.code, 2)
    assert.match(missing.stderr, /cannot be rendered: there is neither kubectl nor kustomize on the PATH/)
  })

  test('a baseline renders the kustomization of the revision, with the files that it names', async () => {
    const env = { PATH: `${await only('kubectl')}:${process.env.PATH}` }
    const folder = folderWith({
      'base/kustomization.yaml': kustomization(
        'resources: [route.yaml]\nconfigMapGenerator: [{name: a, files: [a.txt]}]\n',
      ),
      'base/a.txt': 'text',
      'base/route.yaml': ROUTE,
      'overlay/kustomization.yaml': kustomization('resources: [../base]\n'),
    })
    const git = async (...argv: string[]) =>
      assert.equal(
        (await run('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...argv], { cwd: folder })).code,
        0,
      )
    await git('init', '--quiet')
    await git('add', '--all')
    await git('commit', '--quiet', '--message', 'first')
    writeFileSync(path.join(folder, 'base/route.yaml'), ROUTE.replaceAll('payments', 'ledger'))
    const { stdout } = await refgrant(['check', '-k', 'overlay', '--baseline', 'HEAD'], { cwd: folder, env })
    assert.match(stdout, /\ncompared with "HEAD": 1 introduced, 1 fixed, 0 unchanged\n$/)
  })
})
