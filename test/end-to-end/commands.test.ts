import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

const refusal =
  'error: HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[1] refers to Service "payments" in namespace "billing", which no ReferenceGrant permits. [not-permitted]'

const needed =
  'Needed in namespace "billing": a ReferenceGrant from HTTPRoute (gateway.networking.k8s.io) in namespace "shop" to Service "payments".\nTo print the grants that are missing: refgrant grant route.yaml'

suite('check', () => {
  test('finds a reference without a grant, at the line of its field', async () => {
    const { code, stdout } = await refgrant(['check', 'route.yaml'], { cwd: folderWith({ 'route.yaml': ROUTE }) })
    assert.deepEqual(
      [code, stdout],
      [
        1,
        `route.yaml:13: ${refusal}\n${needed}\n1 file, 1 object, 1 reference into other namespaces: 1 error, 0 warnings, 0 notes\n`,
      ],
    )
  })

  test('finds nothing where a grant among the files permits it', async () => {
    const cwd = folderWith({ 'a/route.yaml': ROUTE, 'b/grant.yaml': GRANT })
    const { code, stdout } = await refgrant(['check', '.'], { cwd })
    assert.deepEqual(
      [code, stdout],
      [0, '2 files, 2 objects, 1 reference into other namespaces: 0 errors, 0 warnings, 0 notes\n'],
    )
  })

  test('takes grants, and nothing else, from --grants', async () => {
    const other = ROUTE.replace('name: payments', 'name: ledger')
    const cwd = folderWith({ 'route.yaml': ROUTE, 'grants/grant.yaml': `${GRANT}---\n${other}` })
    assert.equal((await refgrant(['check', 'route.yaml', '--grants', 'grants'], { cwd })).code, 0)
  })

  test('reads standard input, and objects inside of lists', async () => {
    const list = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'Gateway',
          metadata: { name: 'web', namespace: 'infra' },
          spec: { listeners: [{ tls: { certificateRefs: [{ name: 'wildcard', namespace: 'certs' }] } }] },
        },
      ],
    })
    const { code, stdout } = await refgrant(['check', '-'], { input: list })
    assert.equal(code, 1)
    assert.match(
      stdout,
      /^-:1: error: Gateway "web".*listeners\[0\]\.tls\.certificateRefs\[0\] refers to Secret "wildcard"/,
    )
  })

  test('puts objects without a namespace into the one that is asked for', async () => {
    const cwd = folderWith({ 'route.yaml': ROUTE.replace('  namespace: shop\n', '') })
    assert.match((await refgrant(['check', 'route.yaml'], { cwd })).stdout, /in namespace "default"/)
    assert.equal((await refgrant(['check', 'route.yaml', '-n', 'billing'], { cwd })).code, 0)
  })

  test('sees a reference behind an anchor, an alias and a merge key', async () => {
    const merged = ROUTE.replace(
      '- name: cart\n',
      '- &b\n          name: cart\n          namespace: billing\n',
    ).replace(
      '- name: payments\n          namespace: billing\n          port: 8080',
      '- <<: *b\n          name: payments\n        - *b',
    )
    const { stdout } = await refgrant(['check', '-o', 'json', '-'], { input: merged })
    const fields = JSON.parse(stdout).findings.map((one: { field: string; target: { name: string } }) => [
      one.field,
      one.target.name,
    ])
    assert.deepEqual(fields, [
      ['spec.rules[0].backendRefs[0]', 'cart'],
      ['spec.rules[0].backendRefs[1]', 'payments'],
      ['spec.rules[0].backendRefs[2]', 'cart'],
    ])
  })

  test('tells a broken file by name and line, checks the others, and ends with 2', async () => {
    const cwd = folderWith({ 'a.yaml': 'kind: [\n', 'b.yaml': ROUTE })
    const { code, stdout, stderr } = await refgrant(['check', '.'], { cwd })
    assert.equal(code, 2)
    assert.match(stderr, /^refgrant: a\.yaml:\d: /)
    assert.ok(stdout.startsWith(`b.yaml:13: ${refusal}`), stdout)
  })

  test('ends with 2 for a path that is not there, a folder without files and wrong usage', async () => {
    const cwd = folderWith({ 'notes.txt': '' })
    for (const argv of [['nowhere'], ['.'], [], ['--wrong', '.'], ['-o', 'xml', '.']])
      assert.equal((await refgrant(['check', ...argv], { cwd })).code, 2, argv.join())
  })

  test('lints the grants of the files: errors count, notes do not', async () => {
    const every = GRANT.replace('      name: payments\n', '')
    const noted = await refgrant(['check', '.'], { cwd: folderWith({ 'g.yaml': every }) })
    assert.equal(noted.code, 0)
    assert.match(noted.stdout, /^g\.yaml:12: note: .*\[grant-every-name\]/)
    const wrong = await refgrant(['check', '.'], { cwd: folderWith({ 'g.yaml': GRANT.replace('""', 'core') }) })
    assert.equal(wrong.code, 1)
    assert.match(wrong.stdout, /^g\.yaml:12: error: .*\[grant-core-group\]/)
  })

  test('prints JSON with a version, whatever is found', async () => {
    const { stdout } = await refgrant(['check', '-', '--output', 'json'], { input: ROUTE })
    assert.deepEqual(JSON.parse(stdout), {
      apiVersion: 'refgrant.dev/v1alpha1',
      kind: 'CheckReport',
      complete: true,
      problems: [],
      notes: [],
      summary: { files: 1, objects: 1, references: 1, errors: 1, warnings: 0, notes: 0 },
      findings: [
        {
          code: 'not-permitted',
          severity: 'error',
          message: refusal.slice('error: '.length, -' [not-permitted]'.length),
          file: '-',
          ...{ line: 13, column: 11, endLine: 15, endColumn: 21 },
          object: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' },
          field: 'spec.rules[0].backendRefs[1]',
          target: { group: '', kind: 'Service', namespace: 'billing', name: 'payments' },
        },
      ],
      omittedFindings: 0,
      exempt: [],
    })
  })

  test('judges kinds of the configuration like any other', async () => {
    const cwd = folderWith({
      'config.yaml': `apiVersion: refgrant.dev/v1alpha1
kind: Configuration
guardedFields:
  - from: { group: example.com, kind: Policy, plural: policies }
    path: spec.backends[]
    to: { group: "", kind: Service }
`,
      'objects/policy.yaml': `apiVersion: example.com/v1
kind: Policy
metadata: { name: p, namespace: shop }
spec: { backends: [{ name: payments, namespace: billing }] }
`,
    })
    assert.equal((await refgrant(['check', 'objects'], { cwd })).code, 0)
    const { code, stdout } = await refgrant(['check', 'objects', '--config', 'config.yaml'], { cwd })
    assert.equal(code, 1)
    assert.match(stdout, /^objects\/policy\.yaml:4: error: Policy "p" in namespace "shop": spec\.backends\[0\] refers/)
  })
})

suite('grant', () => {
  test('prints the missing grant, which permits the reference and then is missing no more', async () => {
    const { code, stdout } = await refgrant(['grant', '-f', '-'], { input: ROUTE })
    assert.equal(code, 0)
    const cwd = folderWith({ 'route.yaml': ROUTE, 'grant.yaml': stdout })
    assert.equal((await refgrant(['check', '.'], { cwd })).code, 0)
    const again = await refgrant(['grant', '-f', '.'], { cwd })
    assert.deepEqual([again.code, again.stdout, again.stderr], [0, '', 'no grant is missing\n'])
  })

  test('prints a List as JSON', async () => {
    const { stdout } = await refgrant(['grant', '-f', '-', '-o', 'json'], { input: ROUTE })
    const { kind, items } = JSON.parse(stdout)
    assert.deepEqual(
      [kind, items.map((one: { metadata: unknown }) => one.metadata)],
      ['List', [{ name: 'httproute-from-shop-to-service-payments', namespace: 'billing' }]],
    )
  })
})

suite('audit of files', () => {
  const audit = async (files: Record<string, string>) => {
    const { code, stdout } = await refgrant(['audit', '.', '-o', 'json'], { cwd: folderWith(files) })
    return { code, report: JSON.parse(stdout) }
  }
  const idle = GRANT.replace('name: shop\n', 'name: idle\n').replace('name: payments', 'name: ledger')

  test('tells what is permitted, by which grant, and which grant nothing uses', async () => {
    const { code, report } = await audit({ 'all.yaml': [ROUTE, GRANT, idle].join('---\n') })
    assert.equal(code, 0)
    const grants = [
      { namespace: 'billing', name: 'idle' },
      { namespace: 'billing', name: 'shop' },
    ]
    const names = (list: { grant: unknown }[]) => list.map(({ grant }) => grant)
    assert.deepEqual(names(report.permissions), grants)
    assert.deepEqual(report.references[0].grants, [grants[1]])
    assert.deepEqual(report.unusedGrants, [grants[0]])
    assert.deepEqual(report.summary, { references: 1, permitted: 1, notPermitted: 0, notJudged: 0 })
    assert.equal(report.complete, true)
  })

  test('ends with 1 where a reference has no grant, and says so to people too', async () => {
    assert.equal((await audit({ 'route.yaml': ROUTE })).code, 1)
    const { stdout } = await refgrant(['audit', '-'], { input: ROUTE })
    assert.match(stdout, /^1 reference into other namespaces: 0 permitted, 1 not permitted\n/)
    assert.match(stdout, /\n1 reference that no grant permits\n\nOBJECT .*\nHTTPRoute "shop\/checkout" +spec/)
  })
})

suite('catalogue', () => {
  test('prints the same rows as text, JSON and Markdown', async () => {
    const [text, json, markdown] = await Promise.all(
      ['text', 'json', 'markdown'].map(async (format) => (await refgrant(['catalogue', '-o', format])).stdout),
    )
    const { guardedFields } = JSON.parse(json as string)
    assert.ok(guardedFields.length > 20)
    for (const { path } of guardedFields)
      assert.ok(text?.includes(` ${path} `) && markdown?.includes(`\`${path}\``), path)
  })
})

suite('manifests and certs end with 2 and one line that says why, if', () => {
  const folder = folderWith({ 'none.pem': 'none\n', 'file/here': '' })
  const failures: Record<string, [argv: string[], says: RegExp]> = {
    'the authorities are missing': [
      ['manifests', '--ca', 'gone'],
      /^refgrant: cannot read the authorities: "gone": no such file or directory.*--ca/,
    ],
    'the file of the authorities has no certificate': [
      ['manifests', '--ca', 'none.pem'],
      /^refgrant: none\.pem holds no certificate: .*--ca/,
    ],
    'the address is not a URL': [
      ['manifests', '--url', 'a.example'],
      /^refgrant: option '--url <url>' cannot be 'a\.example': /,
    ],
    'the address is not encrypted': [
      ['manifests', '--url', 'http://a.example'],
      /^refgrant: option '--url <url>' cannot be /,
    ],
    'the address has a query': [
      ['manifests', '--url', 'https://a.example?b'],
      /^refgrant: option '--url <url>' cannot be /,
    ],
    'there is no cluster to compare with': [
      ['manifests', '--diff', '--kubeconfig', 'gone'],
      /^refgrant: cannot .*: gone: no such file or directory/,
    ],
    'the folder is a file': [
      ['certs', '--out', 'none.pem'],
      /^refgrant: cannot write none\.pem\/ca\.crt: file already exists.*--out/,
    ],
  }
  for (const [title, [argv, says]] of Object.entries(failures))
    test(title, async () => {
      const { code, stderr } = await refgrant(argv, { cwd: folder })
      assert.deepEqual([code, stderr.trimEnd().split('\n').length], [2, 1], stderr)
      assert.match(stderr, says)
    })
})

test('an unknown command is wrong usage, and --help is not', async () => {
  assert.equal((await refgrant(['chekc'])).code, 2)
  const help = await refgrant(['--help'])
  assert.equal(help.code, 0)
  for (const command of ['serve', 'check', 'explain', 'grant', 'audit', 'catalogue', 'manifests', 'certs', 'version'])
    assert.match(help.stdout, new RegExp(`^  ${command} `, 'm'))
})
