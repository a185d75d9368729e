import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite, test } from 'node:test'
import { stringify } from 'yaml'
import { ConfigError, loadConfig } from '../src/config.ts'
import { guardedFields } from '../src/policy/catalogue.ts'

const file = path.join(mkdtempSync(path.join(tmpdir(), 'refgrant-')), 'refgrant.yaml')
const row = {
  from: { group: 'example.com', kind: 'Policy', plural: 'policies' },
  path: 'spec.backends[].ref',
  to: { group: '', kind: 'Service' },
}
const load = (content: unknown) => {
  writeFileSync(file, typeof content === 'string' ? content : stringify(content, { aliasDuplicateObjects: false }))
  return loadConfig(file)
}
const withRows = (...rows: unknown[]) => ({
  apiVersion: 'refgrant.dev/v1alpha1',
  kind: 'Configuration',
  guardedFields: rows,
})

/** What is said of a configuration, with its line, without its file. */
function complaint(content: unknown): string {
  try {
    load(content)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.message.replaceAll(`${file}:`, '')
  }
  return assert.fail('the configuration was taken')
}

test('without a file the guarded fields are those of Gateway API', () => {
  assert.deepEqual(loadConfig(undefined).guardedFields, guardedFields)
})

test('rows of a file come after them', () => {
  const { guardedFields: fields, ownFields } = load(withRows(row, { ...row, path: 'spec.other', to: undefined }))
  assert.equal(fields.length, guardedFields.length + 2)
  assert.deepEqual(ownFields, [row, { from: row.from, path: 'spec.other' }])
})

suite('a row that cannot work is refused with its line and the reason', () => {
  const cases: [title: string, row: unknown, reason: RegExp][] = [
    [
      'a cluster-scoped kind',
      { ...row, from: { group: 'gateway.networking.k8s.io', kind: 'GatewayClass', plural: 'gatewayclasses' } },
      /^4: guardedFields\[0\] is about "GatewayClass", which belongs to no namespace/,
    ],
    ['an empty path', { ...row, path: '' }, /has the path "": write names separated by dots/],
    ['an empty step', { ...row, path: 'spec..ref' }, /has the path "spec\.\.ref"/],
    ['a list at the root', { ...row, path: '[].ref' }, /has the path "\[\]\.ref"/],
    ['an index', { ...row, path: 'spec.rules[0].ref' }, /has the path "spec\.rules\[0\]\.ref"/],
    ['status', { ...row, path: 'status.ref' }, /status is never judged/],
    ['metadata', { ...row, path: 'metadata.ownerReferences[]' }, /metadata is never judged/],
    ['group core', { ...row, to: { group: 'core', kind: 'Service' } }, /the core group is ""/],
    ['a group with a version', { ...row, from: { ...row.from, group: 'example.com/v1' } }, /a version never counts/],
    ['a kind for a plural', { ...row, from: { ...row.from, plural: 'Policies' } }, /has the plural "Policies"/],
    [
      'another plural of a known kind',
      { from: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', plural: 'routes' }, path: 'spec.x' },
      /another row "httproutes"/,
    ],
    [
      'a row that is there already',
      {
        from: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', plural: 'httproutes' },
        path: 'spec.rules[].backendRefs[]',
      },
      /repeats a row/,
    ],
    ['a field that means nothing', { ...row, paht: 'x' }, /guardedFields\[0\]\.paht is no field of the configuration/],
    ['no path', { from: row.from }, /guardedFields\[0\]\.path is missing/],
  ]
  for (const [title, wrong, reason] of cases) test(title, () => assert.match(complaint(withRows(wrong)), reason))

  test('one that repeats another of the same file', () =>
    assert.match(complaint(withRows(row, row)), /^12: guardedFields\[1\] repeats a row/))
  test('every wrong row is told', () => {
    const lines = complaint(withRows({ ...row, path: '' }, row, { ...row, path: 'status.x' })).split('\n')
    assert.deepEqual(
      lines.map((line) => line.slice(0, line.indexOf(' has'))),
      ['4: guardedFields[0]', '20: guardedFields[2]'],
    )
  })
})

suite('a file that is no configuration is refused', () => {
  test('another version', () =>
    assert.equal(
      complaint({ ...withRows(), apiVersion: 'refgrant.dev/v2' }),
      '1: apiVersion must be "refgrant.dev/v1alpha1"',
    ))
  test('a field that means nothing', () =>
    assert.equal(complaint({ ...withRows(), mode: 'x' }), '4: mode is no field of the configuration'))
  test('nothing', () => assert.equal(complaint(''), '1: there is no configuration in this file'))
  test('broken YAML', () => assert.match(complaint('apiVersion: [\n'), /^\d: /))
  test('two documents', () => assert.match(complaint('a: 1\n---\nb: 2\n'), /^3: there is a second document/))
  test('no file', () => assert.throws(() => loadConfig('/nowhere/x.yaml'), /^Error: \/nowhere\/x\.yaml: ENOENT/))
})
