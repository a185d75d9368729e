import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { stringify } from 'yaml'
import { coverageOf } from '../../src/config/config.ts'
import { ConfigError, readConfig } from '../../src/config/read.ts'
import { configurationSchema } from '../../src/config/schema.ts'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { presets } from '../../src/policy/presets.ts'
import { newFolder } from '../harness/folders.ts'

const file = path.join(newFolder(), 'refgrant.yaml')
const row = {
  from: { group: 'example.com', kind: 'Policy', plural: 'policies' },
  path: 'spec.backends[].ref',
  to: { group: '', kind: 'Service' },
}
const httpRoute = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', plural: 'httproutes' }
const read = (content: unknown) => {
  writeFileSync(file, typeof content === 'string' ? content : stringify(content, { aliasDuplicateObjects: false }))
  return readConfig(file)
}
const base = { apiVersion: 'refgrant.dev/v1alpha1', kind: 'Configuration' }
const withRows = (...rows: unknown[]) => ({
  apiVersion: 'refgrant.dev/v1alpha1',
  kind: 'Configuration',
  guardedFields: rows,
})

/** Returns the error of a configuration, with its line, without its file. */
function complaint(content: unknown): string {
  try {
    read(content)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.message.replaceAll(`${file}:`, '')
  }
  return assert.fail('the configuration was accepted')
}

test('without a file every field has its default', () => {
  assert.deepEqual(readConfig(undefined), read({ apiVersion: 'refgrant.dev/v1alpha1', kind: 'Configuration' }))
  assert.deepEqual(coverageOf(readConfig(undefined)).fields, guardedFields)
  assert.equal(readConfig(undefined).mode, 'deny')
})

test('rows of a file come after those of Gateway API', () => {
  const rows = [row, { from: row.from, path: 'spec.other' }]
  assert.deepEqual(coverageOf(read(withRows(...rows))).fields, [...guardedFields, ...rows])
})

suite('a row that cannot work is an error with its line and the reason', () => {
  const cases: [title: string, row: unknown, reason: RegExp][] = [
    [
      'a cluster-scoped kind',
      { ...row, from: { group: 'gateway.networking.k8s.io', kind: 'GatewayClass', plural: 'gatewayclasses' } },
      /^4: guardedFields\[0\] is about "GatewayClass", which is cluster-scoped/,
    ],
    ['an empty path', { ...row, path: '' }, /has the path "": write names separated by dots/],
    ['an empty step', { ...row, path: 'spec..ref' }, /has the path "spec\.\.ref"/],
    ['a list at the root', { ...row, path: '[].ref' }, /has the path "\[\]\.ref"/],
    ['an index', { ...row, path: 'spec.rules[0].ref' }, /has the path "spec\.rules\[0\]\.ref"/],
    ['status', { ...row, path: 'status.ref' }, /refgrant does not judge status/],
    ['metadata', { ...row, path: 'metadata.ownerReferences[]' }, /refgrant does not judge metadata/],
    ['group core', { ...row, to: { group: 'core', kind: 'Service' } }, /the core group is ""/],
    ['a group with a version', { ...row, from: { ...row.from, group: 'example.com/v1' } }, /a version never counts/],
    ['a kind in place of a plural', { ...row, from: { ...row.from, plural: 'Policies' } }, /has the plural "Policies"/],
    [
      'another plural of a known kind',
      { from: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', plural: 'routes' }, path: 'spec.x' },
      /another row gives it "httproutes"/,
    ],
    [
      'a row of Gateway API',
      {
        from: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', plural: 'httproutes' },
        path: 'spec.rules[].backendRefs[]',
      },
      /repeats a row/,
    ],
    [
      'an unknown grant kind',
      { ...row, grantKind: { group: 'example.com', kind: 'Permit' } },
      /names the grant kind "Permit" of group "example\.com", which is not in grantKinds/,
    ],
    [
      'another kind of a known plural',
      { ...row, from: { ...httpRoute, kind: 'Shield' } },
      /gives kind "Shield" the plural "httproutes", which belongs to kind "HTTPRoute"/,
    ],
    ['a group that ends with a hyphen', { ...row, from: { ...row.from, group: 'example.com-' } }, /is not a group/],
    ['a kind that cannot be', { ...row, from: { ...row.from, kind: 'A "b"' } }, /which is not a valid kind/],
    [
      'a plural of 64 characters',
      { ...row, from: { ...row.from, plural: 'a'.repeat(64) } },
      /of at most 63 characters/,
    ],
    [
      'a plural that ends with a hyphen',
      { ...row, from: { ...row.from, plural: 'policies-' } },
      /has the plural "policies-"/,
    ],
    [
      'the namespace as group',
      { ...row, groupField: 'namespace' },
      /has the groupField "namespace", which is another part/,
    ],
    ['text', { ...row, path: 'spec.backends[].name' }, /which leads to text: name the object/],
    [
      'a part of a known reference',
      { from: httpRoute, path: 'spec.rules[].backendRefs[].group' },
      /"spec\.rules\[\]\.backendRefs\[\]\.group", which leads to text/,
    ],
    [
      'a list without its brackets',
      { from: httpRoute, path: 'spec.rules.filters[].extensionRef' },
      /spec\.rules is a list, write \[\] after it/,
    ],
    [
      'a list at the end',
      { from: httpRoute, path: 'spec.rules[].backendRefs' },
      /spec\.rules\[\]\.backendRefs is a list/,
    ],
    [
      'brackets after an object',
      { from: httpRoute, path: 'spec[].rules[].filters[].extensionRef' },
      /spec is not a list/,
    ],
    ['a root that CEL cannot name', { ...row, path: 'my-spec.ref' }, /"my-spec" is not an identifier in CEL/],
    ['a root that is a keyword of CEL', { ...row, path: 'in[].ref' }, /"in" is not an identifier in CEL/],
    ['a list in metadata', { ...row, path: 'metadata[].x' }, /refgrant does not judge metadata/],
    ['an unknown field', { ...row, paht: 'x' }, /guardedFields\[0\]\.paht is not a field of the configuration/],
    ['no path', { from: row.from }, /guardedFields\[0\]\.path is missing/],
  ]
  for (const [title, wrong, reason] of cases) test(title, () => assert.match(complaint(withRows(wrong)), reason))

  test('a row that repeats another of the same file', () =>
    assert.match(complaint(withRows(row, row)), /^12: guardedFields\[1\] repeats a row/))
  test('more kinds than a registration can have', () => {
    const kinds = Array.from({ length: 54 }, (_, n) => ({
      ...row,
      from: { ...row.from, kind: `Kind${n}`, plural: `kind${n}s` },
    }))
    assert.equal(read(withRows(...kinds.slice(1))).guardedFields.length, 53)
    assert.match(complaint(withRows(...kinds)), /guardedFields makes 64 kinds with those of Gateway API, .* at most 63/)
  })
  test('every wrong row is reported', () => {
    const lines = complaint(withRows({ ...row, path: '' }, row, { ...row, path: 'status.x' })).split('\n')
    assert.deepEqual(
      lines.map((line) => line.slice(0, line.indexOf(' has'))),
      ['4: guardedFields[0]', '20: guardedFields[2]'],
    )
  })
})

suite('a kind that cannot exist is an error with its line and what to write instead', () => {
  const cases: [title: string, content: object, says: string][] = [
    [
      'exempt targets in the group core',
      {
        exemptTargets: [
          { group: '', kind: 'Service' },
          { group: 'core', kind: 'Service' },
        ],
      },
      '6: exemptTargets[1] names the group "core": the core group is ""',
    ],
    [
      'exempt targets by their plural',
      { exemptTargets: [{ group: '', kind: 'services' }] },
      '4: exemptTargets[0] names the kind "services": kinds are compared exactly, write "Service"',
    ],
    [
      'exempt targets with a version',
      { exemptTargets: [{ group: 'apps/v1', kind: 'Deployment' }] },
      '4: exemptTargets[0] names the group "apps/v1", which is not a group: write its domain without a version, since a version never counts',
    ],
    ['exempt targets without a kind', { exemptTargets: [{ group: '' }] }, '4: exemptTargets[0].kind is missing'],
    [
      'a row with a kind in lower case',
      withRows({ ...row, to: { group: '', kind: 'service' } }),
      '4: guardedFields[0] names the kind "service"',
    ],
    [
      'grants in the group core',
      { grantKinds: [{ group: 'core', kind: 'Grant', plural: 'grants' }] },
      '4: grantKinds[0] names the group "core"',
    ],
  ]
  for (const [title, content, says] of cases)
    test(title, () =>
      assert.ok(complaint({ ...base, ...content }).startsWith(says), complaint({ ...base, ...content })),
    )
})

suite('a wrong value of any field is an error with its name and line', () => {
  const wrong: [content: object, says: string][] = [
    [{ mode: 'block' }, '3: mode must be one of "deny", "warn", "audit"'],
    [{ modeLabel: 'a/b/c' }, '3: modeLabel must be the key of a label, such as example.com/mode'],
    [{ modeLabel: 7 }, '3: modeLabel must be a string'],
    [{ failurePolicy: 'fail' }, '3: failurePolicy must be one of "Fail", "Ignore"'],
    [{ timeoutSeconds: 31 }, '3: timeoutSeconds must be at most 30'],
    [{ timeoutSeconds: 2.5 }, '3: timeoutSeconds must be an integer'],
    [{ existingViolations: 'audit' }, '3: existingViolations must be one of "warn", "deny"'],
    [{ meshRoutes: true }, '3: meshRoutes must be one of "exempt", "enforce"'],
    [{ dryRun: [] }, '3: dryRun must be an object'],
    [{ dryRun: { warnFieldManagers: 'flux' } }, '4: dryRun.warnFieldManagers must be a list'],
    [{ exempt: { users: [''] } }, '5: exempt.users[0] must not be empty'],
    [{ exempt: { groups: 'admins' } }, '4: exempt.groups must be a list'],
    [{ exempt: { serviceAccounts: ['a:b'] } }, '5: exempt.serviceAccounts[0] must be an object'],
    [{ exempt: { serviceAccounts: [{ name: 'a' }] } }, '5: exempt.serviceAccounts[0].namespace is missing'],
    [{ exempt: { namespaces: ['Shop'] } }, '5: exempt.namespaces[0] must be a namespace: at most 63 '],
    [{ exemptTargets: [{ kind: 'HTTPRoute' }] }, '4: exemptTargets[0].group is missing'],
    [{ presets: ['envoy'] }, '4: presets[0] must be one of "envoy-gateway", "kgateway", '],
    [{ guardedFields: {} }, '3: guardedFields must be a list'],
    [{ grantKinds: [{ group: 'x', kind: 'Y' }] }, '4: grantKinds[0].plural is missing'],
    [{ budgets: { eachNamespace: { burst: 0 } } }, '5: budgets.eachNamespace.burst must be at least 1'],
    [{ budgets: { allNamespaces: { perSecond: '5' } } }, '5: budgets.allNamespaces.perSecond must be a number'],
    [{ bounds: { knowledgeAgeSeconds: 10 } }, '4: bounds.knowledgeAgeSeconds must be at least 35'],
  ]
  for (const [content, says] of wrong)
    test(JSON.stringify(content), () =>
      assert.ok(complaint({ ...base, ...content }).startsWith(says), complaint({ ...base, ...content })),
    )
})

test('a configuration with every field set is accepted as it is', () => {
  const everything = {
    ...base,
    mode: 'warn',
    modeLabel: 'example.com/refgrant',
    failurePolicy: 'Ignore',
    timeoutSeconds: 3,
    existingViolations: 'deny',
    meshRoutes: 'enforce',
    dryRun: { warnFieldManagers: ['kustomize-controller'] },
    exempt: {
      users: ['jane'],
      groups: ['admins'],
      serviceAccounts: [{ namespace: 'flux-system', name: 'flux' }],
      namespaces: ['infra'],
    },
    exemptTargets: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }],
    presets: ['envoy-gateway', 'kong'],
    guardedFields: [
      { ...row, groupField: 'apiGroup', grantKind: { group: 'grants.example.com', kind: 'Grant' } },
      { ...row, path: 'spec.other', grantKind: { group: 'gateway.networking.k8s.io', kind: 'ReferenceGrant' } },
    ],
    grantKinds: [
      { group: 'grants.example.com', kind: 'Grant', plural: 'grants', version: 'v1', coreGroup: 'core', fromGroup: '' },
    ],
    budgets: { eachNamespace: { burst: 1, perSecond: 0.5 }, allNamespaces: { burst: 2, perSecond: 1 } },
    bounds: { knowledgeAgeSeconds: 60 },
  }
  assert.deepEqual(Object.keys(everything), Object.keys(configurationSchema.properties))
  assert.deepEqual(read(everything), everything)
})

test('presets come between the rows of Gateway API and those of the file, and the file overrides their kinds', () => {
  const kind = { ...presets.kong.grantKinds[0], version: 'v1' }
  const { fields, grantKinds } = coverageOf(read({ ...withRows(row), presets: ['kong'], grantKinds: [kind] }))
  assert.deepEqual(fields, [...guardedFields, ...presets.kong.fields, row])
  assert.deepEqual(grantKinds, [REFERENCE_GRANT, kind])
  assert.match(
    complaint({ ...withRows(presets.kong.fields[0]), presets: ['kong'] }),
    /source is not a field|repeats a row/,
  )
})

test('the command line overrides the file', () => {
  writeFileSync(file, stringify({ ...base, mode: 'warn', meshRoutes: 'enforce' }))
  const { mode, meshRoutes } = readConfig(file, { mode: 'audit', existingViolations: undefined })
  assert.deepEqual([mode, meshRoutes], ['audit', 'enforce'])
})

suite('a file that is not a configuration is an error:', () => {
  test('another version', () =>
    assert.equal(
      complaint({ ...withRows(), apiVersion: 'refgrant.dev/v2' }),
      '1: apiVersion must be "refgrant.dev/v1alpha1"',
    ))
  test('an unknown field, with the nearest known field', () => {
    const wrong = { ...base, mdoe: 'warn', exempt: { user: [] }, retries: 1 }
    assert.deepEqual(
      complaint(wrong)
        .split('\n')
        .map((line) => line.replace(/: the fields are .*/, ': ...')),
      [
        '3: mdoe is not a field of the configuration: did you mean mode?',
        '6: retries is not a field of the configuration: ...',
        '5: exempt.user is not a field of the configuration: did you mean users?',
      ],
    )
  })
  test('an empty file', () => assert.equal(complaint(''), '1: this file has no configuration'))
  test('broken YAML', () => assert.match(complaint('apiVersion: [\n'), /^\d: /))
  test('two documents', () => assert.match(complaint('a: 1\n---\nb: 2\n'), /^3: this file has a second document/))
  test('a missing file', () =>
    assert.throws(
      () => readConfig('/nowhere/x.yaml'),
      /^Error: \/nowhere\/x\.yaml: no such file or directory \(name a configuration with --config\)$/m,
    ))
})

suite('a kind of grants that cannot count is refused with its line and the reason', () => {
  const grants = { group: 'example.com', kind: 'Permit', plural: 'permits' }
  const { group, kind, plural } = REFERENCE_GRANT
  const cases: [title: string, kinds: object[], reason: RegExp][] = [
    ['a kind twice', [grants, { ...grants, version: 'v2' }], /^7: grantKinds\[1\] repeats a kind or its plural/],
    ['a plural twice', [grants, { ...grants, kind: 'Other' }], /grantKinds\[1\] repeats/],
    ['ReferenceGrant', [{ group, kind, plural }], /grantKinds\[0\] repeats/],
    ['a version as group', [{ ...grants, group: 'v1' }], /"v1", which is not a group/],
    ['a plural that cannot be', [{ ...grants, plural: 'g/s*' }], /has the plural "g\/s\*"/],
  ]
  for (const [title, grantKinds, reason] of cases)
    test(title, () => assert.match(complaint({ ...base, grantKinds }), reason))
})

test('the label that chooses the mode is one that the API server takes', () => {
  for (const modeLabel of ['a..b/mode', `example.com/${'a'.repeat(64)}`, '-a/mode'])
    assert.match(complaint({ ...base, modeLabel }), /modeLabel must be the key of a label/)
  assert.equal(read({ ...base, modeLabel: 'a.b-c.d/My_mode.x' }).modeLabel, 'a.b-c.d/My_mode.x')
})
