import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { lintObject } from '../../src/policy/lint-object.ts'
import { findingSentence } from '../../src/wording/finding.ts'

const coverage = new Coverage(guardedFields)
const route = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' }

const lint = (spec: unknown, object = route) => [...lintObject(coverage, object, { spec })]
const codesAt = (spec: unknown) => lint(spec).map(({ code, path }) => `${code} ${path}`)
const refersTo = (backend: object) => ({ rules: [{ backendRefs: [{ name: 'a', port: 80, weight: 1, ...backend }] }] })

test('nothing is said of a reference with the fields that it has', () => {
  const filters = [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'b', namespace: 'billing' } } }]
  assert.deepEqual(lint(refersTo({ group: '', kind: 'Service', namespace: 'billing', filters })), [])
})

test('a misspelt field of a reference is found, at every guarded field', () => {
  for (const field of ['namespce', 'Namespace', 'namspace', 'name_space', 'namespaces'])
    assert.deepEqual(codesAt(refersTo({ [field]: 'billing' })), [
      `reference-unknown-field spec.rules[0].backendRefs[0].${field.includes('_') ? `"${field}"` : field}`,
    ])
  const mirror = { rules: [{ filters: [{ requestMirror: { backendRef: { name: 'a', knd: 'Service' } } }] }] }
  assert.deepEqual(codesAt(mirror), ['reference-unknown-field spec.rules[0].filters[0].requestMirror.backendRef.knd'])
})

test('a field that is similar to none, or beside the correct one, is not a finding', () => {
  assert.deepEqual(codesAt(refersTo({ comment: 'x', namespace: 'billing', namespce: 'x' })), [])
})

test('a parent Service of group core does not make a mesh route, and is a finding', () => {
  const parents = [{ group: '', kind: 'Service', name: 'a' }, { group: 'core', kind: 'Service', name: 'a' }, null]
  assert.deepEqual(codesAt({ parentRefs: parents }), ['mesh-parent-core-group spec.parentRefs[1].group'])
  assert.deepEqual(lint({ parentRefs: parents }, { ...route, kind: 'Gateway' }), [])
})

test('a ReferencePolicy is a finding, and a kind with the same name in another group is not', () => {
  const policy = { ...route, kind: 'ReferencePolicy' }
  assert.deepEqual(lint({}, policy).map(findingSentence), [
    'ReferencePolicy "checkout" in namespace "shop": kind is the old name of a ReferenceGrant, and permits nothing: write ReferenceGrant, and apiVersion gateway.networking.k8s.io/v1beta1',
  ])
  assert.deepEqual(lint({}, { ...policy, group: 'example.com' }), [])
})

test('a field that the configuration guards is found where it holds something else than a reference', () => {
  const from = { group: 'example.com', kind: 'Shield', plural: 'shields' }
  const wider = new Coverage([...guardedFields, { from, path: 'spec.backends[]' }, { from, path: 'spec.ca' }])
  const spec = { backends: ['a', { namespace: 'b' }], ca: { kind: 'Secret', name: 'ca', namespace: 'billing' } }
  const shield = { ...from, namespace: 'shop', name: 'front' }
  assert.deepEqual([...lintObject(wider, shield, { spec })].map(findingSentence), [
    'Shield "front" in namespace "shop": spec.backends[] is not a reference here, so it is not judged: correct the object, or the field in the configuration',
  ])
})

test('a target in another namespace that no object can be is found, with the part that is wrong', () => {
  const wrong: [part: string, backend: object][] = [
    ['name', { name: 'payments:80' }],
    ['name', { name: 'payments.billing' }],
    ['name', { name: '' }],
    ['namespace', { namespace: 'Billing' }],
    ['group', { group: 'a b' }],
    ['kind', { kind: 'Config Map' }],
  ]
  for (const [part, backend] of wrong)
    assert.deepEqual(codesAt(refersTo({ namespace: 'billing', ...backend })), [
      `reference-impossible-value spec.rules[0].backendRefs[0].${part}`,
    ])
  assert.deepEqual(lint(refersTo({ namespace: 'billing', name: 'payments:80' })).map(findingSentence), [
    'HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[0].name is "payments:80", which is not a valid name, so no such object can exist: write one name',
  ])
  // A variable has no value yet, and what stays in its namespace needs no grant.
  for (const backend of [{ namespace: `\${ns}` }, { namespace: 'billing', name: `\${name}:80` }, { name: 'A' }])
    assert.deepEqual(codesAt(refersTo(backend)), [])
})

test('an object of any shape is linted without an error', () => {
  for (const spec of [
    undefined,
    null,
    'x',
    [],
    { rules: {}, parentRefs: {} },
    { rules: [null, { backendRefs: [null, 1] }] },
  ])
    assert.deepEqual(lint(spec), [])
})

test('an object that was meant to be a ReferenceGrant is a finding, with the field to correct', () => {
  const saidOf = (group: string, kind: string) =>
    [...lintObject(coverage, { group, kind, namespace: 'billing', name: 'shop' }, {})].map(
      ({ code, path }) => `${code} ${path}`,
    )
  const own = 'gateway.networking.k8s.io'
  for (const kind of ['Referencegrant', 'ReferenceGrants', 'referencegrants'])
    for (const group of [own, 'networking.k8s.io']) assert.deepEqual(saidOf(group, kind), ['reference-policy kind'])
  for (const group of ['networking.k8s.io', 'gateway.networking.x-k8s.io', '', 'gateway.networking.k8s.oi'])
    assert.deepEqual(saidOf(group, 'ReferenceGrant'), ['reference-policy apiVersion'])
  for (const group of [own, 'example.com', 'reference.authorization.k8s.io'])
    assert.deepEqual(saidOf(group, 'ReferenceGrant'), [])
  const said = [...lintObject(coverage, { group: 'apps', kind: 'ReferenceGrant', namespace: 'a', name: 'b' }, {})]
  assert.match(said.map(findingSentence).join(), /: apiVersion is of group "apps", which has no ReferenceGrant, so/)
})
