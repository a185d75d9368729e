import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { editOf } from '../../src/policy/edit.ts'
import { parseGrant } from '../../src/policy/grant.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { judge } from '../../src/policy/judge.ts'
import { isOneOff } from '../../src/policy/likeness.ts'
import { MOST_ENTRIES } from '../../src/policy/names.ts'
import { NearMissSearch } from '../../src/policy/near-miss-search.ts'
import type { Reference } from '../../src/policy/reference.ts'
import { refusedField } from '../../src/policy/refused-grant.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { applyPatch } from '../harness/objects/json-patch.ts'
import { MISTAKES, type Mistake, mistaken, PAIRS } from '../harness/objects/mistakes.ts'
import { grant } from '../harness/objects/objects.ts'

const GROUP = 'gateway.networking.k8s.io'

const REFERENCE: Reference = {
  from: { group: GROUP, kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' },
  to: { group: '', kind: 'Service', namespace: 'billing', name: 'payments' },
  path: 'spec.rules[0].backendRefs[1]',
}

/** Grants that are meant for other references. */
const OTHERS = [
  grant({ name: 'a-warehouse', to: 'stock', from: { kind: 'GRPCRoute', namespace: 'warehouse' } }),
  grant({ name: 'b-gateways', to: 'wildcard', from: { kind: 'Gateway', namespace: 'infra' } }),
  grant({ name: 'c-market', to: 'cart', namespace: 'shop', from: { namespace: 'market' } }),
  grant({ name: 'd-elsewhere', to: 'tax', namespace: 'finance' }),
]

function candidateOf(object: ApiObject) {
  const { apiVersion, kind, metadata } = object
  const group = apiVersion.split('/')[0] ?? ''
  const name = { group, kind, namespace: metadata.namespace ?? '', name: metadata.name ?? '' }
  const own = group === GROUP && kind === 'ReferenceGrant'
  return { name, object, refused: own ? refusedField(object, REFERENCE_GRANT) : undefined }
}

const missesOf = (objects: readonly ApiObject[], reference = REFERENCE) =>
  new NearMissSearch(objects.map(candidateOf)).of(reference).misses

/** The fields of the first near miss, and what they must be. */
function firstOf(...mistakes: readonly Mistake[]) {
  const [first] = missesOf([...OTHERS, mistaken(...mistakes)])
  assert.equal(first?.candidate.name.name, 'allow-shop')
  return Object.fromEntries(first.differences.map(({ path, wanted }) => [path, wanted]))
}

suite('the nearest of several grants is the one with a mistake, and each field that differs is named', () => {
  for (const mistake of MISTAKES) test(mistake.title, () => assert.deepEqual(firstOf(mistake), mistake.differs))

  test('two mistakes in one grant', () => {
    assert.ok(PAIRS.length > 100)
    for (const [one, other] of PAIRS)
      assert.deepEqual(firstOf(one, other), { ...one.differs, ...other.differs }, `${one.title}; ${other.title}`)
  })
})

/** Whether the API server accepts a grant, and the grant permits the reference. */
const permits = (object: ApiObject) =>
  refusedField(object, REFERENCE_GRANT) === undefined &&
  judge([REFERENCE], lookupIn([parseGrant(object)].filter((one) => one !== undefined)))[0]?.permitted === true

test('an edit of the grant makes it permit the reference', () => {
  const ofSpec = [...MISTAKES.map((one) => [one]), ...PAIRS].filter((mistakes) =>
    mistakes.every(({ differs }) => Object.keys(differs).every((field) => field.startsWith('spec'))),
  )
  const edits = ofSpec.flatMap((mistakes) => {
    const object = mistaken(...mistakes)
    const [miss] = missesOf([object])
    const patch = miss && editOf(miss, REFERENCE)
    const titles = mistakes.map(({ title }) => title).join('; ')
    assert.ok(patch || !mistakes.every(({ stored }) => stored), `no edit: ${titles}`)
    if (patch) assert.ok(permits(applyPatch(object, patch)), titles)
    return patch ?? []
  })
  assert.ok(edits.length > 200)
})

suite('there is no edit if the API server would reject the grant even with it:', () => {
  const with16 = (half: object[]) => [
    ...Array.from({ length: MOST_ENTRIES - 1 }, (_, at) => ({ ...half[0], kind: `K${at}` })),
    ...half,
  ]
  const { spec } = mistaken() as ApiObject & { spec: { from: object[]; to: object[] } }
  const specs = {
    'an entry that lacks a part is for another kind': { to: [{ kind: 'Secret', name: 'payments' }] },
    'another entry is impossible': {
      from: [
        { ...spec.from[0], kind: 'GRPCRoute' },
        { ...spec.from[0], kind: '*', namespace: 'x' },
      ],
    },
    'there is no room for an entry': { to: with16([{ ...spec.to[0], name: 'ledger' }]) },
  }
  for (const [title, changed] of Object.entries(specs))
    test(title, () => {
      const [miss] = missesOf([{ ...mistaken(), spec: { ...spec, ...changed } }])
      assert.ok(miss)
      assert.equal(editOf(miss, REFERENCE), undefined)
    })
})

test('a misspelt half is named, with what differs in its entries, and has no edit', () => {
  const { spec } = mistaken() as ApiObject & { spec: { from: object[]; to: object[] } }
  const { from, to } = spec
  const missOf = (changed: object) => missesOf([{ ...mistaken(), spec: changed }])[0]
  const pathsOf = (changed: object) => missOf(changed)?.differences.map(({ path }) => path)
  for (const field of ['froms', 'form', 'From']) assert.deepEqual(pathsOf({ [field]: from, to }), [`spec.${field}`])
  assert.deepEqual(pathsOf({ from, tos: [{ ...to[0], group: 'core' }] }), ['spec.tos', 'spec.to[0].group'])
  assert.deepEqual(pathsOf({ from: [], froms: from, to }), ['spec.froms'])
  assert.deepEqual(pathsOf({ froms: [], to }), ['spec.from'])
  const miss = missOf({ froms: from, to })
  assert.ok(miss && editOf(miss, REFERENCE) === undefined)
})

suite('what is not an object is replaced:', () => {
  const { spec } = mistaken() as ApiObject & { spec: object }
  for (const [title, wrong] of Object.entries({ 'the spec': 'x', 'an entry': { ...spec, to: ['payments'] } }))
    test(title, () => {
      const object = { ...mistaken(), spec: wrong }
      const [miss] = missesOf([object])
      assert.ok(permits(applyPatch(object, (miss && editOf(miss, REFERENCE)) ?? [])))
    })
})

suite('an entry for another object stays, and what is misspelt is replaced:', () => {
  const patchOf = (title: string) => {
    const [miss] = missesOf([mistaken(...MISTAKES.filter((one) => one.title === title))])
    return miss && editOf(miss, REFERENCE)
  }
  const unchanged = (from: object, to: object) => [
    { op: 'test', path: '/spec/from', value: [{ group: GROUP, kind: 'HTTPRoute', namespace: 'shop', ...from }] },
    { op: 'test', path: '/spec/to', value: [{ group: '', kind: 'Service', name: 'payments', ...to }] },
  ]

  test('another kind', () =>
    assert.deepEqual(patchOf('from.kind is another one'), [
      ...unchanged({ kind: 'GRPCRoute' }, {}),
      { op: 'add', path: '/spec/from/-', value: { group: GROUP, kind: 'HTTPRoute', namespace: 'shop' } },
    ]))

  test('a misspelt name', () =>
    assert.deepEqual(patchOf('to.name is one letter off'), [
      ...unchanged({}, { name: 'payment' }),
      { op: 'replace', path: '/spec/to/0/name', value: 'payments' },
    ]))

  for (const title of ['from.group is another one', 'to.group is another one', 'to.group is a version of another one'])
    test(`a group that has no such kind: ${title}`, () => {
      const [half, value] = title.startsWith('from') ? ['from', GROUP] : ['to', '']
      assert.deepEqual(patchOf(title)?.slice(2), [{ op: 'replace', path: `/spec/${half}/0/group`, value }])
    })

  for (const title of [
    'from.namespace does not exist',
    'to.name has the domain of a Service',
    'to.kind is a short name',
  ])
    test(title, () =>
      assert.deepEqual(
        patchOf(title)?.map(({ op }) => op),
        ['test', 'test', 'replace'],
      ),
    )

  test('no edit makes the API server accept a name that no grant can have', () => {
    const impossible = { ...REFERENCE, to: { ...REFERENCE.to, name: 'a'.repeat(300) } }
    const [miss] = missesOf([grant({ name: 'one', to: 'ledger' })], impossible)
    assert.deepEqual([miss?.differences.length, miss && editOf(miss, impossible)], [1, undefined])
  })

  test('another namespace of the grant needs another object', () =>
    assert.equal(patchOf('it is in the namespace of the route'), undefined))
})

test('a grant that permits the reference is not a near miss, whatever else there is', () => {
  assert.deepEqual(
    missesOf([mistaken(), ...OTHERS]).map(({ candidate }) => candidate.name.name),
    [],
  )
})

test('a grant for another object in a third namespace is not a near miss, but one that names the target is', () => {
  const elsewhere = grant({ name: 'finance', to: 'payments', namespace: 'finance' })
  const every = { ...(elsewhere.spec as object), to: [{ group: '', kind: 'Service' }] }
  assert.equal(missesOf([elsewhere]).length, 1)
  assert.equal(missesOf([{ ...elsewhere, spec: every }]).length, 0)
})

test('the entry that is nearest counts, by its index as written', () => {
  const from = [null, { kind: 'HTTPRoute' }, { group: GROUP, kind: 'HTTPRoute', namespace: 'shpo' }]
  const to = [
    { group: '', kind: 'Secret', name: 'other' },
    { group: '', kind: 'Service' },
  ]
  const one = { ...mistaken(), spec: { from, to } }
  const fieldsOf = (refused?: string) => {
    const candidate = { ...candidateOf(one), refused }
    return new NearMissSearch([candidate]).of(REFERENCE).misses[0]?.differences.map(({ path }) => path)
  }
  assert.deepEqual(fieldsOf(), ['spec.from[2].namespace'])
  assert.deepEqual(fieldsOf('spec.from[1].group'), ['spec.from[2].namespace', 'spec.from[1].group'])
  assert.deepEqual(fieldsOf('spec.from[2].namespace'), ['spec.from[2].namespace'])
})

test('the nearest comes first: what is misspelt, then another kind, then another namespace or name', () => {
  const titles = ['to.name is another one', 'from.kind is another one', 'to.group is core', 'from.group is another one']
  const grants = titles.map((title, at) => {
    const object = mistaken(...MISTAKES.filter((one) => one.title === title))
    return { ...object, metadata: { ...object.metadata, name: `g${at}` } }
  })
  assert.deepEqual(
    missesOf(grants).map(({ candidate }) => titles[Number(candidate.name.name?.slice(1))]),
    ['to.group is core', 'from.group is another one', 'from.kind is another one', 'to.name is another one'],
  )
})

test('a ReferenceGrant does not permit a reference that needs the grant of another project, whose version is written', () => {
  const kind = { group: 'grants.example.com', kind: 'AccessGrant', plural: 'accessgrants' }
  const [miss] = missesOf([mistaken()], { ...REFERENCE, grantKinds: [kind] })
  assert.deepEqual(
    miss?.differences.map(({ path, wanted }) => [path, wanted]),
    [
      ['apiVersion', 'grants.example.com/v1'],
      ['kind', 'AccessGrant'],
    ],
  )
})

test('the nearest are kept, and the others counted', () => {
  const many = Array.from({ length: 20 }, (_, at) =>
    grant({ name: `g${at}`, to: 'payments', from: { kind: 'GRPCRoute' } }),
  )
  const { misses, more } = new NearMissSearch(many.map(candidateOf)).of(REFERENCE)
  assert.deepEqual([misses.length, more], [16, 4])
})

test('the work is bounded, and what was not compared is told', () => {
  const entries = Array.from({ length: 1_000 }, (_, at) => ({ group: GROUP, kind: 'HTTPRoute', namespace: `a${at}` }))
  const large = { ...mistaken(), spec: { from: entries, to: entries } }
  const search = new NearMissSearch([candidateOf(large), candidateOf(mistaken())], undefined, 500)
  assert.deepEqual([search.of(REFERENCE).complete, search.of(REFERENCE).misses], [false, []])
})

test('a text is one letter off if one character is added, left out or replaced, or two neighbours are swapped', () => {
  for (const other of ['paymentss', 'xpayments', 'payment', 'ayments', 'pavments', 'apyments', 'paymenst', 'paymetns'])
    assert.ok(isOneOff('payments', other), other)
  for (const other of ['payments', 'payment-', 'pay', 'stnemyap', 'payments-v2', 'yapments'])
    assert.equal(isOneOff('payments', other), other === 'payment-', other)
  assert.deepEqual(
    [isOneOff('', 'a'), isOneOff('aa', 'a'), isOneOff('ab', 'ba'), isOneOff('', '')],
    [true, true, true, false],
  )
})

suite('from and to that are swapped are named, and the edit writes both:', () => {
  const target = { group: '', kind: 'Service' }
  const referrer = { group: GROUP, kind: 'HTTPRoute' }
  const specs: Record<string, { from: object[]; to: object[] }> = {
    'each with what its fields can hold': { from: [{ ...target, namespace: 'billing' }], to: [referrer] },
    'with the name of the route': {
      from: [{ ...target, namespace: 'billing' }],
      to: [{ ...referrer, name: 'checkout' }],
    },
    'with the namespace of the route': { from: [{ ...target, namespace: 'shop' }], to: [referrer] },
    'as whole entries, which the API server rejects': {
      from: [{ ...target, name: 'payments' }],
      to: [{ ...referrer, namespace: 'shop' }],
    },
    'with a slip': { from: [{ ...target, group: 'core', namespace: 'billing' }], to: [referrer] },
  }
  const swappedIn = (namespace: string, spec: object) => ({
    ...mistaken(),
    metadata: { name: 'swapped', namespace },
    spec,
  })
  const told = (object: ApiObject, reference = REFERENCE) =>
    missesOf([...OTHERS, object], reference)
      .filter(({ candidate }) => candidate.name.name === 'swapped')[0]
      ?.differences.map(({ path, how }) => `${path} ${how}`)
  const both = ['spec.from[0] swapped', 'spec.to[0] swapped']

  for (const [title, spec] of Object.entries(specs)) {
    test(title, () => {
      const object = swappedIn('billing', spec)
      assert.deepEqual(told(object), both)
      const [miss] = missesOf([...OTHERS, object])
      assert.equal(miss?.candidate.name.name, 'swapped')
      const patch = editOf(miss, REFERENCE)
      assert.ok(patch)
      const edited = applyPatch(object, patch) as ApiObject & { spec: unknown }
      assert.ok(permits(edited))
      assert.deepEqual(edited.spec, (mistaken() as ApiObject & { spec: unknown }).spec)
    })

    test(`${title}, in the namespace of the route`, () => {
      const object = swappedIn('shop', spec)
      assert.deepEqual(told(object), ['metadata.namespace other', ...both])
      const nearest = new NearMissSearch([candidateOf(object)]).nearest(REFERENCE)
      assert.ok(nearest && editOf(nearest, REFERENCE) === undefined)
    })
  }

  const [ofFields] = Object.values(specs)
  test('not in a third namespace, and not for another target or referrer', () => {
    assert.equal(told(swappedIn('finance', { ...ofFields })), undefined)
    const others = [
      { from: [{ ...target, namespace: 'finance' }], to: [referrer] },
      { from: [{ ...target, name: 'ledger', namespace: 'billing' }], to: [referrer] },
      { from: [{ ...target, namespace: 'billing' }], to: [{ ...referrer, namespace: 'market' }] },
      { from: [{ ...target, namespace: 'billing' }], to: [{ ...referrer, kind: 'Gateway' }] },
      { from: [{ group: '', namespace: 'billing' }], to: [referrer] },
    ]
    for (const spec of others) assert.equal(told(swappedIn('billing', spec)), undefined, JSON.stringify(spec))
  })

  test('an entry that another entry may need as it is stays', () => {
    const others = { from: { ...referrer, kind: 'Gateway', namespace: 'infra' }, to: { ...target, name: 'rates' } }
    for (const half of ['from', 'to'] as const) {
      const written = { from: [...(ofFields?.from ?? [])], to: [...(ofFields?.to ?? [])] }
      written[half].push(others[half])
      const object = swappedIn('billing', written)
      const [miss] = missesOf([object])
      const edited = applyPatch(object, (miss && editOf(miss, REFERENCE)) ?? []) as typeof object & {
        spec: typeof written
      }
      assert.ok(permits(edited))
      assert.deepEqual([edited.spec.from.length, edited.spec.to.length], [2, 2])
    }
  })

  test('not if one half is right, or both kinds are the same', () => {
    const { spec } = mistaken() as ApiObject & { spec: { from: object[] } }
    const from = [{ ...target, namespace: 'billing' }, ...spec.from]
    assert.deepEqual(told(swappedIn('billing', { from, to: [referrer] })), [
      'spec.to[0].group other',
      'spec.to[0].kind other',
    ])
    const toRoute = { ...REFERENCE, to: { ...REFERENCE.to, group: GROUP, kind: 'HTTPRoute' } }
    const routes = { from: [{ ...referrer, namespace: 'billing' }], to: [referrer] }
    assert.deepEqual(told(swappedIn('billing', routes), toRoute), ['spec.from[0].namespace other'])
  })

  test('what is nearer comes first', () => {
    const nearer = mistaken(...MISTAKES.filter(({ title }) => title === 'to.group is core'))
    const farther = mistaken(...MISTAKES.filter(({ title }) => title === 'to.name is another one'))
    const named = [
      { ...farther, metadata: { ...farther.metadata, name: 'farther' } },
      swappedIn('billing', { ...ofFields }),
      nearer,
    ]
    assert.deepEqual(
      missesOf(named).map(({ candidate }) => candidate.name.name),
      ['allow-shop', 'swapped', 'farther'],
    )
  })
})

test('an entry of from that names the target instead of the referrer is one mistake, beside a namespace another', () => {
  const { spec } = mistaken() as ApiObject & { spec: object }
  const told = (namespace: string) => {
    const object = { ...mistaken(), spec: { ...spec, from: [{ group: '', kind: 'Service', namespace }] } }
    const miss = new NearMissSearch([candidateOf(object)]).nearest(REFERENCE)
    assert.ok(miss && permits(applyPatch(object, editOf(miss, REFERENCE) ?? [])))
    return miss.differences.map(({ path }) => path.replace('spec.from[0].', ''))
  }
  assert.deepEqual(told('shop'), ['group', 'kind'])
  assert.deepEqual(told('billing'), ['group', 'kind', 'namespace'])
})
