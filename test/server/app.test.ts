import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { type GrantSource, LookupFailed } from '../../src/admission/grant-source.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { appWith } from '../harness/stand-ins/app.ts'

const broken: GrantSource = {
  cached: () => ({ grants: lookupIn([]), current: true }),
  fresh: async () => {
    throw new LookupFailed('the API server could not be reached')
  },
}
const app = appWith({ source: broken })
after(() => app.close())

const request = {
  uid: '1',
  kind: { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' },
  namespace: 'shop',
  operation: 'CREATE',
  userInfo: {},
  object: { spec: { rules: [{ backendRefs: [{ name: 'payments', namespace: 'billing' }] }] } },
}
const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }

const post = (payload: string, contentType = 'application/json') =>
  app.inject({ method: 'POST', url: '/validate?timeout=5s', payload, headers: { 'content-type': contentType } })

suite('bad input gets a clear answer in plain text', () => {
  const bodies: Record<string, [payload: string, status: number, says: RegExp, contentType?: string]> = {
    'no JSON': ['{', 400, /JSON/],
    'no JSON, but characters that a terminal obeys': ['\u001b[31m\u202e', 400, /^[\x20-\x7e]*JSON[\x20-\x7e]*$/],
    'no body': ['', 400, /body/i],
    'another content type': [
      JSON.stringify(review),
      415,
      /media type.*: send the review as application\/json$/i,
      'text/plain',
    ],
    'ten MiB that are no JSON': ['x'.repeat(10 * 1024 * 1024), 400, /JSON/],
    '65 MiB': ['x'.repeat(65 * 1024 * 1024), 413, /too large/],
    'a review of v1beta1': [
      JSON.stringify({ ...review, apiVersion: 'admission.k8s.io/v1beta1' }),
      400,
      /apiVersion must be equal to constant: "admission\.k8s\.io\/v1"/,
    ],
    'no uid': [
      JSON.stringify({ ...review, request: { ...request, uid: undefined } }),
      400,
      /request must have required property 'uid'/,
    ],
    'a uid that is a number': [
      JSON.stringify({ ...review, request: { ...request, uid: 1 } }),
      400,
      /request\.uid must be string/,
    ],
    'no object on CREATE': [
      JSON.stringify({ ...review, request: { ...request, object: null } }),
      400,
      /request\.object must be object/,
    ],
    'no old object on UPDATE': [
      JSON.stringify({ ...review, request: { ...request, operation: 'UPDATE' } }),
      400,
      /oldObject/,
    ],
  }
  for (const [title, [payload, status, says, contentType]] of Object.entries(bodies)) {
    test(title, async () => {
      const answer = await post(payload, contentType)
      assert.equal(answer.statusCode, status, answer.body)
      assert.match(String(answer.headers['content-type']), /^text\/plain/)
      assert.match(answer.body, says)
    })
  }
})

test('a review without an answer from the look-ups is retried twice, and then gets the reason', async () => {
  const answers = [
    await post(JSON.stringify(review)),
    await post(JSON.stringify(review)),
    await post(JSON.stringify(review)),
  ]
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [503, 503, 503],
  )
  assert.deepEqual(
    answers.map(({ headers }) => headers['retry-after']),
    ['1', '1', undefined],
  )
  assert.deepEqual(
    answers.map(({ headers }) => headers.connection),
    ['close', 'close', 'close'],
  )
  const { kind, status, message } = answers[2]?.json() ?? {}
  assert.deepEqual([kind, status], ['Status', 'Failure'])
  assert.equal(message, 'refgrant could not look up ReferenceGrants: the API server could not be reached')
})

test('a request that the API server drops at the timeout is not let go before', async () => {
  const app = appWith({ source: broken, timeout: () => 5_000 })
  const tries = async (url: string) => {
    const headers = { 'content-type': 'application/json' }
    const payload = JSON.stringify({ ...review, request: { ...request, uid: url } })
    const answers = []
    for (let tries = 0; tries < 3; tries += 1) answers.push(await app.inject({ method: 'POST', url, payload, headers }))
    return answers.map(({ headers }) => headers['retry-after'])
  }
  assert.deepEqual(await tries('/validate/deny?timeout=1s'), ['1', '1', '1'])
  assert.deepEqual(await tries('/validate/deny?timeout=4s'), ['1', '1', '4'])
  assert.deepEqual(await tries('/validate/deny?timeout=5s'), ['1', '1', undefined])
  assert.deepEqual(await tries('/validate?timeout=3s'), ['1', '1', '3'], 'the mode of the configuration is deny')
  assert.deepEqual(await tries('/validate/warn?timeout=2s'), ['1', '1', undefined], 'only a denial is at stake')
  await app.close()
})
