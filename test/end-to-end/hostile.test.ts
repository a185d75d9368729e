import assert from 'node:assert/strict'
import https from 'node:https'
import { after, before, suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { Inspector } from '../harness/program/inspector.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { post } from '../harness/traffic/post.ts'
import { MIB } from '../harness/traffic/reviews.ts'

/** What the server may keep in use after all of it, in bytes. */
const KEPT = 20 * MIB
/** Most references that one HTTPRoute can hold: 16 rules x (16 filters + 16 backends x (1 + 16 filters)). */
const MOST_REFERENCES = 4_608

let server: Refgrant
let agent: https.Agent
let inspector: Inspector

before(async () => {
  // A grant without spec, and one whose parts are of every wrong type, beside a good one.
  const odd = GRANT.replace('name: shop\n', 'name: odd\n').replace(/spec:.*/s, 'spec: { from: [7, null, {}], to: x }\n')
  const without = GRANT.replace('name: shop\n', 'name: without\n').replace(/spec:.*/s, '')
  const grants = folderWith({ 'grants.yaml': [GRANT, odd, without].join('---\n') })
  server = await startRefgrant({ grants: ['--grants', grants], nodeOptions: ['--inspect=127.0.0.1:0'] })
  agent = new https.Agent({ ca: server.ca, keepAlive: true })
  inspector = await Inspector.connect(server.inspector())
})
after(async () => {
  agent?.destroy()
  inspector?.close()
  await server?.stop()
})

const send = (body: string, headers?: Record<string, string>) =>
  post(`${server.url}?timeout=5s`, body, { agent, ...(headers && { headers }) })

const kind = { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' }
const base = {
  uid: 'u',
  kind,
  name: 'checkout',
  namespace: 'shop',
  operation: 'CREATE',
  userInfo: { username: 'jane' },
}
const routeTo = (...backendRefs: unknown[]) => ({ metadata: { name: 'checkout' }, spec: { rules: [{ backendRefs }] } })
const reviewOf = (object: unknown, change = {}) =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { ...base, object, ...change },
  })
const judged = async (body: string) => {
  const answer = await send(body)
  assert.equal(answer.status, 200, answer.body)
  return JSON.parse(answer.body).response
}
const crossing = { name: 'vault', namespace: 'treasury' }

/** As many references as one HTTPRoute can hold, each into a namespace of its own. */
function largestRoute() {
  let count = 0
  const ref = () => ({ name: 'vault', namespace: `n-${count++}` })
  const many = <T>(make: () => T) => Array.from({ length: 16 }, make)
  const mirrors = () => many(() => ({ type: 'RequestMirror', requestMirror: { backendRef: ref() } }))
  const rules = many(() => ({ filters: mirrors(), backendRefs: many(() => ({ ...ref(), filters: mirrors() })) }))
  assert.equal(count, MOST_REFERENCES)
  return { metadata: { name: 'checkout' }, spec: { rules } }
}

suite('what is no review is answered in plain text', () => {
  const bodies: Record<string, [body: string, status: number, headers?: Record<string, string>]> = {
    'no body': ['', 400],
    'broken JSON': ['{"apiVersion":', 400],
    'another content type': [reviewOf(routeTo()), 415, { 'content-type': 'text/plain' }],
    'no content type': [reviewOf(routeTo()), 415, {}],
    'a review of v1beta1': [reviewOf(routeTo()).replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'), 400],
    'no uid': [reviewOf(routeTo(), { uid: undefined }), 400],
    'object null on CREATE': [reviewOf(null), 400],
    'a list as object': [reviewOf([]), 400],
    'a list as review': ['[]', 400],
    null: ['null', 400],
  }
  for (const [title, [body, status, headers]] of Object.entries(bodies)) {
    test(title, async () => {
      const answer = await send(body, headers)
      assert.equal(answer.status, status, answer.body)
      assert.match(answer.headers['content-type'] ?? '', /^text\/plain/)
      assert.ok(answer.body.length > 10 && answer.body.length < 500, answer.body)
    })
  }
})

suite('what is strange is judged all the same', () => {
  test('keys called __proto__, beside a reference and around one', async () => {
    const text = JSON.stringify(routeTo(crossing)).replace('"spec":', '"__proto__":{"spec":{}},"spec":')
    const response = await judged(reviewOf('PLACE').replace('"PLACE"', text))
    assert.equal(response.allowed, false)
    const hidden = JSON.stringify(routeTo({})).replace('{}', '{"__proto__":{"name":"vault","namespace":"treasury"}}')
    assert.equal((await judged(reviewOf('PLACE').replace('"PLACE"', hidden))).allowed, true)
  })

  test(`${MOST_REFERENCES} references to as many namespaces`, async () => {
    const response = await judged(reviewOf(largestRoute()))
    assert.equal(response.allowed, false)
    assert.match(response.status.message, /And 4600 more references to other namespaces that no grant permits/)
    assert.ok(response.status.message.length < 8_192)
  })

  test('names with newlines, quotes and escape sequences are one line each in the message', async () => {
    const name = 'a"b\n\u001b[31mAdmitted: yes\u2028'
    const { status } = await judged(reviewOf(routeTo({ ...crossing, name })))
    assert.ok(
      status.message.includes(String.raw`refers to Service "a\"b\n\u001b[31mAdmitted: yes\u{2028}"`),
      status.message,
    )
    assert.equal(status.message.split('\n').length, 4)
  })

  test('a thousand levels of nesting', async () => {
    const nested = `${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`
    const body = reviewOf({ ...routeTo(crossing), deep: 'PLACE' }).replace('"PLACE"', nested)
    assert.equal((await judged(body)).allowed, false)
  })

  test('every part of a reference set to every JSON type, beside a reference that no grant permits', async () => {
    for (const value of [null, true, false, 0, -1.5, '', 'x', [], ['x'], {}, { name: 'x' }]) {
      for (const part of ['group', 'kind', 'namespace', 'name', 'port', 'weight', 'filters']) {
        const response = await judged(reviewOf(routeTo({ ...crossing, [part]: value }, crossing)))
        assert.equal(response.allowed, false, `${part}: ${JSON.stringify(value)}`)
        assert.match(response.status.message, /backendRefs\[1\]|backendRefs\[0\] refers to Service "vault"/)
      }
      for (const spec of [value, { rules: value }, { rules: [value] }, { rules: [{ backendRefs: value }] }])
        assert.equal((await judged(reviewOf({ metadata: value, spec }))).allowed, true, JSON.stringify(spec))
    }
  })

  test('a good grant beside grants without spec, and with a strange one, permits', async () => {
    const allowed = await judged(reviewOf(routeTo({ name: 'payments', namespace: 'billing' })))
    assert.equal(allowed.allowed, true)
  })
})

test(`after all of it, many times, the server has kept less than ${KEPT / MIB} MiB`, async () => {
  const volley = async () => {
    const large = [
      reviewOf(largestRoute()),
      reviewOf({ padding: 'x'.repeat(9 * MIB) }),
      reviewOf({ padding: 'x'.repeat(7 * MIB) }),
    ]
    // The server may hang up on the 9 MiB before all of them are sent.
    for (const body of large) await send(body).catch(() => {})
    for (let count = 0; count < 200; count += 1) await send(reviewOf(routeTo({ ...crossing, name: `x${count}` })))
  }
  // Code is compiled, and pools are filled, once.
  for (let round = 0; round < 5; round += 1) await volley()
  const before = await inspector.memory()
  for (let round = 0; round < 10; round += 1) await volley()
  const kept = (await inspector.memory()) - before
  assert.ok(kept < KEPT, `${Math.round(kept / MIB)} MiB`)
})
