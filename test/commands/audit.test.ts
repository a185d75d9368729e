import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'
import { FakeApiServer, storedGrant } from '../harness/stand-ins/fake-api-server.ts'

const GROUP = 'gateway.networking.k8s.io'
const OTHER = ROUTE.replace('name: checkout', 'name: about').replace('namespace: shop', 'namespace: market')

/** Grants that permit nothing, by their mistake. */
const nothing = {
  spelling: GRANT.replace('kind: HTTPRoute', 'kind: httproutes'),
  core: GRANT.replace('""', 'core'),
  own: GRANT.replace('namespace: shop', 'namespace: billing'),
  wildcard: GRANT.replace('name: payments', 'name: "*"'),
  empty: GRANT.replace(/from:.*(?= {2}to:)/s, 'from: []\n'),
}
const named = (name: string, grant: string) => grant.replace('name: shop\n', `name: ${name}\n`)

suite('audit of files', () => {
  test('prints the verdict and the counts first, then sorted tables without the common groups', async () => {
    const half = GRANT.replace(
      '  to:',
      '    - {group: gateway.networking.k8s.io, kind: httproute, namespace: shop}\n  to:',
    )
    const cwd = folderWith({
      'a.yaml': ROUTE,
      'b.yaml': OTHER,
      'c.yaml': [named('zeta', half), named('core', nothing.core)].join('---\n'),
    })
    const { code, stdout, stderr } = await refgrant(['audit', '.'], { cwd })
    assert.deepEqual([code, stderr], [1, ''])
    assert.equal(
      stdout,
      `2 references into other namespaces: 1 permitted, 1 not permitted
2 grants: 1 permitting something, 1 permitting nothing, 1 unused; 2 errors, 0 warnings, 0 notes

1 reference that no grant permits

OBJECT                    FIELD                         TO                          NEAREST GRANT  DIFFERS IN
HTTPRoute "market/about"  spec.rules[0].backendRefs[1]  Service "billing/payments"  billing/zeta   spec.from[0].namespace

To print the grants that are missing: refgrant grant .
To see every grant that nearly permits a reference: refgrant explain -f .

2 findings about grants

WHERE      SEVERITY  CODE                 WHAT
c.yaml:28  error     grant-core-group     ReferenceGrant "core" in namespace "billing": spec.to[0].group is "core", which is not an alias: the core group is ""
c.yaml:11  error     grant-kind-spelling  ReferenceGrant "zeta" in namespace "billing": spec.from[1].kind is "httproute": kinds are compared exactly, write "HTTPRoute"

What 1 grant permits

TO NAMESPACE  GRANT  FROM               TO
billing       zeta   HTTPRoute in shop  Service "payments"

1 reference that is permitted

OBJECT                     FIELD                         TO                          BY GRANTS
HTTPRoute "shop/checkout"  spec.rules[0].backendRefs[1]  Service "billing/payments"  zeta

1 grant that nothing uses

NAMESPACE  GRANT
billing    core
`,
    )
  })

  for (const [title, grant] of Object.entries(nothing))
    test(`lists a grant that permits nothing as unused only: ${title}`, async () => {
      const cwd = folderWith({ 'grant.yaml': grant })
      const { stdout } = await refgrant(['audit', '.'], { cwd })
      assert.match(
        stdout,
        /^0 references into other namespaces: [^\n]*\n1 grant: 0 permitting something, 1 permitting nothing, 1 unused; /,
      )
      assert.doesNotMatch(stdout, /permits\n/)
      assert.match(stdout, /\n1 grant that nothing uses\n/)
      const report = JSON.parse((await refgrant(['audit', '.', '-o', 'json'], { cwd })).stdout)
      assert.deepEqual([report.permissions, report.unusedGrants.length], [[], 1])
    })

  test('prints the group of a kind outside Gateway API and the core group', async () => {
    const grant = GRANT.replace('group: ""', 'group: example.com').replace(`group: ${GROUP}`, 'group: example.com')
    const { stdout } = await refgrant(['audit', '-'], { input: grant })
    assert.match(stdout, / HTTPRoute \(example\.com\) in shop +Service \(example\.com\) "payments"\n/)
  })

  test('prints for each entry of from all that it may refer to', async () => {
    const from = (namespace: string) => `    - {group: ${GROUP}, kind: HTTPRoute, namespace: ${namespace}}\n`
    const to = (name: string) => `    - {group: "", kind: Service, name: ${name}}\n`
    const grant = GRANT.replace(
      /from:.*/s,
      `from:\n${from('a1')}${from('a2')}  to:\n${to('payments')}${to('ledger')}${to('cart')}`,
    )
    const { stdout } = await refgrant(['audit', '-'], { input: grant })
    assert.match(
      stdout,
      /^billing +shop +HTTPRoute in a1 {2}Service "payments", Service "ledger", Service "cart"\n +HTTPRoute in a2 {2}Service "payments", Service "ledger", Service "cart"\n/m,
    )
  })

  test('does not call a grant unused if an object that may use it could not be read', async () => {
    const cwd = folderWith({ 'a.yaml': GRANT, 'b.yaml': 'spec: [\n' })
    const text = await refgrant(['audit', '.'], { cwd })
    assert.equal(text.code, 2)
    assert.doesNotMatch(text.stdout, /unused|that nothing uses/)
    assert.match(text.stdout, /Unused grants are unknown\./)
    const json = JSON.parse((await refgrant(['audit', '-o', 'json', '.'], { cwd })).stdout)
    assert.deepEqual([json.complete, json.unusedGrants], [false, []])
  })

  test('says at the beginning that the report is not complete', async () => {
    const { code, stdout } = await refgrant(['audit', '-', 'gone'], { input: ROUTE })
    assert.equal(code, 2)
    assert.match(stdout, /^1 reference [^\n]*\n0 grants: [^\n]*\nNot complete: 1 problem, /)
  })
})

/** An API server with one namespace, and the requests that it got. */
async function serverOf(t: TestContext, items: Record<string, readonly unknown[]>) {
  const server = await FakeApiServer.start()
  const asked: string[] = []
  const kinds = { referencegrants: 'ReferenceGrant', httproutes: 'HTTPRoute' }
  const resources = Object.entries(kinds).map(([name, kind]) => ({ name, kind, namespaced: true }))
  const answers: Record<string, unknown> = {
    '/apis': { groups: [{ name: GROUP, versions: [{ version: 'v1' }] }] },
    [`/apis/${GROUP}/v1`]: { resources },
  }
  for (const { name } of resources)
    answers[`/apis/${GROUP}/v1/namespaces/shop/${name}?limit=500`] = {
      metadata: { resourceVersion: '1' },
      items: items[name] ?? [],
    }
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>()
  const answering = (async () => {
    for (;;) {
      const exchange = await Promise.race([server.next(), ended])
      if (!exchange) return
      asked.push(exchange.path)
      const answer = answers[exchange.path]
      if (answer) exchange.answer(answer)
      else exchange.refuse(403)
    }
  })()
  t.after(async () => {
    end(undefined)
    await answering
    server.close()
  })
  const audit = (...argv: string[]) => refgrant(['audit', '--kubeconfig', server.kubeconfig(), '-n', 'shop', ...argv])
  return { asked, audit }
}

suite('audit of one namespace of a cluster', { timeout: 300_000 }, () => {
  const ofShop = {
    ...storedGrant('market', 'cart', '1'),
    metadata: { namespace: 'shop', name: 'market', resourceVersion: '1' },
    spec: { from: [{ group: GROUP, kind: 'HTTPRoute', namespace: 'market' }], to: [{ group: '', kind: 'Service' }] },
  }
  const route = {
    metadata: { name: 'checkout', namespace: 'shop' },
    spec: { rules: [{ backendRefs: [{ name: 'payments', namespace: 'billing' }] }] },
  }

  test('says that the API server does not accept the credentials', async (t) => {
    const server = await FakeApiServer.start()
    t.after(() => server.close())
    const audited = refgrant(['audit', '--kubeconfig', server.kubeconfig()])
    ;(await server.next()).refuse(401)
    const { code, stderr } = await audited
    assert.equal(code, 2)
    assert.match(
      stderr,
      /HTTP 401.*; the API server does not accept the credentials of the kubeconfig, or there are none: /,
    )
    assert.doesNotMatch(stderr, /use -n/)
  })

  test('lists only that namespace, and does not report unused grants', async (t) => {
    const { asked, audit } = await serverOf(t, { referencegrants: [ofShop] })
    const { code, stdout, stderr } = await audit()
    assert.deepEqual([code, stderr], [0, ''])
    assert.deepEqual(
      asked.filter((path) => path.includes('?')),
      ['referencegrants', 'httproutes'].map((name) => `/apis/${GROUP}/v1/namespaces/shop/${name}?limit=500`),
    )
    assert.match(stdout, /^Only namespace "shop" was read: /)
    assert.match(stdout, /\n1 grant: 1 permitting something, 0 permitting nothing; /)
  })

  test('says that the namespace has nothing to audit', async (t) => {
    const { audit } = await serverOf(t, {})
    assert.deepEqual(await audit('-n', 'shop').then(({ code, stderr }) => [code, stderr]), [
      0,
      'refgrant: note: namespace "shop" has neither a grant nor an object with a guarded field\n',
    ])
  })

  test('does not judge references into other namespaces, and exits with 2', async (t) => {
    const { audit } = await serverOf(t, { httproutes: [route] })
    const { code, stdout, stderr } = await audit()
    assert.equal(code, 2)
    assert.match(stdout, /\n1 reference into other namespaces: 0 permitted, 0 not permitted, 1 not judged\n/)
    assert.match(stdout, /\n1 reference that cannot be judged\n\nOBJECT .*\nHTTPRoute "shop\/checkout" /)
    assert.equal(
      stderr,
      'refgrant: cannot judge 1 reference into other namespaces: with --namespace "shop", audit does not read the grants of other namespaces\n',
    )
    const report = JSON.parse((await audit('-o', 'json')).stdout)
    assert.deepEqual(
      [report.namespace, report.complete, report.references, report.unjudged[0].to.namespace, report.summary],
      ['shop', false, [], 'billing', { references: 1, permitted: 0, notPermitted: 0, notJudged: 1 }],
    )
  })
})

suite('audit for a reviewer', { concurrency: 2 }, () => {
  const every = GRANT.replace('      name: payments\n', '')
  const wide = named('wide', every.replace('  to:', `    - {group: ${GROUP}, kind: GRPCRoute, namespace: shop}\n  to:`))
  const idle = named('idle', GRANT.replace('payments', 'ledger'))
  const files = { 'route.yaml': ROUTE, 'grants.yaml': [GRANT, wide, idle].join('---\n') }
  const cwd = folderWith(files)
  const audit = (...argv: string[]) => refgrant(['audit', '.', ...argv], { cwd })

  test('prints with --unused only what nothing uses and what another grant makes superfluous', async () => {
    const { code, stdout } = await audit('--unused')
    assert.equal(code, 1)
    assert.equal(
      stdout.slice(stdout.indexOf('\n\n') + 1),
      `
1 grant that nothing uses

NAMESPACE  GRANT
billing    idle

1 entry that nothing uses, of grants in use

NAMESPACE  GRANT  ENTRY
billing    wide   from GRPCRoute in shop

2 grants that another grant makes superfluous

NAMESPACE  GRANT  OTHER GRANT
billing    idle   wide permits all of it
billing    shop   wide permits all of it
`,
    )
  })

  test('prints with --broad only the grants that permit more than single references need, with what is used', async () => {
    const { stdout } = await audit('--broad')
    assert.match(
      stdout,
      /\n\n1 broad grant\n\nNAMESPACE {2}GRANT {2}EXPOSES {8}IN USE\nbilling {4}wide {3}every Service {2}"payments"\n$/,
    )
  })

  test('makes the formats and the exit code follow what --unused and --broad print', async () => {
    const keys = async (...argv: string[]) => Object.keys(JSON.parse((await audit('-o', 'json', ...argv)).stdout))
    const always = ['apiVersion', 'kind', 'complete', 'problems', 'notes', 'summary']
    const unused = ['unusedGrants', 'unusedEntries', 'superfluousGrants']
    assert.deepEqual(await keys('--unused'), [...always, ...unused])
    assert.deepEqual(await keys('--broad'), [...always, 'broadGrants'])
    assert.deepEqual(await keys('--broad', '--unused'), [...always, ...unused, 'broadGrants'])
    const lines = async (...argv: string[]) =>
      (await audit('-o', 'csv', ...argv)).stdout
        .split('\r\n')
        .slice(1, -1)
        .map((line) => line.replace(/,+/g, ' '))
    assert.deepEqual(await lines('--unused'), [
      `permission-from billing wide ${GROUP} GRPCRoute shop unused`,
      'grant billing idle unused',
      'grant billing idle superfluous',
      'grant billing shop superfluous',
    ])
    assert.deepEqual(await lines('--broad'), ['grant billing wide broad'])
    const refused = (...argv: string[]) => refgrant(['audit', '-', ...argv], { input: ROUTE })
    assert.deepEqual([(await refused('--unused')).code, (await refused('--broad')).code], [0, 0])
    assert.equal((await refused('--unused', '--fail-on', 'not-permitted')).code, 1)
    assert.deepEqual([(await audit('--broad')).code, (await audit('--unused', '--fail-on', 'none')).code], [1, 0])
    const partial = folderWith({ 'former.txt': (await audit('-o', 'json', '--unused')).stdout, 'a.yaml': ROUTE })
    const { stderr } = await refgrant(['audit', '.', '--since', 'former.txt'], { cwd: partial })
    assert.match(stderr, /former\.txt is not a report of an audit: .* without --unused and --broad\n$/)
  })

  test('prints groups and used pairs with -o wide', async () => {
    const { stdout } = await audit('-o', 'wide')
    assert.match(stdout, /^TO NAMESPACE {2}GRANT {2}FROM .* USED PAIRS$/m)
    assert.match(stdout, /^billing +wide +HTTPRoute \(gateway\.networking\.k8s\.io\) in shop +every Service +1 of 2$/m)
    assert.match(stdout, /^billing +idle .* 0 of 1$/m)
  })

  test('prints the same report as JSON and as YAML', async () => {
    const [json, yaml] = await Promise.all([audit('-o', 'json'), audit('-o', 'yaml')])
    const report = JSON.parse(json.stdout)
    assert.deepEqual(parse(yaml.stdout), report)
    assert.deepEqual(report.unusedEntries, [
      {
        grant: { namespace: 'billing', name: 'wide' },
        from: { group: GROUP, kind: 'GRPCRoute', namespace: 'shop' },
      },
    ])
    assert.deepEqual(report.broadGrants, [
      {
        ...{ grant: { namespace: 'billing', name: 'wide' }, every: [{ group: '', kind: 'Service' }] },
        ...{ usedNames: ['payments'], pairs: 2, usedPairs: 1 },
      },
    ])
    assert.deepEqual(
      report.superfluousGrants.map((one: { by: { name: string }; duplicate: boolean }) => [one.by.name, one.duplicate]),
      [
        ['wide', false],
        ['wide', false],
      ],
    )
  })

  test('prints CSV with a line for each entry and each reference, and without formulas', async () => {
    const formula = folderWith({ 'a.yaml': ROUTE.replace('name: payments', `name: '=cmd|"x";=1'`), 'b.yaml': GRANT })
    const { stdout } = await refgrant(['audit', '.', '-o', 'csv'], { cwd: formula })
    assert.deepEqual(stdout.split('\r\n'), [
      'record,grant_namespace,grant,from_group,from_kind,from_namespace,from_name,field,to_group,to_kind,to_namespace,to_name,state',
      `permission-from,billing,shop,${GROUP},HTTPRoute,shop,,,,,,,`,
      'permission-to,billing,shop,,,,,,,Service,billing,payments,',
      `reference,,,${GROUP},HTTPRoute,shop,checkout,spec.rules[0].backendRefs[1],,Service,billing,"'=cmd|""x"";=1",not permitted`,
      'grant,billing,shop,,,,,,,,,,unused',
      '',
    ])
  })

  test('names the grant that is nearest, and the command that explains it', async () => {
    const near = folderWith({ 'a.yaml': ROUTE, 'b.yaml': GRANT.replace('HTTPRoute', 'GRPCRoute') })
    const { stdout } = await refgrant(['audit', '.'], { cwd: near })
    assert.match(stdout, / NEAREST GRANT {2}DIFFERS IN\n.* billing\/shop +spec\.from\[0\]\.kind\n/)
    assert.match(stdout, /^To see every grant that nearly permits a reference: refgrant explain -f \.$/m)
    const { references } = JSON.parse((await refgrant(['audit', '.', '-o', 'json'], { cwd: near })).stdout)
    assert.equal(references[0].nearest.grant.name, 'shop')
  })

  test('fails on what --fail-on names, and on nothing else', async () => {
    for (const [what, code] of [
      ['not-permitted', 0],
      ['unused', 1],
      ['superfluous', 1],
      ['broad', 1],
      ['error', 0],
      ['note', 1],
      ['error,unused', 1],
      ['none', 0],
    ] as const)
      assert.equal((await audit('--fail-on', what)).code, code, what)
    assert.equal((await audit('--fail-on', 'unused', '--fail-on', 'error')).code, 1)
    const refused = await refgrant(['audit', '-', '--fail-on', 'none'], { input: ROUTE })
    assert.equal(refused.code, 0)
  })

  test('tells with --since what is new, gone and changed', async () => {
    const former = (await audit('-o', 'json')).stdout
    const other = folderWith({
      'former.txt': former,
      'route.yaml': `${ROUTE}---\n${OTHER}`,
      'grants.yaml': [GRANT.replace('name: payments', 'name: ledger'), named('new', every)].join('---\n'),
    })
    const { stdout } = await refgrant(['audit', '.', '--since', 'former.txt'], { cwd: other })
    const route = `HTTPRoute.${GROUP}`
    assert.deepEqual(stdout.match(/^(Since|[-+~]) .*$/gm), [
      'Since former.txt: 2 new, 2 gone, 1 changed',
      `+ grant billing/new: from ${route}/shop to Service/*`,
      `+ reference ${route}/market/about to Service/billing/payments: not permitted`,
      `- grant billing/idle: from ${route}/shop to Service/ledger`,
      `- grant billing/wide: from GRPCRoute.${GROUP}/shop, ${route}/shop to Service/*`,
      `~ grant billing/shop: from ${route}/shop to Service/ledger, was from ${route}/shop to Service/payments`,
    ])
    const fails = await refgrant(['audit', '.', '--since', 'former.txt', '--fail-on', 'new', '-o', 'json'], {
      cwd: other,
    })
    const { since } = JSON.parse(fails.stdout)
    assert.deepEqual([fails.code, since.new.length, since.gone.length, since.changed.length], [1, 2, 2, 1])
    const same = folderWith({ ...files, 'former.txt': former })
    const nothing = await refgrant(['audit', '.', '--since', 'former.txt', '--fail-on', 'new'], { cwd: same })
    assert.equal(nothing.code, 0)
    assert.match(nothing.stdout, /^Since former\.txt: 0 new, 0 gone, 0 changed$/m)
  })

  test('says what is wrong with --since and --fail-on', async () => {
    const says = async (...argv: string[]) => (await audit(...argv)).stderr
    assert.match(await says('--since', 'gone'), /^refgrant: gone: does not exist\n$/)
    assert.match(await says('--since', 'route.yaml'), /^refgrant: route\.yaml is not a report of an audit: write one /)
    assert.match(
      await says('--fail-on', 'new'),
      /^refgrant: --fail-on new compares with an earlier report: add --since\n$/,
    )
    assert.match(await says('--fail-on', 'all'), /^refgrant: option '--fail-on <what>' cannot be 'all': it must be /)
  })
})
