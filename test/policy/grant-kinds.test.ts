import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type GuardedField, guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { crossingReferences } from '../../src/policy/crossing.ts'
import { grantObject, parseGrant } from '../../src/policy/grant.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { type GrantKind, kindOf, REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { judge } from '../../src/policy/judge.ts'
import { lintGrant } from '../../src/policy/lint.ts'
import { missingGrants } from '../../src/policy/missing-grant.ts'
import { survey } from '../../src/policy/survey.ts'
import { refusalText, violationLines } from '../../src/wording/refusal.ts'

const GROUP = 'example.com'
const permit: GrantKind = { group: GROUP, kind: 'Permit', plural: 'permits', version: 'v1alpha1', coreGroup: 'core' }
const allowance: GrantKind = { group: GROUP, kind: 'Allowance', plural: 'allowances', fromGroup: GROUP }
const moved: GrantKind = { group: 'authorization.k8s.io', kind: 'ReferenceGrant', plural: 'referencegrants' }

const secret = { group: '', kind: 'Secret' }
const shield = { group: GROUP, kind: 'Shield', plural: 'shields' }
const rows: GuardedField[] = [
  { from: shield, path: 'spec.usual', to: secret },
  { from: shield, path: 'spec.permitted', to: secret, grantKind: permit },
  { from: shield, path: 'spec.allowed', to: secret, grantKind: allowance },
]
const grantKinds = [REFERENCE_GRANT, permit, allowance, moved]
const coverage = new Coverage([...guardedFields, ...rows], { meshRoutes: true, targets: [] }, grantKinds)

const name = { group: GROUP, kind: 'Shield', namespace: 'shop', name: 'front' }
const ref = { name: 'key', namespace: 'billing' }
const { references } = crossingReferences(coverage, name, { spec: { usual: ref, permitted: ref, allowed: ref } })

/** A grant of a kind as an object, in the form that its author writes. */
const written = ({ group, kind, coreGroup = '', fromGroup }: GrantKind) => ({
  apiVersion: `${group}/v1`,
  kind,
  metadata: { name: 'x', namespace: 'billing' },
  spec: {
    from: [{ ...(fromGroup === undefined && { group: GROUP }), kind: 'Shield', namespace: 'shop' }],
    to: [{ group: coreGroup, kind: 'Secret' }],
  },
})
const parsed = (kind: GrantKind) => {
  const grant = parseGrant(written(kind), kind)
  assert.ok(grant)
  return grant
}

suite('a grant permits references only in the rows of its kind', () => {
  const expected: [GrantKind, paths: string[]][] = [
    [REFERENCE_GRANT, ['spec.usual']],
    // No row names it, so it counts where no kind is named.
    [moved, ['spec.usual']],
    [permit, ['spec.permitted']],
    [allowance, ['spec.allowed']],
  ]
  for (const [kind, paths] of expected)
    test(`${kind.kind} of ${kind.group}`, () => {
      const permitted = judge(references, lookupIn([parsed(kind)])).filter((verdict) => verdict.permitted)
      assert.deepEqual(
        permitted.map(({ reference }) => reference.path),
        paths,
      )
      const { references: surveyed } = survey(
        coverage,
        [{ name, object: { spec: { usual: ref, permitted: ref, allowed: ref } } }],
        [parsed(kind)],
      )
      assert.deepEqual(
        surveyed.filter(({ grants }) => grants.length > 0).map(({ reference }) => reference.path),
        paths,
      )
    })

  test('if no row names a kind, grants of every kind count', () => {
    const plain = new Coverage([{ ...rows[0], from: shield, path: 'spec.usual' }], undefined, grantKinds)
    const [reference] = crossingReferences(plain, name, { spec: { usual: { ...ref, kind: 'Secret' } } }).references
    assert.deepEqual(reference?.grantKinds, grantKinds)
    assert.equal(judge([reference as never], lookupIn([parsed(permit)]))[0]?.permitted, true)
  })
})

test('a kind that counts for no row is left out', () => {
  const kinds = (fields: readonly GuardedField[]) => new Coverage(fields, undefined, grantKinds).grantKinds
  assert.deepEqual(kinds(rows.slice(1)), [permit, allowance])
  assert.deepEqual(kinds(rows), grantKinds)
  assert.deepEqual(kinds([]), [])
})

suite('the entries of a grant', () => {
  test('may use another name of the core group, if their kind defines it', () => {
    assert.deepEqual(parsed(permit).to, [{ group: '', kind: 'Secret' }])
    assert.deepEqual(parseGrant(written({ ...REFERENCE_GRANT, coreGroup: 'core' }))?.to, [
      { group: 'core', kind: 'Secret' },
    ])
  })

  test('may lack a group in from, if their kind has a default', () => {
    assert.deepEqual(parsed(allowance).from, [{ group: GROUP, kind: 'Shield', namespace: 'shop' }])
    assert.deepEqual(parseGrant(written(allowance), moved)?.from, [])
  })
})

suite('a refusal', () => {
  test('names the kind of the missing grant for each reference', () => {
    const lines = refusalText({ refused: references, unjudged: 0, confirmed: true }).split('\n')
    assert.match(
      lines[0] ?? '',
      /spec\.usual refers to Secret "key" in namespace "billing", which no ReferenceGrant permits\.$/,
    )
    assert.match(lines[1] ?? '', /spec\.permitted refers .* which no Permit permits\.$/)
    assert.match(lines[2] ?? '', /spec\.allowed refers .* which no Allowance permits\.$/)
    assert.deepEqual(
      lines.filter((line) => line.startsWith('Needed')).map((line) => /: (an? \w+) from/.exec(line)?.[1]),
      ['a ReferenceGrant', 'a Permit', 'an Allowance'],
    )
  })

  test('as a warning names the kind in lines that fit', () => {
    const [, permitted] = references
    assert.ok(permitted)
    const [line, needed] = violationLines(permitted, false, 256)
    assert.match(line, /which no Permit permits\.$/)
    assert.match(needed, /: a Permit from Shield \(example\.com\)/)
    const kind = { ...permit, kind: 'K'.repeat(400) }
    for (const line of violationLines({ ...permitted, grantKinds: [kind] }, true, 256))
      assert.ok([...line].length <= 256)
  })
})

test('missing grants have the kind that counts, and its form', () => {
  const missing = missingGrants(references)
  const objects = missing.map((grant) => grantObject(grant, kindOf(grant, grantKinds)))
  assert.deepEqual(
    objects.map(({ apiVersion, kind }) => [apiVersion, kind]),
    [
      ['gateway.networking.k8s.io/v1beta1', 'ReferenceGrant'],
      ['example.com/v1alpha1', 'Permit'],
      ['example.com/v1', 'Allowance'],
    ],
  )
  assert.deepEqual(
    objects.map(({ spec }) => [spec.from, spec.to]),
    [
      [[{ group: GROUP, kind: 'Shield', namespace: 'shop' }], [{ group: '', kind: 'Secret', name: 'key' }]],
      [[{ group: GROUP, kind: 'Shield', namespace: 'shop' }], [{ group: 'core', kind: 'Secret', name: 'key' }]],
      [[{ kind: 'Shield', namespace: 'shop' }], [{ group: '', kind: 'Secret', name: 'key' }]],
    ],
  )
  const again = objects.map((object, at) => parseGrant(object, kindOf(missing[at] as never, grantKinds)))
  assert.deepEqual(again, missing)
  assert.ok(judge(references, lookupIn(missing)).every(({ permitted }) => permitted))
})

suite('the linter', () => {
  const codes = (object: unknown, kind: GrantKind) =>
    lintGrant(object, 'billing', coverage, 10, kind).findings.map(({ code, path }) => `${path} ${code}`)

  test('reports for the entries of another kind only that they name no object', () => {
    for (const kind of grantKinds) assert.deepEqual(codes(written(kind), kind), ['spec.to[0].name grant-every-name'])
  })

  test('reports the other name of the core group in a grant of a kind that does not define it', () => {
    assert.ok(codes(written(permit), moved).includes('spec.to[0].group grant-core-group'))
  })

  test('reports a referrer whose fields need grants of other kinds', () => {
    const route = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }
    const grant = { ...written(permit), spec: { from: [route], to: [{ group: 'core', kind: 'Secret', name: 'key' }] } }
    assert.deepEqual(codes(grant, permit), ['spec.from[0].kind grant-unknown-referrer'])
  })
})
