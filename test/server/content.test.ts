import assert from 'node:assert/strict'
import { after, beforeEach, suite, test } from 'node:test'
import { pino } from 'pino'
import type { Mode } from '../../src/admission/settings.ts'
import { GrantIndex } from '../../src/policy/grant-index.ts'
import { Capacity } from '../../src/server/capacity.ts'
import { appWith } from '../harness/stand-ins/app.ts'
import { sourceOf } from '../harness/stand-ins/grant-source.ts'
import { ServerRecorder } from '../harness/stand-ins/server-recorder.ts'

const MIB = 1024 * 1024

const index = new GrantIndex()
const source = sourceOf({ of: () => index })
const capacity = new Capacity(() => 0)
let observer = new ServerRecorder()
const log: Record<string, unknown>[] = []
const logger = pino({ level: 'info', base: null }, { write: (line: string) => log.push(JSON.parse(line)) })
const start = () => appWith({ source, logger, capacity, observer })
let app = start()
after(() => app.close())
beforeEach(() => {
  log.length = 0
  observer = new ServerRecorder()
  app = start()
})

const kind = { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' }
const request = {
  uid: '1',
  kind,
  name: 'checkout',
  namespace: 'shop',
  operation: 'CREATE',
  userInfo: { username: 'jane' },
}
const crossing = { backendRefs: [{ name: 'vault', namespace: 'treasury' }] }
const route = { metadata: { name: 'checkout' }, spec: { rules: [crossing] } }

/** Returns the review of a route, with this JSON text added as `x`. */
const reviewOf = (x = '0', more: object = {}) =>
  JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: { ...request, object: { ...route, x: 'HERE' }, ...more },
  }).replace('"HERE"', () => x)

async function post(payload: string, path = '/validate/deny') {
  const headers = { 'content-type': 'application/json' }
  const { statusCode, body, json } = await app.inject({ method: 'POST', url: `${path}?timeout=5s`, payload, headers })
  assert.equal(statusCode, 200, body.slice(0, 500))
  assert.deepEqual({ ...capacity.held, answers: 0 }, { bodies: 0, values: 0, answers: 0 }, 'nothing is held any more')
  return json().response
}

const listOf = (unit: string, count: number) => `[${`${unit},`.repeat(count - 1)}${unit}]`
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const text = (bytes: number) => `"${'x'.repeat(bytes)}"`

/** JSON beyond each limit, with the limit and the size; the route itself has a few values. */
const OVERSIZED: Record<string, [x: string, cap: string, found: RegExp]> = {
  'a text of 4 MiB': [text(4 * MIB), 'bytes', /^4194\d\d\d of at most 4194304$/],
  'a text of 30 MiB': [text(30 * MIB), 'bytes', /^31457\d\d\d of at most 4194304$/],
  'a text of 4 MiB beyond Latin-1': [`"${'\u0100'.repeat(2 * MIB)}"`, 'bytes', /^4194\d\d\d of at most 4194304$/],
  'empty objects': [listOf('{}', 120_000), 'values', /^1200\d\d of at most 120000$/],
  'a million numbers': [listOf('0', 1_000_000), 'values', /^10000\d\d of at most 120000$/],
  'numbers for names, which count four times': [
    `{${Array.from({ length: 30_000 }, (_, at) => `"${at}":0`).join()}}`,
    'values',
    /^1200\d\d of/,
  ],
  'lists in lists': [nested(1_000), 'nesting', /^1001 of at most 1000$/],
  'a hundred thousand lists in lists': [nested(100_000), 'nesting', /^100001 of at most 1000$/],
}

suite('an oversized object', () => {
  for (const [title, [x, cap, found]] of Object.entries(OVERSIZED)) {
    test(`is denied, and the reason says what to do: ${title}`, async () => {
      const { uid, allowed, status, auditAnnotations } = await post(reviewOf(x))
      assert.deepEqual([uid, allowed, status.code], ['1', false, 403])
      assert.match(status.message, /^HTTPRoute "checkout" in namespace "shop" is too large to be judged: /)
      assert.equal(auditAnnotations.decision, 'refused')
      assert.match(auditAnnotations[cap], found)
      const labels = { kind: 'HTTPRoute', operation: 'CREATE', mode: 'deny', decision: 'refused', reason: 'too large' }
      assert.deepEqual(observer.reviews, [labels])
      const [line] = log
      assert.deepEqual(
        [line?.user, line?.decision, line?.object, line?.[cap]],
        ['jane', 'refused', { kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' }, auditAnnotations[cap]],
      )
    })
  }

  test('is allowed with a warning or an annotation in the other modes', async () => {
    const answers: Record<Mode, [allowed: boolean, warnings: number]> = {
      deny: [false, 0],
      warn: [true, 2],
      audit: [true, 0],
    }
    for (const [mode, [allowed, warnings]] of Object.entries(answers)) {
      const response = await post(reviewOf(nested(2_000)), `/validate/${mode}`)
      assert.deepEqual([response.allowed, response.warnings?.length ?? 0], [allowed, warnings], mode)
    }
  })

  test('is allowed if it would not be judged', async () => {
    for (const more of [{ operation: 'DELETE' }, { subResource: 'status' }, { kind: { ...kind, kind: 'Pod' } }])
      assert.equal((await post(reviewOf(nested(2_000), more))).allowed, true, JSON.stringify(more))
  })

  test('is logged at a limited pace', async (t) => {
    t.mock.method(performance, 'now', () => 0)
    app = start()
    for (let count = 0; count < 105; count += 1) await post(reviewOf(nested(2_000)))
    assert.equal(log.length, 100)
    assert.equal(observer.reviews.length, 105)
  })

  test('is allowed only if the stored object is oversized too, and nothing but metadata changes', async () => {
    const large = JSON.parse(text(4 * MIB))
    const update = { operation: 'UPDATE' }
    const of = (generation: number, x: unknown) => ({ ...route, metadata: { generation, name: 'checkout' }, x })
    const kept = await post(reviewOf('0', { ...update, object: of(3, large), oldObject: of(3, large) }))
    assert.deepEqual([kept.allowed, kept.warnings.length > 0, kept.auditAnnotations.decision], [true, true, 'existing'])
    const shrunk = await post(reviewOf('0', { ...update, object: of(3, 0), oldObject: of(3, large) }))
    assert.deepEqual([shrunk.allowed, shrunk.auditAnnotations.decision], [true, 'existing'])
    for (const [x, what] of [
      [0, 'the stored object'],
      [large, 'it'],
    ]) {
      const changed = await post(reviewOf('0', { ...update, object: of(4, x), oldObject: of(3, large) }))
      assert.equal(changed.allowed, false)
      assert.match(changed.status.message, new RegExp(`is too large to be judged: ${what} has 4194\\d\\d\\d bytes`))
    }
    const grown = await post(reviewOf(text(4 * MIB), { ...update, oldObject: route }))
    assert.equal(grown.allowed, false)
  })

  test('is allowed if it is a grant', async () => {
    const grant = { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'ReferenceGrant' }
    const { allowed, warnings } = await post(reviewOf(listOf('0', 200_000), { kind: grant }), '/advise')
    assert.equal(allowed, true)
    assert.match(warnings[0], /not read, because it is too large: it has 2000\d\d values; the limit is 120000/)
  })

  test('may also be the rest of a review', async () => {
    const { allowed, status, auditAnnotations } = await post(
      reviewOf('0', { userInfo: { extra: { x: ['x'.repeat(10 * MIB)] } } }),
    )
    assert.match(
      status.message,
      /too large to be judged: the request without its objects has 1048\d+ bytes.*\nUse an account/,
    )
    assert.deepEqual([allowed, /^1048\d* of at most 1048576$/.test(auditAnnotations.bytes)], [false, true])
  })
})

suite('an object within the limits is judged', () => {
  const refused = async (body: string) => {
    const { allowed, status } = await post(body)
    assert.equal(allowed, false)
    assert.match(status.message, /which no ReferenceGrant permits/)
  }

  test('with strings full of commas and brackets', async () => {
    const value = ',[{'.repeat(1_365)
    const headers = Array.from({ length: 144 }, (_, at) => ({ name: `h${at}`, value }))
    const body = reviewOf(JSON.stringify(headers))
    assert.ok(body.length > 580_000)
    await refused(body)
    await refused(
      reviewOf('0', {
        operation: 'UPDATE',
        object: { ...route, metadata: { annotations: { x: ','.repeat(262_144) } } },
        oldObject: {},
      }),
    )
  })

  test('close to the limits', async () => {
    await refused(reviewOf(text(4 * MIB - 1_000)))
    await refused(reviewOf(`"${'\u0100'.repeat(2 * MIB - 1_000)}"`))
    await refused(reviewOf(listOf('{}', 119_900)))
    await refused(reviewOf(nested(999)))
  })

  test('in an update with two objects of the largest size', async () => {
    const large = { ...route, x: 'x'.repeat(4 * MIB - 1_000) }
    const { allowed, warnings } = await post(reviewOf(text(4 * MIB - 1_000), { operation: 'UPDATE', oldObject: large }))
    assert.equal(allowed, true)
    assert.match(warnings.join(), /Service "vault"/)
  })

  test('in an update with two deeply nested objects', async () => {
    const [object, oldObject] = ['[1]', '[2]'].map((last) => ({
      ...route,
      spec: { ...route.spec, x: JSON.parse(`${'['.repeat(990)}${last}${']'.repeat(990)}`) },
    }))
    const { allowed } = await post(reviewOf('0', { operation: 'UPDATE', object, oldObject }))
    assert.equal(allowed, true)
  })
})

test('the log shortens long names', async () => {
  await post(reviewOf('0', { userInfo: { username: 'j'.repeat(MIB) }, name: 'n'.repeat(MIB) }))
  assert.ok(JSON.stringify(log[0]).length < 4_000)
})
