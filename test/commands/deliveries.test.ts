import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

/** The address of the repository that the objects of Flux and Argo CD name. */
const URL = 'https://git.example.com/team/fleet'

const flux = (spec: object, name = 'shop') =>
  JSON.stringify({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: 'flux-system' },
    spec: {
      sourceRef: { kind: 'GitRepository', name: 'fleet' },
      path: './apps/shop',
      targetNamespace: 'prod',
      ...spec,
    },
  })

const source = (url: string) =>
  JSON.stringify({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: 'fleet', namespace: 'flux-system' },
    spec: { url },
  })

const argoCd = (more: object, spec: object = {}) =>
  JSON.stringify({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop', namespace: 'argocd' },
    spec: { source: { repoURL: URL, path: 'apps/shop', ...more }, destination: { namespace: 'prod' }, ...spec },
  })

const UNNAMED = ROUTE.replace('  namespace: shop\n', '')
const KUSTOMIZATION = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [route.yaml]\n'
const ASSUMED =
  'note: namespace "default" is assumed for apps/shop/route.yaml:1: name another with -n, or read the rendered output'

const [FLUX, ARGO_CD] = ['clusters/prod/shop.json', 'argocd/shop.json']
const FROM_FLUX = `note: namespace "prod" of the objects in apps/shop comes from Kustomization "shop" in namespace "flux-system" (${FLUX}:1)`
const FROM_ARGO_CD = `note: namespace "prod" of the objects in apps/shop comes from Application "shop" in namespace "argocd" (${ARGO_CD}:1)`
const build = (folder: string, file: string, command = 'check') =>
  `flux build kustomization shop --path ${folder} --kustomization-file ${file} --dry-run | refgrant ${command} -`
const sets = (more = '') => `note: ${FLUX}:1: Flux sets namespace "prod" for the objects in apps/shop${more}`
const toRead = `; to read them in this namespace: ${build('apps/shop', FLUX)}`

interface Finding {
  readonly code: string
  readonly file: string
  readonly line: number
  readonly object: { readonly namespace: string }
}

/** Checks files, and returns the namespaces of the references that nothing permits, and the notes. */
async function checked(argv: readonly string[], files: Record<string, string> | string) {
  const cwd = typeof files === 'string' ? files : folderWith(files)
  const { code, stdout, stderr } = await refgrant(['check', ...argv, '-o', 'json'], { cwd })
  const findings: Finding[] = JSON.parse(stdout).findings
  const refused = findings.filter((one) => one.code === 'not-permitted')
  const lines = stderr.split('\n').filter((line) => line !== '')
  return {
    code,
    places: refused.map(({ file, line }) => `${file}:${line}`),
    namespaces: refused.map(({ object }) => object.namespace),
    notes: lines.map((line) => line.replace(/^refgrant: /, '')),
  }
}

suite('the namespace of Flux counts', { concurrency: 2 }, () => {
  test('for objects that name none and for those that name another, at their line', async () => {
    const files = { 'apps/shop/a.yaml': UNNAMED, 'apps/shop/deep/b.yaml': ROUTE, 'other.yaml': ROUTE, [FLUX]: flux({}) }
    assert.deepEqual(await checked(['.'], files), {
      code: 1,
      places: ['apps/shop/a.yaml:12', 'apps/shop/deep/b.yaml:13', 'other.yaml:13'],
      namespaces: ['prod', 'prod', 'shop'],
      notes: [FROM_FLUX],
    })
  })

  test('and the namespaces in references stay as they are', async () => {
    const route = UNNAMED.replace('namespace: billing', 'namespace: prod')
    const files = { 'apps/shop/route.yaml': route, [FLUX]: flux({}) }
    assert.deepEqual(await checked(['.'], files), { code: 0, places: [], namespaces: [], notes: [FROM_FLUX] })
    const own = ROUTE.replace('namespace: billing', 'namespace: shop')
    assert.deepEqual((await checked(['.'], { ...files, 'apps/shop/route.yaml': own })).namespaces, ['prod'])
  })

  test('for grants, those of --grants too', async () => {
    const grants = { 'grants/grant.yaml': GRANT.replace('namespace: billing', 'namespace: wrong') }
    const files = { ...grants, 'route.yaml': ROUTE, [FLUX]: flux({ path: 'grants/', targetNamespace: 'billing' }) }
    assert.equal((await checked(['.'], files)).code, 0)
    assert.equal(
      (await checked(['route.yaml', 'clusters', '--grants', 'grants'], { ...files, '.git/HEAD': '' })).code,
      0,
    )
    assert.equal((await checked(['route.yaml', '--grants', 'grants'], files)).code, 1)
  })

  test('in grant, explain and audit', async () => {
    const cwd = folderWith({ 'apps/shop/route.yaml': ROUTE, [FLUX]: flux({}) })
    for (const argv of [
      ['grant', '-f', '.'],
      ['explain', '-f', '.'],
      ['audit', '-f', '.'],
    ]) {
      const { stdout, stderr } = await refgrant(argv, { cwd })
      assert.match(stdout, /prod/, argv[0])
      assert.ok(stderr.includes(FROM_FLUX), stderr)
    }
  })

  test('before that of -n, which is for the other objects', async () => {
    const files = { 'apps/shop/a.yaml': UNNAMED, 'b.yaml': UNNAMED, [FLUX]: flux({}) }
    assert.deepEqual((await checked(['.', '-n', 'web'], files)).namespaces, ['prod', 'web'])
  })

  test('if several Kustomizations set the same one', async () => {
    const files = { 'apps/shop/route.yaml': ROUTE, [FLUX]: flux({}), 'clusters/test/shop.json': flux({}) }
    const { namespaces, notes } = await checked(['.'], files)
    assert.deepEqual([namespaces, notes], [['prod'], [`${FROM_FLUX} and 1 more object that sets it too`]])
  })

  test('from the root of the repository, wherever the command runs', async () => {
    const files = { '.git/HEAD': '', 'apps/shop/route.yaml': ROUTE, [FLUX]: flux({}) }
    assert.deepEqual((await checked(['apps', 'clusters/prod'], files)).namespaces, ['prod'])
    const cwd = folderWith(files)
    const { stdout } = await refgrant(['check', '../apps', 'prod'], { cwd: `${cwd}/clusters` })
    assert.match(stdout, /in namespace "prod"/)
  })

  test('with no note if it changes nothing that is checked', async () => {
    const files = { 'apps/shop/route.yaml': ROUTE, [FLUX]: flux({ targetNamespace: 'shop' }) }
    assert.deepEqual((await checked(['.'], files)).notes, [])
  })
})

suite('the namespace of Argo CD counts', { concurrency: 2 }, () => {
  const files = { 'apps/shop/a.yaml': UNNAMED, 'apps/shop/b.yaml': ROUTE, 'apps/shop/deep/c.yaml': UNNAMED }

  test('for objects that name none, in subfolders only with recurse', async () => {
    const top = await checked(['.'], { ...files, [ARGO_CD]: argoCd({}) })
    assert.deepEqual(top.namespaces, ['prod', 'shop', 'default'])
    assert.equal(top.notes[0], FROM_ARGO_CD)
    const deep = await checked(['.'], { ...files, [ARGO_CD]: argoCd({ directory: { recurse: true } }) })
    assert.deepEqual([deep.namespaces, deep.notes], [['prod', 'shop', 'prod'], [FROM_ARGO_CD]])
  })

  test('if the source is one of several', async () => {
    const sources = [
      { repoURL: URL, path: 'apps/shop' },
      { repoURL: URL, ref: 'values' },
    ]
    const { namespaces } = await checked(['.'], { ...files, [ARGO_CD]: argoCd({}, { source: undefined, sources }) })
    assert.deepEqual(namespaces, ['prod', 'shop', 'default'])
  })
})

suite('a namespace that may not count is noted', { concurrency: 2 }, () => {
  const route = { 'apps/shop/route.yaml': UNNAMED }

  test('if something renders the folder, with the command that renders all of it', async () => {
    const folders = {
      'apps/shop/kustomization.yaml': KUSTOMIZATION,
      'apps/shop/deep/kustomization.yaml': KUSTOMIZATION,
    }
    for (const [file, content] of Object.entries(folders)) {
      const { namespaces, notes } = await checked(['.'], { ...route, [file]: content, [FLUX]: flux({}) })
      assert.deepEqual([namespaces, notes.slice(1)], [['default'], [sets(toRead), ASSUMED]])
    }
    const { notes } = await checked(['.'], {
      ...route,
      'apps/shop/kustomization.yaml': KUSTOMIZATION,
      [ARGO_CD]: argoCd({}),
    })
    const command = 'kubectl kustomize apps/shop | refgrant check - -n prod'
    const argo = `note: ${ARGO_CD}:1: Argo CD sets namespace "prod" for the objects in apps/shop; to read them in this namespace:`
    assert.deepEqual(notes.slice(1), [`${argo} ${command}`, ASSUMED])
    for (const more of [{ helm: {} }, { directory: { include: '*.yaml' } }])
      assert.deepEqual((await checked(['.'], { ...route, [ARGO_CD]: argoCd(more) })).notes, [
        `${argo} refgrant check apps/shop -n prod`,
        ASSUMED,
      ])
  })

  test('also in the note on the kustomization, which recommends no other command', async () => {
    const own = `${KUSTOMIZATION}namespace: own\n`
    const file = 'apps/shop/kustomization.yaml'
    const noteOn = async (delivery: Record<string, string>, files: Record<string, string> = { [file]: own }) =>
      (await checked(['.'], { ...route, ...files, ...delivery })).notes[0]
    const seeFlux = `Flux applies its output: see the note on ${FLUX}:1`
    const left = `note: ${file}: is a kustomization and is left out`
    assert.equal(await noteOn({ [FLUX]: flux({}) }), `${left}; ${seeFlux}`)
    assert.equal(
      await noteOn({ [ARGO_CD]: argoCd({}) }),
      `note: ${file}: is a kustomization and sets namespace "own"; Argo CD applies its output: see the note on ${ARGO_CD}:1`,
    )
    const toRead = 'to read its output: refgrant check -k apps/shop'
    const kept = `note: ${file}: is a kustomization and sets namespace "own"; ${toRead}`
    for (const delivery of [flux({ targetNamespace: undefined }), flux({ path: 'other' }), argoCd({ path: 'apps' })])
      assert.equal(await noteOn({ 'delivery.json': delivery }), kept)
    assert.equal(await noteOn({ [FLUX]: flux({ path: 'apps' }) }), `${left}; ${seeFlux}`)
    const above = { 'apps/kustomization.yaml': KUSTOMIZATION, [file]: KUSTOMIZATION }
    assert.equal(
      await noteOn({ [FLUX]: flux({ path: '.' }) }, above),
      `note: apps/kustomization.yaml: is a kustomization and is left out; ${seeFlux}`,
    )
  })

  test('if two objects apply the folder in different ways', async () => {
    for (const other of [
      flux({ targetNamespace: 'test' }),
      flux({ path: './' }).replace('"targetNamespace":"prod"', '"x":1'),
      argoCd({}),
    ]) {
      const { namespaces, notes } = await checked(['.'], { ...route, [FLUX]: flux({}), 'clusters/other.json': other })
      assert.deepEqual(namespaces, ['default'])
      assert.ok(notes.includes(sets(`, which clusters/other.json:1 applies in another way${toRead}`)), String(notes))
    }
  })

  test('if the source may be another repository', async () => {
    const elsewhere = sets(` of a source that is not known to be this repository${toRead}`)
    const bucket = { ...route, [FLUX]: flux({ sourceRef: { kind: 'Bucket', name: 'fleet' } }) }
    const two = {
      ...route,
      [FLUX]: flux({}),
      'source.json': source(URL),
      [ARGO_CD]: argoCd({ repoURL: 'https://x/y', path: 'a' }),
    }
    for (const files of [bucket, two]) {
      const { namespaces, notes } = await checked(['.'], files)
      assert.deepEqual(namespaces, ['default'])
      assert.ok(notes.includes(elsewhere), String(notes))
    }
  })

  test('and git tells which repository this is', async () => {
    const files = {
      ...route,
      [FLUX]: flux({}),
      'source.json': source(URL),
      'x.json': argoCd({ repoURL: 'https://x/y', path: 'a' }),
    }
    const namespacesWith = async (remote: string) => {
      const cwd = folderWith(files)
      execFileSync('git', ['init', '--quiet'], { cwd })
      execFileSync('git', ['remote', 'add', 'origin', remote], { cwd })
      return (await checked(['.'], cwd)).namespaces
    }
    for (const remote of [
      `${URL}.git`,
      'git@git.example.com:team/fleet.git',
      'ssh://git@git.example.com:22/team/fleet',
    ])
      assert.deepEqual(await namespacesWith(remote), ['prod'], remote)
    assert.deepEqual(await namespacesWith('https://git.example.com/team/other'), ['default'])
  })

  test('if the folder is not among the files', async () => {
    const files = { ...route, [FLUX]: flux({}), [ARGO_CD]: argoCd({ path: 'gone' }), '.git/HEAD': '' }
    assert.deepEqual((await checked(['clusters', 'argocd'], files)).notes.slice(0, 2), [
      sets(toRead),
      `note: ${ARGO_CD}:1: Argo CD sets namespace "prod" for the objects in gone; read that folder with -n prod`,
    ])
    const { notes } = await checked(['clusters'], { ...files, [FLUX]: flux({ path: 'gone' }) })
    assert.ok(notes[0]?.endsWith('in gone; render that folder with flux build kustomization shop'), notes[0])
  })

  test('if it is not a name, or a patch may change it', async () => {
    const variable = { ...route, [FLUX]: flux({ targetNamespace: `\${ns}` }) }
    assert.deepEqual((await checked(['.'], variable)).namespaces, ['default'])
    const patches = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches: [{path: patch.json}]\n'
    const patched = {
      ...route,
      [FLUX]: flux({}),
      'test/kustomization.yaml': patches,
      'test/patch.json': flux({ path: undefined }),
    }
    assert.deepEqual((await checked(['.'], patched)).namespaces, ['default'])
    const target = 'target: {kind: Kustomization}'
    for (const entry of [
      `patches: [{path: edit.json, ${target}}]`,
      `patches: [{patch: '[{"op": "remove", "path": "/spec/targetNamespace"}]', ${target}}]`,
      'patchesStrategicMerge: ["kind: Kustomization\\nspec: {targetNamespace: a}"]',
    ])
      assert.deepEqual(
        (await checked(['.'], { ...route, [FLUX]: flux({}), 'test/kustomization.yaml': `${entry}\n` })).namespaces,
        ['default'],
        entry,
      )
    const parent = flux({ path: 'clusters', patches: [{ patch: 'spec: {targetNamespace: a}' }] }, 'clusters')
    assert.deepEqual((await checked(['.'], { ...route, [FLUX]: flux({}), 'flux.json': parent })).namespaces, [
      'default',
    ])
    const harmless = { 'test/kustomization.yaml': `patches: [{patch: 'spec: {interval: 1h}', ${target}}]\n` }
    assert.deepEqual((await checked(['.'], { ...route, ...harmless, [FLUX]: flux({}) })).namespaces, ['prod'])
  })

  test('if an ApplicationSet makes the Applications', async () => {
    const set = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'ApplicationSet',
      metadata: { name: 'all', namespace: 'argocd' },
      spec: { template: { spec: { destination: { namespace: '{{name}}' }, source: { path: '{{path}}' } } } },
    }
    assert.deepEqual((await checked(['.'], { ...route, 'set.json': JSON.stringify(set) })).notes, [
      'note: set.json:1: Argo CD sets namespace "{{name}}" for the objects of the Applications of ApplicationSet "all" in namespace "argocd"; read the folder of each Application with -n',
      ASSUMED,
    ])
  })

  test('with each foreign text as one argument to a shell', async () => {
    const folder = `x'; rm -rf "$HOME"`
    const files = {
      'app.json': argoCd({ path: folder }, { destination: { namespace: 'a b' } }),
      [`${folder}/a.yaml`]: ROUTE,
    }
    const { notes } = await checked(['.'], files)
    const [, told = ''] = notes[0]?.split('; to read them in this namespace: ') ?? []
    assert.equal(told, `refgrant check 'x'\\''; rm -rf "$HOME"' -n 'a b'`)
  })

  test('with a path from the folder in which the command runs, and the command itself', async () => {
    const cwd = folderWith({ 'repo/apps/shop/route.yaml': ROUTE, 'repo/dev/flux.json': flux({ sourceRef: {} }) })
    for (const asked of ['repo', 'repo/dev', 'repo/dev/flux.json']) {
      const { stderr } = await refgrant(['grant', '-f', asked], { cwd })
      assert.ok(stderr.includes(build('repo/apps/shop', 'repo/dev/flux.json', 'grant')), stderr)
    }
    const { stderr } = await refgrant(['check', `${cwd}/repo/dev/flux.json`], { cwd })
    assert.ok(stderr.includes(build(`${cwd}/repo/apps/shop`, `${cwd}/repo/dev/flux.json`)), stderr)
  })
})
