import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { answerWithAdvice } from '../../src/admission/answer.ts'
import type { Decided } from '../../src/admission/decision.ts'
import { LONGEST, warningsOf } from '../../src/admission/warnings.ts'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { lintGrant } from '../../src/policy/lint.ts'
import type { ObjectName, Reference } from '../../src/policy/reference.ts'
import { defaultSettings } from '../harness/stand-ins/settings.ts'

const GROUP = 'gateway.networking.k8s.io'
const checkout = { group: GROUP, kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' }

function reference(index: number, to: Partial<ObjectName> = {}, from: ObjectName = checkout): Reference {
  const target = { group: '', kind: 'Service', namespace: 'billing', name: `s${index}`, ...to }
  return { from, to: target, path: `spec.rules[0].backendRefs[${index}]` }
}
const references = (count: number) => Array.from({ length: count }, (_, index) => reference(index))
const refused = (all: readonly Reference[], change: { unjudged?: number; confirmed?: boolean } = {}) =>
  warningsOf({ outcome: 'refused', refused: all, unjudged: 0, confirmed: true, ...change })
const existing = (all: readonly Reference[]) => warningsOf({ outcome: 'permitted', grants: [], existing: all })

const line = (index: number, target = `s${index}`) =>
  `HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[${index}] refers to Service "${target}" in namespace "billing", which no ReferenceGrant permits.`
const needed = (target: string) =>
  `Needed in namespace "billing": a ReferenceGrant from HTTPRoute (gateway.networking.k8s.io) in namespace "shop" to Service "${target}".`
const rest = (count: string, unjudged = '') =>
  `HTTPRoute "checkout" in namespace "shop": and ${count} to other namespaces that no grant permits${unjudged}. To see all: refgrant explain -f FILE --live`
const UNJUDGED = ' or that were not judged'

suite('warnings of violations', () => {
  test('say what would be refused, and which grant is needed', () => {
    assert.deepEqual(refused([reference(0), reference(1)]), [line(0), needed('s0'), line(1), needed('s1')])
  })

  test('say which violation is kept', () => {
    assert.deepEqual(existing([reference(3)]), [
      line(3).replace(
        'no ReferenceGrant permits.',
        'no cached ReferenceGrant permits; the stored object has this reference.',
      ),
      needed('s3'),
    ])
  })

  test('name a missing grant once, and list distinct targets first', () => {
    const all = [reference(0), reference(1, { name: 's0' }), reference(2)]
    assert.deepEqual(refused(all), [line(0), needed('s0'), line(2), needed('s2'), line(1, 's0')])
  })

  test('count the references that were not judged', () => {
    assert.deepEqual(refused([reference(0)], { unjudged: 1 }), [
      line(0),
      needed('s0'),
      rest('1 more reference', UNJUDGED),
    ])
  })

  test('say that a refusal is unconfirmed, if the budget is spent', () => {
    const said = refused([reference(0)], { confirmed: false })
    assert.deepEqual(said.slice(0, 2), [line(0), needed('s0')])
    assert.match(said[2] ?? '', /^The budget of fresh reads is exhausted/)
    assert.equal(said.length, 3)
  })

  test('spell out eight violations, and count the others', () => {
    assert.equal(refused(references(8)).length, 16)
    assert.deepEqual(refused(references(9)), [...refused(references(8)), rest('1 more reference')])
    assert.equal(existing(references(10_000)).at(-1), rest('9992 more references'))
  })

  test('spell out fewer if eight do not fit', () => {
    const all = Array.from({ length: 9 }, (_, index) => reference(index, { name: `${index}${'n'.repeat(252)}` }))
    const said = refused(all, { confirmed: false, unjudged: 5 })
    assert.equal(said.filter((text) => text.includes(' refers to ')).length, 7)
    assert.equal(said.at(-2), rest('7 more references', UNJUDGED))
  })

  test('differ for two objects with the same violation', () => {
    const [one] = refused([reference(0)])
    const [other] = refused([reference(0, {}, { ...checkout, name: 'returns' })])
    assert.notEqual(one, other)
  })

  test('shorten a text that is too long in the middle', () => {
    const name = `${'a'.repeat(126)}x${'z'.repeat(126)}`
    const [first = ''] = refused([reference(0, { name })])
    assert.match(first, /refers to Service "a{20,}…[0-9a-z]{7}…z{20,}" in namespace "billing", which no /)
    assert.equal([...first].length, LONGEST.one)
  })
})

suite('warnings of a grant', () => {
  const grant = { group: GROUP, kind: 'ReferenceGrant', namespace: 'billing', name: 'shop' }
  const findings = (count: number) =>
    lintGrant({ spec: { from: [], to: Array(count).fill({}) } }, '', defaultSettings.coverage, 8).findings

  test('begin with the grant and the field', () => {
    const spec = {
      from: [{ group: GROUP, kind: 'HTTPRoute', namespace: 'shop' }],
      to: [{ group: 'core', kind: 'Service' }],
    }
    const review = {
      uid: '7',
      kind: { group: GROUP, version: 'v1', kind: 'ReferenceGrant' },
      namespace: 'billing',
      operation: 'CREATE',
      userInfo: {},
      object: { metadata: { name: 'shop' }, spec },
    } as const
    assert.deepEqual(answerWithAdvice({ request: review }, defaultSettings).response?.response.warnings, [
      'ReferenceGrant "shop" in namespace "billing": spec.to[0].group is "core", which is not an alias: the core group is ""',
    ])
  })

  test('are eight, and the others are counted', () => {
    const said = warningsOf({ outcome: 'advised', grant, findings: findings(1_000), count: 2_001 })
    assert.equal(said.length, 9)
    assert.equal(
      said[8],
      'ReferenceGrant "shop" in namespace "billing": and 1993 more findings. To see all: refgrant check FILE',
    )
  })
})

// Similar names, of any length, with any characters.
const character = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom('a', '"', '\n', '\ud83d', '😀', '\u202e'),
)
const text = fc.oneof(
  fc.string({ unit: character, maxLength: 400 }),
  fc
    .tuple(fc.constantFrom('a', '\u0007', '😀', '"'), fc.nat(400), character, fc.nat(400))
    .map(([filling, before, different, after]) => `${filling.repeat(before)}${different}${filling.repeat(after)}`),
)
const objectName = fc.record({ group: text, kind: text, namespace: text, name: text })
const path = fc
  .tuple(fc.constantFrom(...guardedFields.map((field) => field.path), `spec.${'x'.repeat(300)}[]`), fc.nat(20_000))
  .map(([field, index]) => field.replaceAll('[]', `[${index}]`))
const violations = fc
  .tuple(objectName, fc.array(fc.tuple(objectName, path), { minLength: 1, maxLength: 12 }))
  .map(([from, all]) => all.map(([to, path]): Reference => ({ from, to, path })))

/** Checks what every warning has to be, so that the API server does not change or drop any. */
function holdTo(warnings: readonly string[], title: string): void {
  const lengths = warnings.map((warning) => [...warning].length)
  assert.ok(lengths.length > 0 && lengths.every((length) => length > 0 && length <= 256), `${title}: ${lengths}`)
  assert.ok(lengths.reduce((sum, length) => sum + length, 0) <= 4_096, `${title}: ${lengths}`)
  assert.equal(new Set(warnings).size, warnings.length, title)
  for (const warning of warnings) {
    // The API server silently drops a warning with a control character; a lone surrogate is not valid UTF-8.
    assert.doesNotMatch(warning, /[\p{C}\p{Zl}\p{Zp}]/u)
    assert.match(
      warning,
      /(permits(; the stored object has this reference)?\.|["\w…)]\.|apply again\.|To see all: refgrant (check FILE|explain -f FILE --live))$/,
    )
  }
}

suite('warnings fit the limits of the API server, with names of any kind:', () => {
  test('violations: distinct ones begin with distinct lines', () => {
    let shortened = 0
    const property = fc.property(violations, fc.nat(10_000), fc.boolean(), (all, unjudged, confirmed) => {
      const decisions: Decided[] = [
        { outcome: 'refused', refused: all, unjudged, confirmed },
        { outcome: 'permitted', grants: [], existing: all },
      ]
      for (const decision of decisions) {
        const said = warningsOf(decision)
        holdTo(said, decision.outcome)
        shortened += said.filter((warning) => warning.includes('…')).length
      }
      const keyOf = ({ path, to }: Reference) => JSON.stringify([path, to])
      const distinct = new Map(all.map((one) => [keyOf(one), one]))
      const firsts = [...distinct.values()].map((one) => refused([one])[0])
      assert.equal(new Set(firsts).size, distinct.size)
    })
    // The line that counts the rest was once longer for a few than for all of them.
    fc.assert(property, { seed: -111664934, path: '71', numRuns: 1, endOnFailure: true })
    fc.assert(property, { numRuns: 100, endOnFailure: true })
    assert.ok(shortened > 500)
  })

  test('two objects whose names differ anywhere', () => {
    fc.assert(
      fc.property(text, text, fc.constantFrom('name', 'namespace', 'kind'), (one, other, part) => {
        const said = (value: string) => refused([reference(0, {}, { ...checkout, [part]: value })])[0]
        assert.equal(said(one) === said(other), one === other)
      }),
      { numRuns: 500 },
    )
  })

  test('objects that are too large, and findings on grants', () => {
    fc.assert(
      fc.property(objectName, text, text, (object, group, kind) => {
        const size = { cap: 'references', found: 20_000, most: 10_000 } as const
        const told = warningsOf({ outcome: 'oversized', object, existing: false, ...size })
        holdTo(told, 'oversized')
        const to = [
          { group, kind },
          { group: 'core', kind },
          { group: `${group}/v1`, kind },
          { group: '', kind: 'service' },
        ]
        const { findings } = lintGrant({ spec: { to, from: [] } }, '', defaultSettings.coverage, 8)
        const advice = warningsOf({ outcome: 'advised', grant: object, findings, count: findings.length })
        assert.ok(advice.length >= 3)
        for (const warning of advice) {
          assert.ok([...warning].length <= 256, warning)
          assert.doesNotMatch(warning, /[\p{C}\p{Zl}\p{Zp}]/u)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('names of megabytes', () => {
    const name = 'n'.repeat(4_000_000)
    holdTo(refused([reference(0, { name }), reference(1, { name: `${name}2` })]), 'megabytes')
  })
})
