import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type GuardedField, guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { extract } from '../../src/policy/extract.ts'
import { crosses } from '../../src/policy/judge.ts'
import type { Reference } from '../../src/policy/reference.ts'
import { holding, placeOf, stepsOf } from './holding.ts'

const standard = new Coverage(guardedFields)
const nameOf = ({ group, kind }: GuardedField['from']) => ({ group, kind, namespace: 'shop', name: 'checkout' })

/** A reference into another namespace with every part written. */
const GOOD = { group: 'g', kind: 'Kind', namespace: 'billing', name: 'payments' }

/** Values in place of a list, an object or a reference. None of them names another namespace. */
const ODD: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1.5,
  '',
  'text',
  [],
  {},
  [[]],
  [null],
  [[GOOD]],
  { 0: GOOD, length: 1 },
  JSON.parse('{ "__proto__": { "namespace": "billing", "name": "payments" } }'),
  JSON.parse('{ "constructor": { "prototype": { "namespace": "billing" } }, "hasOwnProperty": 1 }'),
  JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)),
  JSON.parse(`${'{"spec":'.repeat(20_000)}null${'}'.repeat(20_000)}`),
]

suite('every field of the catalogue', () => {
  for (const field of guardedFields) {
    const { from, path, to } = field
    const steps = stepsOf(path)
    const find = (object: unknown) => extract(new Coverage([field]), nameOf(from), object)
    const title = `${from.kind} ${path}`

    test(`${title} yields its reference, beside other fields and any other elements of its lists`, () => {
      const expected: Reference = { from: nameOf(from), to: GOOD, path: placeOf(path, ODD) }
      assert.deepEqual(find(holding(steps, GOOD, ODD)).filter(crosses), [expected])
      assert.deepEqual(extract(standard, nameOf(from), holding(steps, GOOD, ODD)).filter(crosses), [expected])
    })

    test(`${title} yields no reference to another namespace if a part of the path has another type`, () => {
      for (let length = 0; length <= steps.length; length += 1) {
        for (const odd of ODD) assert.deepEqual(find(holding(steps.slice(0, length), odd)).filter(crosses), [])
      }
    })

    test(`${title} yields its valid references beside those with a part of any type`, () => {
      for (const part of ['group', 'kind', 'namespace', 'name'] as const) {
        const absent = { group: to?.group ?? '', kind: to?.kind ?? '', namespace: 'shop', name: '' }[part]
        const meanings: [written: unknown, meant: string][] = [
          [undefined, absent],
          [null, absent],
          ['other', 'other'],
          ['', part === 'namespace' ? 'shop' : ''],
          [' ', ' '],
          ['__proto__', '__proto__'],
          ...[true, 0, 7, [], ['other'], {}, { name: 'other' }].map((odd): [unknown, string] => [odd, '<not text>']),
        ]
        for (const [written, meant] of meanings) {
          const odd = { ...GOOD, [part]: written }
          assert.deepEqual(find(holding(steps, odd)), [
            { from: nameOf(from), to: { ...GOOD, [part]: meant }, path: placeOf(path) },
          ])
        }
        if (!path.includes('[]')) continue
        const around = meanings.map(([written]) => ({ ...GOOD, [part]: written }))
        const all = find(holding(steps, GOOD, around))
        assert.ok(all.some((one) => one.path === placeOf(path, around) && crosses(one) && one.to.name === GOOD.name))
      }
    })

    test(`${title} is not found in objects of other kinds`, () => {
      const held = holding(steps, GOOD)
      assert.equal(find(held).length, 1)
      const other = (change: object) => extract(standard, { ...nameOf(from), ...change }, held)
      assert.deepEqual(
        [other({ kind: 'Other' }), other({ kind: from.kind.toLowerCase() }), other({ group: 'other.example.com' })],
        [[], [], []],
      )
    })
  }
})

suite('inherited properties are ignored:', () => {
  const from = { group: 'example.com', kind: 'Own', plural: 'owns' }
  const rows = (...paths: string[]) => new Coverage(paths.map((path) => ({ from, path })))

  test('steps of a path', () => {
    assert.deepEqual(extract(rows('spec.__proto__', '__proto__'), nameOf(from), { spec: {} }), [])
    assert.deepEqual(extract(rows('spec.ref'), nameOf(from), { spec: Object.create({ ref: GOOD }) }), [])
  })

  test('parts of a reference', () => {
    const [reference] = extract(rows('spec.ref'), nameOf(from), { spec: { ref: Object.create(GOOD) } })
    assert.deepEqual(reference?.to, { group: '', kind: '', namespace: 'shop', name: '' })
  })

  test('but a property called __proto__ in the object itself is read', () => {
    const object = JSON.parse('{ "spec": { "__proto__": { "kind": "Kind", "name": "x", "namespace": "billing" } } }')
    assert.deepEqual(
      extract(rows('spec.__proto__'), nameOf(from), object).map(({ to }) => to.namespace),
      ['billing'],
    )
  })
})

suite('a row of the configuration', () => {
  const from = { group: '', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims' }
  const claims = (row: Partial<GuardedField> = {}) =>
    new Coverage([{ from, path: 'spec.dataSourceRef', groupField: 'apiGroup', ...row }])
  const find = (spec: unknown, row?: Partial<GuardedField>) => {
    const misfits: string[] = []
    const misfit = ({ path }: { path: string }) => misfits.push(path)
    const references = extract(claims(row), nameOf(from), { spec }, { misfit })
    return { targets: references.map(({ to }) => to), misfits }
  }
  const source = { kind: 'VolumeSnapshot', name: 'nightly', namespace: 'billing' }

  test('names the field that holds the group', () => {
    const dataSourceRef = { ...source, apiGroup: 'snapshot.storage.k8s.io', group: 'other' }
    assert.deepEqual(find({ dataSourceRef }).targets, [{ ...source, group: 'snapshot.storage.k8s.io' }])
  })

  test('gives an absent or null group its own default, or the core group', () => {
    const to = { group: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot' }
    for (const dataSourceRef of [source, { ...source, apiGroup: null }]) {
      assert.deepEqual(find({ dataSourceRef }).targets, [{ ...source, group: '' }])
      assert.deepEqual(find({ dataSourceRef }, { to }).targets, [{ ...source, group: to.group }])
    }
  })

  test('gives an absent, null or empty kind its own default', () => {
    const to = { group: '', kind: 'PersistentVolumeClaim' }
    for (const kind of [undefined, null, '']) {
      const { targets, misfits } = find({ dataSourceRef: { ...source, kind } }, { to })
      assert.deepEqual([targets, misfits], [[{ ...source, ...to }], []])
    }
  })

  const wrong: [title: string, spec: unknown][] = [
    ['text in place of the object', { dataSourceRef: 'nightly' }],
    ['a list in place of the object', { dataSourceRef: [source] }],
    ['text in place of a step', 'nightly'],
    ['a namespace that is not a string', { dataSourceRef: { ...source, namespace: { from: 'All' } } }],
    ['a name that is not a string', { dataSourceRef: { ...source, name: 7 } }],
    ['a group that is not a string', { dataSourceRef: { ...source, apiGroup: [] } }],
    ['no kind', { dataSourceRef: { ...source, kind: undefined } }],
    ['an empty kind', { dataSourceRef: { ...source, kind: '' } }],
    ['no name', { dataSourceRef: { ...source, name: null } }],
  ]
  for (const [title, spec] of wrong)
    test(`yields no reference and reports a misfit for ${title}`, () =>
      assert.deepEqual(find(spec), { targets: [], misfits: ['spec.dataSourceRef'] }))

  for (const spec of [undefined, null, {}, { dataSourceRef: null }, { dataSourceRef: {} }])
    test(`reports no misfit for ${JSON.stringify(spec)}`, () => assert.deepEqual(find(spec).misfits, []))

  test('reports no misfit for a reference within the namespace', () => {
    const { targets, misfits } = find({ dataSourceRef: { name: 7, namespace: 'shop' } })
    assert.deepEqual([targets.length, misfits], [1, []])
  })
})

test('rows of the configuration that share steps report their misfits one by one', () => {
  const from = { group: 'example.com', kind: 'Own', plural: 'owns' }
  const paths = ['spec.refs[]', 'spec.refs.one', 'spec.refs[].inner.ref', 'spec.other']
  const coverage = new Coverage(paths.map((path) => ({ from, path })))
  const find = (spec: unknown) => {
    const misfits = new Set<string>()
    const misfit = ({ path }: { path: string }) => misfits.add(path)
    const references = extract(coverage, nameOf(from), { spec }, { misfit })
    return [references.map(({ path }) => path), [...misfits].toSorted()]
  }
  assert.deepEqual(find({ refs: [GOOD, { ...GOOD, inner: { ref: GOOD } }], other: GOOD }), [
    ['spec.refs[0]', 'spec.refs[1]', 'spec.refs[1].inner.ref', 'spec.other'],
    ['spec.refs.one'],
  ])
  assert.deepEqual(find({ refs: { one: GOOD } }), [['spec.refs.one'], ['spec.refs[]', 'spec.refs[].inner.ref']])
  assert.deepEqual(find({ refs: [{ ...GOOD, inner: 'text' }] }), [
    ['spec.refs[0]'],
    ['spec.refs.one', 'spec.refs[].inner.ref'],
  ])
  assert.deepEqual(find('text'), [[], paths.toSorted()])
})

test('references are in catalogue order, and those of one field in document order', () => {
  const ref = (name: string) => ({ name, namespace: 'billing' })
  const mirror = (name: string) => [{ requestMirror: { backendRef: ref(name) } }]
  const rule = (number: number) => ({
    filters: mirror(`rule-mirror-${number}`),
    backendRefs: [ref(`a${number}`), { ...ref(`b${number}`), filters: mirror(`backend-mirror-${number}`) }],
  })
  const from = { group: 'gateway.networking.k8s.io', kind: 'GRPCRoute', namespace: 'shop', name: 'checkout' }
  assert.deepEqual(
    extract(standard, from, { spec: { rules: [rule(0), rule(1)] } }).map(({ path, to }) => [path, to.name]),
    [
      ['spec.rules[0].backendRefs[0]', 'a0'],
      ['spec.rules[0].backendRefs[1]', 'b0'],
      ['spec.rules[1].backendRefs[0]', 'a1'],
      ['spec.rules[1].backendRefs[1]', 'b1'],
      ['spec.rules[0].backendRefs[1].filters[0].requestMirror.backendRef', 'backend-mirror-0'],
      ['spec.rules[1].backendRefs[1].filters[0].requestMirror.backendRef', 'backend-mirror-1'],
      ['spec.rules[0].filters[0].requestMirror.backendRef', 'rule-mirror-0'],
      ['spec.rules[1].filters[0].requestMirror.backendRef', 'rule-mirror-1'],
    ],
  )
})

test('in any JSON object, each reference is at the place that its path names', () => {
  const kinds = standard.referrers()
  const names = [
    'spec',
    'rules',
    'listeners',
    'tls',
    'backendRefs',
    'certificateRefs',
    'namespace',
    'name',
    '__proto__',
  ]
  const key = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, fc.string())
  const { value } = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map(Object.fromEntries),
    value: fc.oneof({ maxDepth: 8, withCrossShrink: true }, tie('leaf'), tie('list'), tie('object')),
  }))
  const at = (object: unknown, path: string) =>
    (path.match(/[^.[\]]+/g) ?? []).reduce((held, step) => (held as Record<string, unknown>)[step], object)
  const wrapped = fc.tuple(value, fc.constantFrom(...guardedFields), fc.nat({ max: 12 }))
  let found = 0
  fc.assert(
    fc.property(wrapped, fc.constantFrom(...kinds), ([odd, { path }, length], kind) => {
      const object = holding(stepsOf(path).slice(0, length), odd)
      for (const reference of extract(standard, nameOf(kind), object)) {
        found += 1
        const held = at(object, reference.path) as Record<string, unknown>
        assert.ok(typeof held === 'object' && held !== null && !Array.isArray(held))
        if (typeof held.name === 'string') assert.equal(reference.to.name, held.name)
        assert.ok(Object.values(reference.to).every((part) => typeof part === 'string'))
      }
    }),
    { numRuns: 3_000, seed: 1 },
  )
  assert.ok(found > 100, `only ${found} references were found`)
})
