import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { dropContent, NotAReview, parseReview } from '../../src/admission/review.ts'

const kind = { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' }
const request = { uid: '1', kind, operation: 'CREATE', userInfo: {}, object: {} }
const envelope = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }
const review = (change: object) => ({ ...envelope, request: { ...request, ...change } })

/** Freezes a value and everything in it, so that a modification throws. */
function frozen<T>(value: T): T {
  for (const part of Object.values(value ?? {})) if (typeof part === 'object') frozen(part)
  return Object.freeze(value)
}

suite('a body that is not a review is an error with the place and the reason', () => {
  const cases: [title: string, body: unknown, reason: string][] = [
    ['nothing', undefined, 'the body must be object'],
    ['null', null, 'the body must be object'],
    ['a text', 'AdmissionReview', 'the body must be object'],
    ['a number', 1, 'the body must be object'],
    ['a list of reviews', [envelope], 'the body must be object'],
    ['an empty object', {}, "the body must have required property 'apiVersion'"],
    [
      'a review under __proto__',
      JSON.parse(JSON.stringify({ envelope }).replace('envelope', '__proto__')),
      "the body must have required property 'apiVersion'",
    ],
    ['no kind', { ...envelope, kind: undefined }, "the body must have required property 'kind'"],
    ['no request', { ...envelope, request: undefined }, "the body must have required property 'request'"],
    [
      'another version',
      { ...envelope, apiVersion: 'admission.k8s.io/v1beta1' },
      'apiVersion must be equal to constant: "admission.k8s.io/v1"',
    ],
    ['another kind', { ...envelope, kind: 'Review' }, 'kind must be equal to constant: "AdmissionReview"'],
    ['a request that is null', { ...envelope, request: null }, 'request must be object'],
    ['a request that is a list', { ...envelope, request: [request] }, 'request must be object'],
    ['no uid', review({ uid: undefined }), "request must have required property 'uid'"],
    ['an empty uid', review({ uid: '' }), 'request.uid must NOT have fewer than 1 characters'],
    ['an endless uid', review({ uid: 'x'.repeat(254) }), 'request.uid must NOT have more than 253 characters'],
    ['a uid that is a number', review({ uid: 1 }), 'request.uid must be string'],
    ['no kind of object', review({ kind: undefined }), "request must have required property 'kind'"],
    ['a kind of object that is a text', review({ kind: 'HTTPRoute' }), 'request.kind must be object'],
    [
      'no version of the object',
      review({ kind: { ...kind, version: undefined } }),
      "request.kind must have required property 'version'",
    ],
    ['a group that is null', review({ kind: { ...kind, group: null } }), 'request.kind.group must be string'],
    [
      'an empty kind of object',
      review({ kind: { ...kind, kind: '' } }),
      'request.kind.kind must NOT have fewer than 1 characters',
    ],
    [
      'an unknown operation',
      review({ operation: 'PATCH' }),
      'request.operation must be equal to one of the allowed values: ["CREATE","UPDATE","DELETE","CONNECT"]',
    ],
    [
      'no operation',
      review({ operation: undefined, oldObject: {} }),
      "request must have required property 'operation'",
    ],
    ['no user', review({ userInfo: undefined }), "request must have required property 'userInfo'"],
    ['a user that is null', review({ userInfo: null }), 'request.userInfo must be object'],
    [
      'a user name that is not a string',
      review({ userInfo: { username: 7 } }),
      'request.userInfo.username must be string',
    ],
    [
      'groups that are a string',
      review({ userInfo: { groups: 'system:masters' } }),
      'request.userInfo.groups must be array,null',
    ],
    [
      'a group that is not a string',
      review({ userInfo: { groups: ['a', null] } }),
      'request.userInfo.groups.1 must be string',
    ],
    ['a namespace that is null', review({ namespace: null }), 'request.namespace must be string'],
    ['a name that is a number', review({ name: 7 }), 'request.name must be string'],
    ['a subresource that is false', review({ subResource: false }), 'request.subResource must be string'],
    ['a dry run that is a text', review({ dryRun: 'true' }), 'request.dryRun must be boolean'],
    ['options that are a list', review({ options: [] }), 'request.options must be object,null'],
    [
      'a field manager that is not a string',
      review({ options: { fieldManager: {} } }),
      'request.options.fieldManager must be string',
    ],
    ['no object', review({ object: undefined }), "request must have required property 'object'"],
    ['an object that is null', review({ object: null }), 'request.object must be object'],
    ['an object that is a list', review({ object: [] }), 'request.object must be object'],
    ['an object that is a text', review({ object: '{}' }), 'request.object must be object'],
    [
      'an update without an old object',
      review({ operation: 'UPDATE' }),
      "request must have required property 'oldObject'",
    ],
    [
      'an update with an old object that is null',
      review({ operation: 'UPDATE', oldObject: null }),
      'request.oldObject must be object',
    ],
    [
      'an update with an object that is null',
      review({ operation: 'UPDATE', object: null, oldObject: {} }),
      'request.object must be object',
    ],
    [
      'a deletion of a string',
      review({ operation: 'DELETE', object: null, oldObject: 'x' }),
      'request.oldObject must be object,null',
    ],
  ]
  for (const [title, body, reason] of cases) {
    test(title, () =>
      assert.throws(
        () => parseReview(body),
        (error) => {
          assert.ok(error instanceof NotAReview)
          assert.equal(error.message, `not an AdmissionReview of admission.k8s.io/v1: ${reason}`)
          return true
        },
      ),
    )
  }

  test('validation stops at the first error', () => {
    const groups = Object.defineProperty([null], 1, { get: () => assert.fail('the second group was looked at') })
    assert.throws(() => parseReview(review({ userInfo: { groups } })), { message: /groups\.0 must be string$/ })
  })

  test('the message does not quote the body', () => {
    const secret = 'hunter2'
    for (const body of [
      secret,
      { [secret]: 1 },
      { ...envelope, apiVersion: secret },
      review({ operation: secret }),
      review({ kind: { ...kind, kind: [secret] } }),
      review({ userInfo: { groups: [{ secret }] } }),
    ])
      assert.throws(
        () => parseReview(body),
        (error: Error) => !error.message.includes(secret),
      )
  })
})

/** A value without its properties that are undefined or null. */
const written = (value: unknown) => JSON.parse(JSON.stringify(value, (_key, part) => part ?? undefined))

suite('a body as the API server sends it is a review', () => {
  const accepted: Record<string, object> = {
    'with the least': review({}),
    'with groups that are null': review({ userInfo: { username: 'jane', groups: null } }),
    'with options that are null': review({ options: null }),
    'with an old object that is null on creation': review({ oldObject: null }),
    'of a deletion': review({ operation: 'DELETE', object: null, oldObject: {} }),
    'of a connection, with another kind of object': review({
      operation: 'CONNECT',
      object: { kind: 'PodExecOptions' },
    }),
    'of an update': review({ operation: 'UPDATE', oldObject: {} }),
    'of an object in the core group': review({ kind: { group: '', version: 'v1', kind: 'Service' } }),
    'with a uid of the longest length': review({ uid: 'x'.repeat(253) }),
  }
  for (const [title, body] of Object.entries(accepted)) {
    test(title, () => assert.deepEqual(written(parseReview(body)), written((body as typeof envelope).request)))
  }

  test('with fields of a later release, which are left out', () =>
    assert.deepEqual(written(parseReview({ ...review({ later: [1] }), later: {} })), written(request)))

  test('its objects and groups can be dropped, but not its names', () => {
    const names = { name: 'checkout', namespace: 'shop' }
    const parsed = parseReview(review({ ...names, userInfo: { username: 'jane', groups: ['a'] }, oldObject: {} }))
    dropContent(parsed)
    const { object: _dropped, ...rest } = request
    assert.deepEqual(written(parsed), { ...rest, ...names, userInfo: { username: 'jane' } })
  })
})

suite('a body is never modified', () => {
  const strange = () => ({
    ...envelope,
    later: 1,
    request: {
      ...request,
      operation: 'UPDATE',
      unknown: { uid: 1 },
      object: { spec: { rules: '7', x: null }, number: 1, extra: [undefined] },
      oldObject: { spec: JSON.parse('{ "__proto__": { "a": 1 } }') },
      options: { fieldManager: 'kubectl', extra: true },
    },
  })
  const bodies: [title: string, make: () => unknown][] = [
    ['a good one', strange],
    ['one that lacks what has a default in Go', () => review({ namespace: undefined, dryRun: undefined })],
    ['one whose types could be coerced', () => review({ uid: 1, dryRun: 'true', userInfo: { groups: 'a' } })],
    ['one with nulls', () => review({ namespace: null, options: null, oldObject: null })],
  ]
  for (const [title, make] of bodies) {
    test(title, () => {
      const body = frozen(make())
      try {
        parseReview(body)
      } catch (error) {
        assert.ok(error instanceof NotAReview, String(error))
      }
      assert.deepEqual(body, make())
    })
  }
})
