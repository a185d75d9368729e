import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { SEVERITIES } from '../../src/policy/finding-codes.ts'
import { apiVersionOf, REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { effectivePart, lintGrant } from '../../src/policy/lint.ts'
import { lintSentence } from '../../src/wording/grant-finding.ts'

const coverage = new Coverage(guardedFields)
const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }
const to = { group: '', kind: 'Service', name: 'payments' }

const lint = (spec: unknown) => lintGrant({ spec }, 'billing', coverage, 100).findings
const codesAt = (spec: unknown) => lint(spec).map(({ code, path }) => `${code} ${path}`)

test('nothing is said of a grant that permits one kind of one namespace one object', () => {
  assert.deepEqual(lint({ from: [from], to: [to] }), [])
})

suite('one mistake in a valid grant is a finding with its code and its field', () => {
  const cases: [title: string, spec: unknown, ...findings: string[]][] = [
    ['no from', { from: [], to: [to] }, 'grant-empty spec.from'],
    ['no to', { from: [from] }, 'grant-empty spec.to'],
    ['no spec', undefined, 'grant-empty spec.from', 'grant-empty spec.to'],
    [
      'no namespace',
      { from: [{ ...from, namespace: undefined }], to: [to] },
      'grant-incomplete-entry spec.from[0].namespace',
    ],
    ['a null group', { from: [from], to: [{ ...to, group: null }] }, 'grant-incomplete-entry spec.to[0].group'],
    [
      'an entry that is not an object',
      { from: ['HTTPRoute'], to: [to] },
      'grant-incomplete-entry spec.from[0].group',
      'grant-incomplete-entry spec.from[0].kind',
      'grant-incomplete-entry spec.from[0].namespace',
    ],
    ['an empty name', { from: [from], to: [{ ...to, name: '' }] }, 'grant-empty-name spec.to[0].name'],
    ['a star as name', { from: [from], to: [{ ...to, name: '*' }] }, 'grant-wildcard spec.to[0].name'],
    ['a star as namespace', { from: [{ ...from, namespace: '*' }], to: [to] }, 'grant-wildcard spec.from[0].namespace'],
    ['a star as kind', { from: [{ ...from, kind: '*' }], to: [to] }, 'grant-wildcard spec.from[0].kind'],
    ['group core', { from: [from], to: [{ ...to, group: 'core' }] }, 'grant-core-group spec.to[0].group'],
    ['a version as group', { from: [from], to: [{ ...to, group: 'v1' }] }, 'grant-version-as-group spec.to[0].group'],
    [
      'a group with a version',
      { from: [{ ...from, group: 'gateway.networking.k8s.io/v1beta1' }], to: [to] },
      'grant-version-as-group spec.from[0].group',
    ],
    [
      'the core group for a route',
      { from: [{ ...from, group: '' }], to: [to] },
      'grant-wrong-group spec.from[0].group',
    ],
    [
      'the group of routes for a Service',
      { from: [from], to: [{ ...to, group: 'gateway.networking.k8s.io' }] },
      'grant-wrong-group spec.to[0].group',
    ],
    ['a plural kind', { from: [{ ...from, kind: 'httproutes' }], to: [to] }, 'grant-kind-spelling spec.from[0].kind'],
    ['a lower-case kind', { from: [from], to: [{ ...to, kind: 'service' }] }, 'grant-kind-spelling spec.to[0].kind'],
    [
      'its own namespace',
      { from: [{ ...from, namespace: 'billing' }], to: [to] },
      'grant-own-namespace spec.from[0].namespace',
    ],
    [
      'a kind without a guarded field',
      { from: [{ group: '', kind: 'Service', namespace: 'shop' }], to: [to] },
      'grant-unknown-referrer spec.from[0].kind',
    ],
    [
      'a name that is not a string',
      { from: [from], to: [{ ...to, name: true }] },
      'grant-incomplete-entry spec.to[0].name',
    ],
    [
      'a name that no object can have',
      { from: [from], to: [{ ...to, name: 'billing/pay' }] },
      'grant-impossible-value spec.to[0].name',
    ],
    ...['payments:80', 'payments.billing', 'Payments', 'pay_ments', 'a'.repeat(64)].map(
      (name): [string, unknown, string] => [
        `the name ${name.slice(0, 20)}, which no Service can have`,
        { from: [from], to: [{ ...to, name }] },
        'grant-impossible-value spec.to[0].name',
      ],
    ),
    [
      'the name of a role',
      { from: [from], to: [{ group: 'rbac.authorization.k8s.io', kind: 'Role', name: 'system:a' }] },
    ],
    ['a long name of a Secret', { from: [from], to: [{ group: '', kind: 'Secret', name: 'tls.example.com' }] }],
    ...['Shop', 'shop,web', 'a'.repeat(64)].map((namespace): [string, unknown, string] => [
      `the namespace ${namespace.slice(0, 10)}`,
      { from: [{ ...from, namespace }], to: [to] },
      'grant-impossible-value spec.from[0].namespace',
    ]),
    ['a blank as group', { from: [from], to: [{ ...to, group: ' ' }] }, 'grant-impossible-value spec.to[0].group'],
    [
      'a kind of two words',
      { from: [from], to: [{ ...to, kind: 'Config Map' }] },
      'grant-impossible-value spec.to[0].kind',
    ],
    ['17 entries', { from: Array(17).fill(from), to: [to] }, 'grant-too-many-entries spec.from'],
    ['a misspelt kind', { from: [from], to: [{ ...to, kind: 'Servce' }] }, 'grant-misspelt-kind spec.to[0].kind'],
    ['a name in from', { from: [{ ...from, name: 'checkout' }], to: [to] }, 'grant-unknown-field spec.from[0].name'],
    [
      'names in to, which exposes every object',
      { from: [from], to: [{ group: '', kind: 'Service', names: ['a'] }] },
      'grant-unknown-field spec.to[0].names',
      'grant-every-name spec.to[0].name',
    ],
    [
      'a spec with a misspelt list',
      { form: [from], to: [to] },
      'grant-unknown-field spec.form',
      'grant-empty spec.from',
    ],
    [
      'a namespace in to',
      { from: [from], to: [{ ...to, namespace: 'a' }] },
      'grant-unknown-field spec.to[0].namespace',
    ],
    [
      'a field with an unusual name',
      { from: [from], to: [{ ...to, 'a\nb': 1 }] },
      'grant-unknown-field spec.to[0]."a\\nb"',
    ],
    [
      'a Gateway as parent of routes',
      { from: [from], to: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }] },
      'grant-parent-reference spec.to[0].kind',
    ],
    [
      'a Gateway as parent of ListenerSets',
      {
        from: [{ ...from, kind: 'ListenerSet' }],
        to: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }],
      },
      'grant-parent-reference spec.to[0].kind',
    ],
    ['no name', { from: [from], to: [{ ...to, name: null }] }, 'grant-every-name spec.to[0].name'],
    [
      'a Service of the group of Deployments',
      { from: [from], to: [{ ...to, group: 'apps' }] },
      'grant-wrong-group spec.to[0].group',
    ],
    [
      'a Deployment of the core group',
      { from: [from], to: [{ ...to, kind: 'Deployment' }] },
      'grant-wrong-group spec.to[0].group',
    ],
    ['a star in a name', { from: [from], to: [{ ...to, name: 'pay-*' }] }, 'grant-wildcard spec.to[0].name'],
    [
      'an empty namespace',
      { from: [{ ...from, namespace: '' }], to: [to] },
      'grant-incomplete-entry spec.from[0].namespace',
    ],
    ['an empty kind', { from: [from], to: [{ ...to, kind: '' }] }, 'grant-incomplete-entry spec.to[0].kind'],
    [
      'the second entry',
      { from: [from, { ...from, kind: 'httproute' }], to: [to] },
      'grant-kind-spelling spec.from[1].kind',
    ],
  ]
  test('and each code by one of them', () => {
    const codes = new Set(cases.flatMap(([, , ...findings]) => findings.map((finding) => finding.split(' ')[0])))
    const ofGrants = Object.keys(SEVERITIES).filter((code) =>
      /^grant-(?!duplicate$|unknown-version$|old-version$)/.test(code),
    )
    assert.deepEqual([...codes].sort(), ofGrants.sort())
  })
  for (const [title, spec, ...findings] of cases) test(title, () => assert.deepEqual(codesAt(spec), findings))
})

test('a version that no release has is a finding, and a missing version is not', () => {
  const ofVersion = (apiVersion: unknown) =>
    lintGrant({ apiVersion, spec: { from: [from], to: [to] } }, 'billing', coverage, 100).findings.map(
      ({ code }) => code,
    )
  for (const version of ['v1', 'v1beta1']) assert.deepEqual(ofVersion(`gateway.networking.k8s.io/${version}`), [])
  assert.deepEqual(ofVersion('gateway.networking.k8s.io/v1alpha2'), ['grant-old-version'])
  for (const apiVersion of ['gateway.networking.k8s.io', 'gateway.networking.k8s.io/v9'])
    assert.deepEqual(ofVersion(apiVersion), ['grant-unknown-version'])
})

test('the version to write is that of new grants', () => {
  for (const version of ['v1alpha2', 'v1beta2']) {
    const object = { apiVersion: `gateway.networking.k8s.io/${version}`, spec: { from: [from], to: [to] } }
    const [finding] = lintGrant(object, 'billing', coverage, 100).findings
    assert.equal(finding?.meant, apiVersionOf(REFERENCE_GRANT), version)
  }
})

suite('each of two mistakes in one entry is a finding:', () => {
  const cases: [title: string, entries: { from?: object; to?: object }, ...findings: string[]][] = [
    [
      'a star and a plural',
      { from: { namespace: '*', kind: 'httproutes' } },
      'wildcard from namespace',
      'kind-spelling from kind',
    ],
    ['two stars', { from: { namespace: '*', kind: '*' } }, 'wildcard from kind', 'wildcard from namespace'],
    [
      'group core and a plural',
      { to: { group: 'core', kind: 'services' } },
      'core-group to group',
      'kind-spelling to kind',
    ],
    [
      'another group and a plural',
      { to: { group: 'apps', kind: 'services' } },
      'kind-spelling to kind',
      'wrong-group to group',
    ],
    [
      'no group and a plural',
      { to: { group: null, kind: 'services' } },
      'incomplete-entry to group',
      'kind-spelling to kind',
    ],
    [
      'a plural and an empty name',
      { to: { kind: 'services', name: '' } },
      'empty-name to name',
      'kind-spelling to kind',
    ],
    [
      'group core and an absent name, of which no object is exposed',
      { to: { group: 'core', name: null } },
      'core-group to group',
    ],
    [
      'a plural and its own namespace',
      { from: { kind: 'httproutes', namespace: 'billing' } },
      'kind-spelling from kind',
      'own-namespace from namespace',
    ],
  ]
  for (const [title, entries, ...findings] of cases)
    test(title, () => {
      const spec = { from: [{ ...from, ...entries.from }], to: [{ ...to, ...entries.to }] }
      const expected = findings.map((one) => one.replace(/(.*) (from|to) (.*)/, 'grant-$1 spec.$2[0].$3'))
      assert.deepEqual(codesAt(spec), expected)
    })
})

test('a grant kind of the configuration may have further fields, and a policy of the configuration may refer to a Gateway', () => {
  const spec = { from: [{ ...from, cluster: 'a' }], to: [to] }
  const own = { group: 'example.com', kind: 'Grant', plural: 'grants' }
  const codes = lintGrant({ spec }, 'billing', coverage, 100, own).findings.map(({ code }) => code)
  assert.ok(!codes.includes('grant-unknown-field'), String(codes))
  const policy = { group: 'example.com', kind: 'Policy', namespace: 'shop' }
  const gateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }
  assert.deepEqual(codesAt({ from: [policy], to: [gateway] }), ['grant-unknown-referrer spec.from[0].kind'])
})

test('a short name of kubectl is not a kind', () => {
  const [finding, ...others] = lint({ from: [from], to: [{ ...to, kind: 'svc' }] })
  assert.deepEqual([finding?.code, finding?.meant, others], ['grant-kind-spelling', 'Service', []])
})

test('a null entry is incomplete, in both halves', () => {
  const codes = lint({ from: [null], to: [null] }).map(({ code }) => code)
  assert.deepEqual(codes, Array(5).fill('grant-incomplete-entry'))
})

suite('a kind of a well-known name is in the wrong group', () => {
  for (const group of [
    'networking.k8s.io',
    'networking.istio.io',
    'extensions',
    'gateway.k8s.io',
    'gateway.networking',
  ])
    test(`HTTPRoute in ${group}`, () => {
      const [finding, ...others] = lint({ from: [{ ...from, group }], to: [to] })
      assert.deepEqual([finding?.code, finding?.meant, others], ['grant-wrong-group', from.group, []])
    })
  for (const [kind, group, meant] of [
    ['Secret', 'apps', ''],
    ['Service', 'networking.k8s.io', ''],
    ['Ingress', 'extensions', 'networking.k8s.io'],
    ['InferencePool', 'inference.networking', 'inference.networking.k8s.io'],
  ])
    test(`${kind} in ${group}`, () => {
      const [finding, ...others] = lint({ from: [from], to: [{ ...to, kind, group }] })
      assert.deepEqual([finding?.code, finding?.meant, others], ['grant-wrong-group', meant, []])
    })
})

test('a kind with a well-known name in another group is not a mistake', () => {
  for (const [kind, group] of [
    ['Service', 'serving.knative.dev'],
    ['Job', 'batch.volcano.sh'],
    ['ServiceImport', 'net.gke.io'],
    ['Gateway', 'networking.istio.io'],
    ['Backend', 'gateway.envoyproxy.io'],
  ])
    assert.deepEqual(lint({ from: [from], to: [{ ...to, kind, group }] }), [], `${kind} ${group}`)
  assert.deepEqual(codesAt({ from: [{ ...from, group: 'policy.linkerd.io' }], to: [to] }), [
    'grant-unknown-referrer spec.from[0].kind',
  ])
})

test('a kind that a row of the configuration names is not a mistake, and other kinds of its group are unknown', () => {
  const wider = new Coverage([
    ...guardedFields,
    {
      from: { group: 'x.k8s.io', kind: 'Gateway', plural: 'gateways' },
      path: 'spec.a',
      to: { group: 'y.k8s.io', kind: 'Secret' },
    },
    { from: { group: 'example.com', kind: 'Policy', plural: 'policies' }, path: 'spec.a' },
  ])
  const accepted = { group: 'x.k8s.io', kind: 'Gateway', namespace: 'shop' }
  const exposed = [
    { ...to, group: 'y.k8s.io', kind: 'Secret' },
    { ...to, group: 'example.com' },
  ]
  assert.deepEqual(lintGrant({ spec: { from: [accepted], to: exposed } }, 'billing', wider, 100).findings, [])
})

test('a kind of the user, once declared, is one that refers', () => {
  const policy = { group: 'example.com', kind: 'Policy', plural: 'policies' }
  const wider = new Coverage([...guardedFields, { from: policy, path: 'spec.backend' }])
  const spec = { from: [{ group: 'example.com', kind: 'Policy', namespace: 'shop' }], to: [to] }
  assert.deepEqual(codesAt(spec), ['grant-unknown-referrer spec.from[0].kind'])
  assert.deepEqual(lintGrant({ spec }, 'billing', wider, 100).findings, [])
})

test('findings say what would work in place of what is written, with foreign text escaped', () => {
  const say = (spec: unknown) => lint(spec).map(lintSentence)
  assert.deepEqual(say({ from: [{ ...from, kind: 'httproutes' }], to: [{ ...to, group: 'apps/v1' }] }), [
    'spec.from[0].kind is "httproutes": kinds are compared exactly, write "HTTPRoute"',
    'spec.to[0].group is "apps/v1", which names a version: write "apps"; the version does not count',
  ])
  assert.deepEqual(say({ from: [{ ...from, kind: 'A\u001b[31m' }], to: [to] }), [
    'spec.from[0].kind is "A\\u001b[31m", which is not a valid kind, so the entry matches nothing: write one kind',
  ])
})

test('what a grant permits is left of it where entries permit nothing', () => {
  const grant = { namespace: 'billing', name: 'g', from: [from], to: [to] }
  assert.deepEqual(effectivePart(grant, coverage), grant)
  const idle = [
    { ...from, namespace: 'billing' },
    { ...from, group: '' },
    { ...from, kind: '*' },
  ]
  const wider = { ...grant, from: [...idle, from], to: [{ ...to, group: 'core' }, to, { ...to, kind: 'services' }] }
  assert.deepEqual(effectivePart(wider, coverage), grant)
  // What a kind does that is not judged is unknown.
  const unknown = { ...grant, from: [{ ...from, group: 'example.com' }] }
  assert.deepEqual(effectivePart(unknown, coverage), unknown)
})

test('of many findings all are counted, and only the first are made', () => {
  const spec = { from: Array(300_000).fill(0), to: [to, { ...to, name: null }] }
  const { findings, counts } = lintGrant({ spec }, 'billing', coverage, 4)
  assert.deepEqual(
    findings.map(({ path }) => path),
    ['spec.from', 'spec.from[0].group', 'spec.from[0].kind', 'spec.from[0].namespace'],
  )
  assert.deepEqual(counts, { error: 900_001, warning: 0, note: 1 })
})

suite('a finding tells what to write:', () => {
  const saidOf = (spec: unknown, code: string) =>
    lint(spec)
      .filter((one) => one.code === code)
      .map((one) => lintSentence(one))
  const GATEWAY_API = 'gateway.networking.k8s.io'

  for (const [title, { namespace, ...entry }] of Object.entries({ namespaces: from, Namespace: from, namepsace: from }))
    test(`the field that ${title} is similar to, if it is missing`, () =>
      assert.deepEqual(saidOf({ from: [{ ...entry, [title]: namespace }], to: [to] }, 'grant-unknown-field'), [
        `spec.from[0].${title} is not a field of an entry, and the API server drops it: write namespace`,
      ]))

  test('to remove a field beside the one that it is similar to, and one that is similar to none', () => {
    const both = { from: [{ ...from, namespaces: 'shop' }], to: [{ ...to, namespace: 'billing' }] }
    const said = saidOf(both, 'grant-unknown-field')
    assert.equal(said.length, 2)
    for (const one of said) assert.match(one, /: remove it, or the grant permits more than it seems to$/)
  })

  test('the list that a field of the spec is similar to', () =>
    assert.deepEqual(saidOf({ form: [from], to: [to] }, 'grant-unknown-field'), [
      'spec.form is not a field of a spec, and the API server drops it: write from',
    ]))

  for (const [half, kind, advice] of [
    ['from', 'HTTPRoute', `write "${GATEWAY_API}"`],
    ['from', 'Widget', 'write the group of the kind'],
    ['from', 'PersistentVolumeClaim', 'write "" for the core group'],
    ['to', 'Deployment', 'write "apps"'],
    ['to', 'Service', 'write "" for the core group'],
    ['to', 'Widget', 'write "" for the core group'],
  ] as const)
    test(`the group that is missing beside ${kind} in ${half}`, () => {
      const spec = {
        from: [from],
        to: [to],
        [half]: [{ kind, ...(half === 'from' ? { namespace: 'shop' } : { name: 'a' }) }],
      }
      const [said = ''] = saidOf(spec, 'grant-incomplete-entry')
      assert.ok(said.endsWith(`so the entry matches nothing: ${advice}`), said)
    })
})
