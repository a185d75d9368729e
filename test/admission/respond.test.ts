import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { Decision } from '../../src/admission/decision.ts'
import { allow, respond } from '../../src/admission/respond.ts'
import type { ReviewRequest } from '../../src/admission/review.ts'
import { MODES, type Mode } from '../../src/admission/settings.ts'
import { explain, sentence } from '../../src/policy/explain.ts'
import type { Grant } from '../../src/policy/grant.ts'
import type { ObjectName, Reference } from '../../src/policy/reference.ts'

const GROUP = 'gateway.networking.k8s.io'
const checkout = { group: GROUP, kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' }
const request: ReviewRequest = {
  uid: '7',
  kind: { group: GROUP, version: 'v1', kind: 'HTTPRoute' },
  name: 'checkout',
  namespace: 'shop',
  operation: 'CREATE',
  userInfo: {},
  object: {},
}

function reference(index: number, to: Partial<ObjectName> = {}): Reference {
  const target = { group: '', kind: 'Service', namespace: 'billing', name: `s${index}`, ...to }
  return { from: checkout, to: target, path: `spec.rules[0].backendRefs[${index}]` }
}
const references = (count: number) => Array.from({ length: count }, (_, index) => reference(index))
const refused = (count: number, change: { unjudged?: number; confirmed?: boolean } = {}) =>
  ({ outcome: 'refused', refused: references(count), unjudged: 0, confirmed: true, ...change }) as const
const existing = (all: readonly Reference[]) => ({ outcome: 'permitted', granted: [], existing: all }) as const
const grant = (name: string): Grant => ({ namespace: 'billing', name, from: [], to: [] })
const granted = (...names: string[]) =>
  ({
    outcome: 'permitted',
    granted: names.map((name, index) => ({ reference: reference(index), by: grant(name) })),
    existing: [],
  }) as const

const answer = (decision: Decision, mode: Mode = 'deny', change: Partial<ReviewRequest> = {}) =>
  respond({ ...request, ...change }, decision, mode).response
const annotations = (decision: Decision, mode: Mode = 'deny') => answer(decision, mode).auditAnnotations

suite('a denial', () => {
  test('is a Status that says which fields are forbidden, and nothing else', () => {
    const decision = refused(2)
    assert.deepEqual(respond(request, decision, 'deny'), {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: {
        uid: '7',
        allowed: false,
        status: {
          status: 'Failure',
          code: 403,
          reason: 'Forbidden',
          message: explain(decision),
          details: {
            group: GROUP,
            kind: 'HTTPRoute',
            name: 'checkout',
            causes: [
              {
                reason: 'FieldValueForbidden',
                field: 'spec.rules[0].backendRefs[0]',
                message: sentence(reference(0)),
              },
              {
                reason: 'FieldValueForbidden',
                field: 'spec.rules[0].backendRefs[1]',
                message: sentence(reference(1)),
              },
            ],
          },
        },
        auditAnnotations: {
          decision: 'refused',
          references:
            'spec.rules[0].backendRefs[0] -> "Service billing/s0"; spec.rules[0].backendRefs[1] -> "Service billing/s1"',
        },
      },
    })
  })

  test('lists at most sixteen fields, the first ones', () => {
    const fields = (count: number) => answer(refused(count)).status?.details.causes.map(({ field }) => field)
    assert.equal(fields(16)?.length, 16)
    assert.deepEqual(fields(4_608), fields(16))
  })

  test('of a dry run adds that a grant of the same dry run cannot be seen', () => {
    const message = (dryRun?: boolean) =>
      answer(refused(1), 'deny', dryRun === undefined ? {} : { dryRun }).status?.message
    assert.equal(
      message(true),
      `${message()}\nThis was a dry run: a ReferenceGrant of the same dry run is not stored, so it cannot be seen here.`,
    )
    assert.equal(message(false), message())
    assert.doesNotMatch(message() ?? '', /dry run/)
  })

  test('stays small, whatever the references are called', () => {
    const name = '\u0007'.repeat(1_000)
    const long = references(4_608).map((one) => ({ ...one, to: { ...one.to, kind: name, group: name, name } }))
    const size = JSON.stringify(answer({ ...refused(1), refused: long })).length
    assert.ok(size < 256 * 1024, `${size} characters`)
  })
})

suite('a decision is answered', () => {
  const decisions: Record<string, Decision> = {
    unjudged: { outcome: 'unjudged', reason: 'nothing crosses' },
    permitted: granted('one'),
    existing: existing(references(1)),
    refused: refused(1),
  }
  const expected: Record<string, Record<Mode, [allowed: boolean, warnings: number, decision: string]>> = {
    unjudged: { deny: [true, 0, 'unjudged'], warn: [true, 0, 'unjudged'], audit: [true, 0, 'unjudged'] },
    permitted: { deny: [true, 0, 'permitted'], warn: [true, 0, 'permitted'], audit: [true, 0, 'permitted'] },
    existing: { deny: [true, 1, 'existing'], warn: [true, 1, 'existing'], audit: [true, 0, 'existing'] },
    refused: { deny: [false, 0, 'refused'], warn: [true, 1, 'warned'], audit: [true, 0, 'audited'] },
  }
  for (const [title, decision] of Object.entries(decisions)) {
    for (const mode of MODES) {
      test(`${title} in mode ${mode}`, () => {
        const { uid, allowed, status, warnings, auditAnnotations } = answer(decision, mode)
        assert.deepEqual([allowed, warnings?.length ?? 0, auditAnnotations.decision], expected[title]?.[mode])
        assert.equal(uid, '7')
        assert.equal(status === undefined, allowed)
        // The API server takes an empty list for one, but who reads the answer need not.
        assert.notEqual(warnings?.length, 0)
      })
    }
  }

  test('with the same bytes whoever asks, but for the uid', () => {
    for (const decision of Object.values(decisions)) {
      for (const mode of MODES) {
        const bytes = (change: Partial<ReviewRequest>) => JSON.stringify(answer(decision, mode, change))
        const other = {
          uid: '8',
          userInfo: { username: 'eve', groups: ['x'] },
          operation: 'UPDATE',
          oldObject: {},
        } as const
        assert.equal(bytes(other), bytes({}).replace('"uid":"7"', '"uid":"8"'))
      }
    }
  })
})

suite('warnings', () => {
  const warnings = (decision: Decision) => answer(decision, 'warn').warnings ?? []

  test('say what would be refused, each target once', () => {
    const twice = [reference(0), reference(1, { name: 's0' }), reference(2)]
    assert.deepEqual(warnings({ ...refused(1), refused: twice }), [sentence(reference(0)), sentence(reference(2))])
  })

  test('say what is kept, each field of it', () => {
    assert.deepEqual(warnings(existing([reference(0), reference(1, { name: 's0' })])), [
      'allowed because it was there before: spec.rules[0].backendRefs[0] refers to Service "s0" in namespace "billing", which no ReferenceGrant permits.',
      'allowed because it was there before: spec.rules[0].backendRefs[1] refers to Service "s0" in namespace "billing", which no ReferenceGrant permits.',
    ])
  })

  test('count the references that nobody looked at', () => {
    assert.deepEqual(warnings(refused(1, { unjudged: 5 })), [
      'references of this object that were not looked at: 5',
      sentence(reference(0)),
    ])
  })

  test('say that nobody looked again, where the budget was spent', () => {
    const [first, ...others] = warnings(refused(1, { confirmed: false })) ?? []
    assert.match(first ?? '', /^Too many references were refused lately to look again/)
    assert.deepEqual(others, [sentence(reference(0))])
  })

  test('are at most eight; of more, the last one counts the rest', () => {
    assert.deepEqual(warnings(refused(8)), references(8).map(sentence))
    assert.deepEqual(warnings(refused(9)), [...references(7).map(sentence), 'and 2 more warnings'])
    assert.deepEqual(warnings(existing(references(4_608))).slice(6), [
      'allowed because it was there before: spec.rules[0].backendRefs[6] refers to Service "s6" in namespace "billing", which no ReferenceGrant permits.',
      'and 4601 more warnings',
    ])
  })

  const warningsFor = (text: string) => allow(request, [text], {}).response.warnings
  test('of 256 characters are whole, and longer ones cut to as many', () => {
    assert.deepEqual(warningsFor('x'.repeat(256)), ['x'.repeat(256)])
    assert.deepEqual(warningsFor('x'.repeat(257)), [`${'x'.repeat(255)}…`])
  })

  test('are counted in characters, and none is cut in half', () => {
    assert.deepEqual(warningsFor('😀'.repeat(256)), ['😀'.repeat(256)])
    assert.deepEqual(warningsFor('😀'.repeat(257)), [`${'😀'.repeat(255)}…`])
  })

  test('fit what the API server passes on, whatever the references are called', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ minLength: 200, maxLength: 400 }))
    const target = fc.record({ group: text, kind: text, namespace: text, name: text })
    let longest = 0
    fc.assert(
      fc.property(fc.array(target, { maxLength: 20 }), fc.nat({ max: 5_000 }), (targets, unjudged) => {
        const all = targets.map((to, index) => reference(index, to))
        for (const decision of [existing(all), { ...refused(0), refused: all, unjudged }]) {
          const shown = warnings(decision)
          const lengths = shown.map((warning) => [...warning].length)
          longest = Math.max(longest, ...lengths)
          assert.ok(lengths.every((length) => length > 0 && length <= 256))
          assert.ok(lengths.reduce((sum, length) => sum + length, 0) <= 4_096)
          // A control character makes the API server drop a warning without a word; a lone surrogate is no UTF-8.
          for (const warning of shown) assert.doesNotMatch(warning, /[\p{Cc}\p{Cs}]/u)
        }
      }),
      { numRuns: 500 },
    )
    assert.equal(longest, 256)
  })
})

suite('audit annotations', () => {
  test('name the reason of what is not judged', () => {
    assert.deepEqual(annotations({ outcome: 'unjudged', reason: 'exempt user' }), {
      decision: 'unjudged',
      reason: 'exempt user',
    })
  })

  test('name the grants that permit, each once', () => {
    assert.deepEqual(annotations(granted('one', 'two', 'one')), {
      decision: 'permitted',
      grants: 'billing/one; billing/two',
    })
    assert.deepEqual(annotations(granted()), { decision: 'permitted' })
  })

  test('name what is kept, and what is refused in every mode', () => {
    const arrow = 'spec.rules[0].backendRefs[0] -> "Service billing/s0"'
    assert.deepEqual(annotations(existing(references(1))), { decision: 'existing', existing: arrow })
    assert.deepEqual(annotations(refused(1), 'audit'), { decision: 'audited', references: arrow })
    assert.deepEqual(annotations(refused(1, { unjudged: 3, confirmed: false })), {
      decision: 'refused',
      references: arrow,
      unconfirmed: 'true',
      'references-unjudged': '3',
    })
  })

  test('tell the group of a target that has one, and escape foreign text', () => {
    const odd = reference(0, { group: 'x.io', kind: 'A', namespace: 'b\n', name: 'c"; d' })
    assert.equal(
      annotations({ ...refused(0), refused: [odd] }).references,
      String.raw`spec.rules[0].backendRefs[0] -> "A.x.io b\n/c\"; d"`,
    )
  })

  test('list sixteen and count the rest', () => {
    const listed = (decision: Decision, key: string) => annotations(decision)[key]?.split('; ') ?? []
    const many = Array.from({ length: 20 }, (_, index) => `g${index}`)
    for (const [decision, key] of [
      [refused(20), 'references'],
      [existing(references(20)), 'existing'],
      [granted(...many), 'grants'],
    ] as const) {
      assert.equal(listed(decision, key).length, 17, key)
      assert.equal(listed(decision, key)[16], 'and 4 more', key)
    }
    assert.equal(listed(refused(16), 'references').length, 16)
    assert.doesNotMatch(listed(refused(16), 'references')[15] ?? '', /more/)
  })

  test('have keys that the API server takes', () => {
    const decisions = [refused(1, { unjudged: 1, confirmed: false }), existing(references(1)), granted('one')]
    for (const decision of [...decisions, { outcome: 'unjudged', reason: 'operation' } as const]) {
      for (const key of Object.keys(annotations(decision)))
        assert.match(key, /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/)
    }
  })
})
