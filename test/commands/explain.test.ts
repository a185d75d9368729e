import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { configurationOf } from '../../src/input/configuration.ts'
import { explanation } from '../../src/input/explained.ts'
import { folderWith } from '../harness/folders.ts'
import { MISTAKES, type Mistake, mistaken, PAIRS } from '../harness/objects/mistakes.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

const NEARLY = GRANT.replace('kind: HTTPRoute', 'kind: GRPCRoute').replace('""', 'core')

/** The fields of the grant that `explain` names first, for files with a route and a grant with these mistakes. */
async function firstOf(...mistakes: readonly Mistake[]) {
  const other = GRANT.replace('HTTPRoute', 'GRPCRoute')
    .replace('namespace: shop', 'namespace: warehouse')
    .replace('payments', 'tax')
  const files = {
    'a.yaml': other.replace('name: shop', 'name: a'),
    'b.yaml': ROUTE,
    'c.json': JSON.stringify(mistaken(...mistakes)),
  }
  const asked = { subject: 'files', paths: [folderWith(files)], grants: [], exclude: [], live: false } as const
  const { references, problems } = await explanation(asked, await configurationOf(undefined))
  const [miss] = references[0]?.misses ?? []
  assert.deepEqual([references.length, problems, miss?.candidate.name.name], [1, [], 'allow-shop'])
  return Object.fromEntries((miss?.differences ?? []).map(({ path, wanted }) => [path, wanted]))
}

suite('explain names first, of files, the grant with a mistake, and each field that differs:', () => {
  for (const mistake of MISTAKES)
    test(mistake.title, async () => assert.deepEqual(await firstOf(mistake), mistake.differs))

  test('two mistakes in one grant', async () => {
    for (const [one, other] of PAIRS)
      assert.deepEqual(await firstOf(one, other), { ...one.differs, ...other.differs }, `${one.title}; ${other.title}`)
  })
})

const refused =
  'HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[1] refers to Service "payments" in namespace "billing", which no ReferenceGrant permits.'

suite('explain', { concurrency: 2 }, () => {
  const cwd = folderWith({
    'route.yaml': ROUTE,
    'grant.yaml': NEARLY,
    'good/grant.yaml': GRANT.replace('name: shop', 'name: good'),
  })

  test('refuses a subject after -f before it prints anything', async () => {
    assert.deepEqual(await refgrant(['explain', '-f', '.', 'httproute/checkout'], { cwd }), {
      code: 2,
      stdout: '',
      stderr:
        'refgrant: -f takes "httproute/checkout" as a path, and it does not exist: write the subject before -f, or correct the path\n',
    })
  })

  test('prints each field that differs with its line and its edit, and the command for a new grant', async () => {
    const { code, stdout, stderr } = await refgrant(['explain', '-f', 'route.yaml', 'grant.yaml'], { cwd })
    assert.deepEqual([code, stderr], [1, ''])
    assert.equal(
      stdout,
      `route.yaml:13: ${refused}
These grants nearly permit it, the nearest first:
1. ReferenceGrant "shop" in namespace "billing"
   grant.yaml:9: spec.from[0].kind is "GRPCRoute", but the reference comes from an HTTPRoute: add an entry with "HTTPRoute"
   grant.yaml:12: spec.to[0].group is "core", but the group of Service is "": write ""
   With this edit, all 2 entries of spec.from may refer to Service "payments".
Needed in namespace "billing": a ReferenceGrant from HTTPRoute (gateway.networking.k8s.io) in namespace "shop" to Service "payments".
To print the grants that are missing: refgrant grant route.yaml grant.yaml
`,
    )
  })

  test('says that from and to are swapped, and where to create the grant', async () => {
    const entries = GRANT.slice(GRANT.indexOf('  from:'))
    const swapped = GRANT.replace(
      entries,
      `  from: [{group: "", kind: Service, namespace: billing}]
  to: [{group: gateway.networking.k8s.io, kind: HTTPRoute}]
`,
    )
    const cwd = folderWith({
      'route.yaml': ROUTE,
      'a.yaml': swapped,
      'b.yaml': swapped.replace('  namespace: billing', '  namespace: shop'),
    })
    const { stdout } = await refgrant(['explain', '-f', '.'], { cwd })
    const lines = stdout.split('\n')
    const both = [
      'spec.from[0] names the kind of the target, Service: write an entry with group "gateway.networking.k8s.io", kind "HTTPRoute" and namespace "shop"',
      'spec.to[0] names the kind of the referrer, HTTPRoute: write an entry with group "", kind "Service" and name "payments"',
    ]
    const place =
      'metadata.namespace is "shop", the namespace of the HTTPRoute, but the target is in namespace "billing": create it in namespace "billing"'
    assert.deepEqual(lines.slice(2, 9), [
      '1. ReferenceGrant "shop" in namespace "billing"',
      `   a.yaml:7: from and to are swapped: ${both[0]}`,
      `   a.yaml:8: ${both[1]}`,
      '2. ReferenceGrant "shop" in namespace "shop"',
      `   b.yaml:5: ${place}`,
      `   b.yaml:7: from and to are swapped: ${both[0]}`,
      `   b.yaml:8: ${both[1]}`,
    ])
    const report = JSON.parse((await refgrant(['explain', '-f', '.', '-o', 'json'], { cwd })).stdout)
    const [inTarget, inReferrer] = report.references[0].nearMisses
    assert.deepEqual(inTarget.differences, [
      { field: 'spec.from[0]', reason: 'swapped' },
      { field: 'spec.to[0]', reason: 'swapped' },
    ])
    assert.deepEqual([inTarget.patch.length, inTarget.alsoPermits, inReferrer.patch], [4, undefined, undefined])
    const { stdout: audited } = await refgrant(['audit', '.'], { cwd })
    assert.match(audited, / billing\/shop +spec\.from\[0\] \(swapped\), spec\.to\[0\] \(swapped\)\n/)
    const { stdout: checked } = await refgrant(['check', '.'], { cwd })
    assert.match(
      checked,
      /The nearest is ReferenceGrant "shop" in namespace "billing": from and to are swapped: spec\.from\[0\] names the kind of the target, Service, and spec\.to\[0\] names the kind of the referrer, HTTPRoute\./,
    )
  })

  test('recommends a command that prints the missing grant by the same files', async () => {
    const { stdout } = await refgrant(['explain', 'httproute/checkout', '-f', 'route.yaml', 'grant.yaml'], { cwd })
    const [, command = ''] = /^To print a new grant: refgrant (grant .*)$/m.exec(stdout) ?? []
    const { code, stdout: printed } = await refgrant(command.split(' '), { cwd })
    assert.equal(code, 0, command)
    assert.match(printed, /^ {2}name: httproute-from-shop-to-service-payments$/m)
    const piped = await refgrant(['explain', '-f', '-'], { input: ROUTE })
    assert.match(
      piped.stdout,
      /^To print the grants that are missing: save standard input as FILE, then run: refgrant grant FILE$/m,
    )
  })

  test('says which grant permits a reference', async () => {
    const { code, stdout } = await refgrant(['explain', '-f', 'route.yaml', '--grants', 'grant.yaml', 'good'], { cwd })
    const permitted = 'ReferenceGrant "good" in namespace "billing" permits.'
    assert.deepEqual(
      [code, stdout],
      [0, `route.yaml:13: ${refused.replace('no ReferenceGrant permits.', permitted)}\n`],
    )
  })

  test('answers a question by the grants of files, whatever else they hold', async () => {
    const ask = (from: string, to: string, ...more: string[]) =>
      refgrant(['explain', '--from', from, '--to', to, '-f', 'good', ...more], { cwd })
    const question = 'A reference from HTTPRoute (gateway.networking.k8s.io) in namespace "shop" to Service'
    const kinds: [from: string, to: string][] = [
      ['HTTPRoute', 'Service'],
      ['httproute', 'service'],
      ['httproutes', 'svc'],
      ['httproutes.gateway.networking.k8s.io', 'SERVICES'],
      ['httproute.v1.gateway.networking.k8s.io', 'svc.v1.'],
      ['httproutes.gateway', 'services.'],
    ]
    for (const [from, to] of kinds)
      assert.deepEqual(await ask(`${from}/shop`, `${to}/billing/payments`), {
        code: 0,
        stdout: `${question} "payments" in namespace "billing": ReferenceGrant "good" in namespace "billing" permits it.\n`,
        stderr: '',
      })
    const other = await ask('HTTPRoute', 'Service/billing/payment', '-n', 'shop')
    assert.equal(other.code, 1)
    assert.match(other.stdout, /"payment" in namespace "billing": no ReferenceGrant permits it\.\n/)
    assert.match(other.stdout, /spec\.to\[0\]\.name is "payments", but the reference is to "payment": write "payment"/)
    const same = await ask('HTTPRoute/shop', 'Service/shop/cart')
    assert.deepEqual(
      [same.code, same.stdout],
      [0, `${question} "cart" in namespace "shop": it stays in its namespace and needs no grant.\n`],
    )
  })

  test('knows the short names of kinds, and says of a kind without guarded fields which kind may be meant', async () => {
    const notes = async (from: string) =>
      (await refgrant(['explain', '--from', `${from}/shop`, '--to', 'secret/billing/key', '-f', 'good'], { cwd }))
        .stderr
    assert.equal(await notes('gtw'), '')
    assert.equal(await notes('lset'), '')
    assert.match(
      await notes('HTTPRout.gateway.networking.k8s.io'),
      /\. Did you mean HTTPRoute\.gateway\.networking\.k8s\.io\?\n$/,
    )
    assert.match(await notes('refgrant'), /is a kind of grants, which refer to nothing: refgrant audit shows /)
  })

  test('prints JSON with a version: the verdict, each near miss with its patch, and the grant that is needed', async () => {
    const { code, stdout } = await refgrant(['explain', '-f', 'route.yaml', 'grant.yaml', '-o', 'json'], { cwd })
    const { apiVersion, kind, complete, references } = JSON.parse(stdout)
    assert.deepEqual([code, apiVersion, kind, complete], [1, 'refgrant.dev/v1alpha1', 'ExplainReport', true])
    const [{ verdict, field, message, nearMisses, needed }] = references
    assert.deepEqual([verdict, field, message], ['not permitted', 'spec.rules[0].backendRefs[1]', refused])
    const [{ grant, file, line, patch }] = nearMisses
    assert.deepEqual([grant.name, file, line, needed.kind], ['shop', 'grant.yaml', 9, 'ReferenceGrant'])
    assert.deepEqual(
      patch.map(({ op, path }: { op: string; path: string }) => [op, path]),
      [
        ['test', '/spec/from'],
        ['test', '/spec/to'],
        ['add', '/spec/from/-'],
        ['replace', '/spec/to/0/group'],
      ],
    )
  })

  test('explains one object of several files, and says that an object is not there', async () => {
    const several = folderWith({ 'a.yaml': ROUTE, 'b.yaml': ROUTE.replace('name: checkout', 'name: about') })
    const explain = (...argv: string[]) => refgrant(['explain', ...argv, '-f', '.'], { cwd: several })
    for (const argv of [
      ['httproute/about'],
      ['httproute', 'about'],
      ['HTTPRoute/shop/about'],
      ['httproute/about', '-n', 'shop'],
    ])
      assert.match(
        (await explain(...argv)).stdout,
        /^b\.yaml:13: HTTPRoute "about" .*\nNo grant nearly permits it\.\nNeeded /,
      )
    assert.deepEqual(await explain('httproute/gone'), {
      code: 2,
      stdout: '',
      stderr:
        'refgrant: HTTPRoute (gateway.networking.k8s.io) "gone" is not among the files: to explain the object of the cluster by the grants of files, name these with --grants\n',
    })
  })

  test('judges each object of several by its own namespace', async () => {
    const two = folderWith({ 'a.yaml': ROUTE, 'b.yaml': ROUTE.replace('shop', 'market'), 'c.yaml': GRANT })
    const { stdout } = await refgrant(['explain', '-f', '.', '-o', 'json'], { cwd: two })
    assert.deepEqual(
      JSON.parse(stdout).references.map((one: { from: { namespace: string }; verdict: string }) => [
        one.from.namespace,
        one.verdict,
      ]),
      [
        ['shop', 'permitted'],
        ['market', 'not permitted'],
      ],
    )
  })

  test('says what else an edit permits', async () => {
    const every = GRANT.replace('HTTPRoute', 'GRPCRoute').replace('      name: payments\n', '')
    const two = GRANT.replace('payments', 'ledger').replace(
      '  to:',
      '    - {group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: market}\n  to:',
    )
    const explained = async (grant: string) =>
      (await refgrant(['explain', '-f', '.'], { cwd: folderWith({ 'a.yaml': ROUTE, 'b.yaml': grant }) })).stdout
    assert.match(
      await explained(every),
      /^ {3}With this entry, each HTTPRoute of namespace "shop" may refer to all that the grant exposes\.$/m,
    )
    assert.match(
      await explained(two),
      /^ {3}With this entry, all 2 entries of spec\.from may refer to Service "payments"\.$/m,
    )
    assert.match(
      await explained(two.replace('ledger', 'payment')),
      /^ {3}With this edit, all 2 entries of spec\.from may refer to Service "payments"\.$/m,
    )
    for (const [right, wrong] of [
      ['HTTPRoute', 'GRPCRoute'],
      ['payments', 'payment'],
    ] as const)
      assert.doesNotMatch(await explained(GRANT.replace(right, wrong)), /With this/)
  })

  test('notes that a kind has no guarded field', async () => {
    const argv = ['explain', '--from', 'Deployment.apps/shop', '--to', 'Service/billing/payments', '-f', 'good']
    assert.match(
      (await refgrant(argv, { cwd })).stderr,
      /^refgrant: note: refgrant does not check Deployment \(apps\): refgrant catalogue lists the kinds that are checked\n$/,
    )
  })

  test('says why the references of an object need no grant, or that there are none', async () => {
    const mesh = ROUTE.replace('- name: web', '- {group: "", kind: Service, name: cart}')
    const exempt = await refgrant(['explain', '-f', '-'], { input: mesh })
    assert.deepEqual(
      [exempt.code, exempt.stdout],
      [
        0,
        'HTTPRoute "checkout" in namespace "shop": its references into other namespaces need no grant (mesh route)\n',
      ],
    )
    const none = await refgrant(['explain', '-f', '-'], {
      input: ROUTE.replace('namespace: billing', 'namespace: shop'),
    })
    assert.deepEqual([none.code, none.stdout], [0, 'no reference into another namespace\n'])
  })

  test('reads what can be read, and exits with 2 if a file cannot', async () => {
    const broken = folderWith({ 'a.yaml': ROUTE, 'b.yaml': 'kind: [\n' })
    const { code, stdout, stderr } = await refgrant(['explain', '-f', '.'], { cwd: broken })
    assert.equal(code, 2)
    assert.ok(stdout.startsWith(`a.yaml:13: ${refused}`))
    assert.match(stderr, /^refgrant: b\.yaml:\d: /)
  })
})

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: payments, namespace: billing}
spec:
  selector: {app: payments}
`

const policy = (name: string, podSelector: string, more = '') => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ${name}, namespace: billing}
spec:
  podSelector: ${podSelector}
${more}`

const workload = (kind: string, name: string, labels: string) => `apiVersion: apps/v1
kind: ${kind}
metadata: {name: ${name}, namespace: billing}
spec:
  template:
    metadata:
      labels: ${labels}
`

const LIMIT =
  'The Pods of a cluster, and its other NetworkPolicies, are not in the files: to read the cluster, add --live.\n'

suite('explain lists the NetworkPolicies in files that select what a Service selects:', { concurrency: 2 }, () => {
  const policies = {
    'p1.yaml': policy('all', '{}'),
    'p2.yaml': policy('blue', '{matchExpressions: [{key: tier, operator: In, values: [blue]}]}', '  egress: [{}]\n'),
    'p3.yaml': policy('other', '{matchLabels: {app: ledger}}'),
    'p4.yaml': policy('elsewhere', '{}').replace('billing', 'shop'),
  }
  const explain = (files: Record<string, string>, ...more: string[]) =>
    refgrant(['explain', '-f', '.', ...more], {
      cwd: folderWith({ 'route.yaml': ROUTE, 'grant.yaml': GRANT, ...files }),
    })
  const after = (stdout: string) => stdout.replace(/^.* permits\.\n/, '')
  const workloads = {
    'w1.yaml': workload('Deployment', 'one', '{app: payments, tier: blue}'),
    'w2.yaml': workload('StatefulSet', 'two', '{app: payments}'),
    'w3.yaml': workload('Deployment', 'three', '{app: ledger}'),
    'w4.yaml': workload('Deployment', 'four', '{app: payments}').replace('billing', 'shop'),
  }

  test('by the Pod labels of workloads', async () => {
    const { code, stdout } = await explain({ 's.yaml': SERVICE, ...policies, ...workloads })
    assert.equal(code, 0)
    assert.equal(
      after(stdout),
      `NetworkPolicies in the files that select Pods of Service "payments" in namespace "billing", by the Pod labels of 2 workloads: "all" (Ingress, 2 of 2), "blue" (Ingress and Egress, 1 of 2).\n${LIMIT}`,
    )
    const { stdout: json } = await explain({ 's.yaml': SERVICE, ...policies, ...workloads }, '-o', 'json')
    assert.deepEqual(JSON.parse(json).references[0].target, {
      exists: null,
      why: 'only files were read',
      networkPolicies: {
        workloads: 2,
        selecting: [
          { name: 'all', types: ['Ingress'], workloads: 2 },
          { name: 'blue', types: ['Ingress', 'Egress'], workloads: 1 },
        ],
      },
    })
  })

  test('by the selector of the Service, if no workload is there', async () => {
    const { stdout } = await explain({ 's.yaml': SERVICE, ...policies })
    const every =
      'NetworkPolicies in the files that select every Pod of Service "payments" in namespace "billing": "all" (Ingress).\n'
    const some = 'Those that may select some, by labels that its selector does not name: "blue" (Ingress and Egress).\n'
    assert.equal(after(stdout), `${every}${some}${LIMIT}`)
    const { stdout: json } = await explain({ 's.yaml': SERVICE, ...policies }, '-o', 'json')
    assert.deepEqual(JSON.parse(json).references[0].target.networkPolicies, {
      workloads: 0,
      selecting: [{ name: 'all', types: ['Ingress'] }],
      maySelect: [{ name: 'blue', types: ['Ingress', 'Egress'] }],
    })
    const none = await explain({ 's.yaml': SERVICE, 'p3.yaml': policies['p3.yaml'] })
    assert.equal(
      after(none.stdout),
      `No NetworkPolicy in the files selects Pods of Service "payments" in namespace "billing".\n${LIMIT}`,
    )
  })

  test('not without the Service, or its selector', async () => {
    const unknown =
      'Which NetworkPolicies in the files select the Pods of Service "payments" in namespace "billing" is not known: '
    const absent = await explain(policies)
    assert.equal(after(absent.stdout), `${unknown}the Service is not in the files.\n`)
    const bare = await explain({ 's.yaml': SERVICE.replace('{app: payments}', '{}'), ...policies })
    assert.equal(after(bare.stdout), `${unknown}the Service has no selector, so its Pods are not known.\n`)
    const external = await explain({ 's.yaml': SERVICE.replace('spec:', 'spec:\n  type: ExternalName'), ...policies })
    assert.equal(after(external.stdout), `${unknown}the Service has the type ExternalName, which selects no Pods.\n`)
  })

  test('says nothing if the namespace has no NetworkPolicy there, or the target is no Service', async () => {
    const elsewhere = await explain({ 's.yaml': SERVICE, 'p4.yaml': policies['p4.yaml'] })
    assert.equal(after(elsewhere.stdout), '')
    const cwd = folderWith({ 's.yaml': SERVICE, ...policies })
    const ask = (to: string, ...files: string[]) =>
      refgrant(['explain', '--from', 'HTTPRoute/shop', '--to', to, ...files], { cwd })
    assert.match((await ask('svc/billing/payments', '-f', '.')).stdout, /that select every Pod of Service "payments" /)
    assert.doesNotMatch((await ask('svc/billing/payments', '--grants', '.')).stdout, /NetworkPol/)
    assert.doesNotMatch((await ask('secret/billing/payments', '-f', '.')).stdout, /NetworkPol/)
  })
})

/** Wrong usage: the arguments, and the line on standard error. */
const wrong: Record<string, [argv: string[], says: string]> = {
  'nothing to explain': [
    [],
    'there is nothing to explain: name an object, the code of a finding, files with -f, or ask with --from and --to',
  ],
  'half a question': [['--from', 'HTTPRoute/shop'], '--from and --to go together: give both'],
  'an object and a question': [
    ['httproute/a', '--from', 'HTTPRoute/shop', '--to', 'Service/billing/payments'],
    'name an object, or ask with --from and --to, not both',
  ],
  'a referrer without a namespace': [
    ['--from', 'HTTPRoute', '--to', 'Service/billing/payments'],
    '--from cannot be "HTTPRoute": write KIND/NAMESPACE, such as HTTPRoute/shop',
  ],
  'a target without a name': [
    ['--from', 'HTTPRoute/shop', '--to', 'Service/payments'],
    '--to cannot be "Service/payments": write KIND/NAMESPACE/NAME, such as Service/billing/payments',
  ],
  'a kind that is not known': [
    ['--from', 'HTTPRoute/shop', '--to', 'Bucket/billing/payments'],
    '--to: the kind "Bucket" is not known: write the kind as in its objects, and its group, such as Backend.example.com',
  ],
  'a plural of a kind that is not known': [
    ['--from', 'HTTPRoute/shop', '--to', 'buckets.example.com/billing/payments'],
    '--to: the kind "buckets.example.com" is not known: write the kind as in its objects, and its group, such as Backend.example.com',
  ],
  'a kind that is misspelt': [
    ['--from', 'HTPRoute/shop', '--to', 'svc/billing/payments'],
    '--from: the kind "HTPRoute" is not known. Did you mean HTTPRoute? For another kind, write the kind as in its objects, and its group, such as Backend.example.com',
  ],
  'a kind that is misspelt, with its group': [
    ['htproutes.gateway.networking.k8s.io/checkout'],
    'the object: the kind "htproutes.gateway.networking.k8s.io" is not known. Did you mean HTTPRoute.gateway.networking.k8s.io? For another kind, write the kind as in its objects, and its group, such as Backend.example.com',
  ],
  'an impossible namespace': [
    ['--from', 'HTTPRoute/Shop', '--to', 'Service/billing/payments'],
    '--from: "Shop" is not the name of a namespace',
  ],
  'several codes': [
    ['grant-core-group', 'not-permitted'],
    'explain takes the code of one finding: run refgrant explain grant-core-group, and again for each other code',
  ],
  'a code that is misspelt': [
    ['grant-core-grup'],
    '"grant-core-grup" does not name an object: write KIND/NAME or KIND/NAMESPACE/NAME. Did you mean the finding grant-core-group?',
  ],
}

suite('wrong usage of explain is an error that says what to do:', { concurrency: 2 }, () => {
  for (const [title, [argv, says]] of Object.entries(wrong))
    test(title, async () => {
      const { code, stdout, stderr } = await refgrant(['explain', ...argv])
      assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: `refgrant: ${says}\n` })
    })
})
