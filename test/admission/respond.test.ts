import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Decided } from '../../src/admission/decision.ts'
import { respond } from '../../src/admission/respond.ts'
import type { ReviewRequest } from '../../src/admission/review.ts'
import { MODES, type Mode } from '../../src/admission/settings.ts'
import type { Grant } from '../../src/policy/grant.ts'
import type { ObjectName, Reference } from '../../src/policy/reference.ts'
import { refusalText, sentence } from '../../src/wording/refusal.ts'

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
const existing = (all: readonly Reference[]) => ({ outcome: 'permitted', grants: [], existing: all }) as const
const grant = (name: string): Grant => ({ namespace: 'billing', name, from: [], to: [] })
const granted = (...names: string[]) =>
  ({
    outcome: 'permitted',
    grants: names.map(grant),
    existing: [],
  }) as const

const answer = (decision: Decided, mode: Mode = 'deny', change: Partial<ReviewRequest> = {}) =>
  respond({ ...request, ...change }, decision, mode).response
const annotations = (decision: Decided, mode: Mode = 'deny') => answer(decision, mode).auditAnnotations

suite('a denial', () => {
  test('is a Status that only names the forbidden fields', () => {
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
          message: refusalText(decision),
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

  test('lists the first sixteen fields', () => {
    const fields = (count: number) => answer(refused(count)).status?.details.causes.map(({ field }) => field)
    assert.equal(fields(16)?.length, 16)
    assert.deepEqual(fields(4_608), fields(16))
  })

  test('of a dry run adds that a grant of the same dry run cannot be seen', () => {
    const message = (dryRun?: boolean) =>
      answer(refused(1), 'deny', dryRun === undefined ? {} : { dryRun }).status?.message
    assert.equal(
      message(true),
      `${message()}\nThis was a dry run: a ReferenceGrant of the same dry run is not stored, so refgrant cannot read it. Store the grant first, or use refgrant check.`,
    )
    assert.equal(message(false), message())
    assert.doesNotMatch(message() ?? '', /dry run/)
  })

  test('stays small with references of any name', () => {
    const name = '\u0007'.repeat(1_000)
    const long = references(4_608).map((one) => ({ ...one, to: { ...one.to, kind: name, group: name, name } }))
    const size = JSON.stringify(answer({ ...refused(1), refused: long })).length
    assert.ok(size < 256 * 1024, `${size} characters`)
  })
})

suite('a decision is answered', () => {
  const decisions: Record<string, Decided> = {
    unjudged: { outcome: 'unjudged', reason: 'nothing crosses' },
    permitted: granted('one'),
    existing: existing(references(1)),
    refused: refused(1),
  }
  const expected: Record<string, Record<Mode, [allowed: boolean, warnings: number, decision: string]>> = {
    unjudged: { deny: [true, 0, 'unjudged'], warn: [true, 0, 'unjudged'], audit: [true, 0, 'unjudged'] },
    permitted: { deny: [true, 0, 'permitted'], warn: [true, 0, 'permitted'], audit: [true, 0, 'permitted'] },
    existing: { deny: [true, 2, 'existing'], warn: [true, 2, 'existing'], audit: [true, 0, 'existing'] },
    refused: { deny: [false, 0, 'refused'], warn: [true, 2, 'warned'], audit: [true, 0, 'audited'] },
  }
  for (const [title, decision] of Object.entries(decisions)) {
    for (const mode of MODES) {
      test(`${title} in mode ${mode}`, () => {
        const { uid, allowed, status, warnings, auditAnnotations } = answer(decision, mode)
        assert.deepEqual([allowed, warnings?.length ?? 0, auditAnnotations.decision], expected[title]?.[mode])
        assert.equal(uid, '7')
        assert.equal(status === undefined, allowed)
        // An empty list of warnings is left out.
        assert.notEqual(warnings?.length, 0)
      })
    }
  }

  test('with the same bytes for every requester, except for the uid', () => {
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

suite('audit annotations', () => {
  test('name the reason why a request is not judged', () => {
    assert.deepEqual(annotations({ outcome: 'unjudged', reason: 'exempt user' }), {
      decision: 'unjudged',
      reason: 'exempt user',
    })
  })

  test('name each grant that permits once', () => {
    assert.deepEqual(annotations(granted('one', 'two', 'one')), {
      decision: 'permitted',
      grants: 'billing/one; billing/two',
    })
    assert.deepEqual(annotations(granted()), { decision: 'permitted' })
  })

  test('name existing references, and refused ones in every mode', () => {
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

  test('name the group of a target that has one, and escape foreign text', () => {
    const odd = reference(0, { group: 'x.io', kind: 'A', namespace: 'b\n', name: 'c"; d' })
    assert.equal(
      annotations({ ...refused(0), refused: [odd] }).references,
      String.raw`spec.rules[0].backendRefs[0] -> "A.x.io b\n/c\"; d"`,
    )
  })

  test('list sixteen and count the rest', () => {
    const listed = (decision: Decided, key: string) => annotations(decision)[key]?.split('; ') ?? []
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

  test('have keys that the API server accepts', () => {
    const decisions = [refused(1, { unjudged: 1, confirmed: false }), existing(references(1)), granted('one')]
    for (const decision of [...decisions, { outcome: 'unjudged', reason: 'operation' } as const]) {
      for (const key of Object.keys(annotations(decision)))
        assert.match(key, /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/)
    }
  })
})
