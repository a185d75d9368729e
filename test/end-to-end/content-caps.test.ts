import assert from 'node:assert/strict'
import https from 'node:https'
import { after, before, suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { post } from '../harness/traffic/post.ts'
import { commaRoute, MIB, nested, reference, repeated, review, route } from '../harness/traffic/reviews.ts'
import { until } from '../harness/until.ts'

let server: Refgrant
let agent: https.Agent

before(async () => {
  server = await startRefgrant({ grants: ['--grants', folderWith({ 'grants.yaml': GRANT })] })
  agent = new https.Agent({ ca: server.ca })
})
after(async () => {
  agent?.destroy()
  await server?.stop()
})

/** What is responded to a review: whatever it holds, that is an answer, and no error of HTTP. */
async function answerTo(body: string, mode = 'deny') {
  const answer = await post(`${server.url}/${mode}?timeout=30s`, body, { agent })
  assert.equal(answer.status, 200, answer.body)
  return JSON.parse(answer.body).response as {
    uid: string
    allowed: boolean
    status?: { code: number; message: string }
    warnings?: string[]
    auditAnnotations: Record<string, string>
  }
}

const granted = reference('payments', 'billing')
const missing = reference('ledger', 'billing')
/** What the stored object of an update has: none of the references that the update brings. */
const stored = route(reference('orders', 'billing'))
const refers = /refers to Service "ledger" in namespace "billing", which no ReferenceGrant permits/

suite('what an API server takes is judged, however many commas its texts hold:', () => {
  test('a route of 594 kB', async () => {
    const body = commaRoute(missing)
    assert.ok(body.length > 590_000 && body.length < 600_000, String(body.length))
    const { allowed, status } = await answerTo(review(body))
    assert.equal(allowed, false)
    assert.match(status?.message ?? '', refers)
    assert.equal((await answerTo(review(commaRoute(granted)))).allowed, true)
  })

  test('an update of a route with an annotation of 262 kB', async () => {
    // The most that all annotations of an object may hold. Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go.
    const commas = `{"annotations":{"a":"${','.repeat(262_000)}"}}`
    const annotated = (backendRef: string) => route(backendRef).replace('{', `{"metadata":${commas},`)
    const update = { operation: 'UPDATE', oldObject: annotated(granted) } as const
    assert.equal((await answerTo(review(annotated(missing), update))).allowed, false)
    assert.equal((await answerTo(review(annotated(granted), update))).allowed, true)
  })

  test('a route whose texts hold brackets, braces and escaped quotes beyond number', async () => {
    const annotated = route(missing).replace('{', `{"metadata":{"annotations":{"a":"${'[{\\",'.repeat(200_000)}"}},`)
    assert.match((await answerTo(review(annotated))).status?.message ?? '', refers)
  })
})

/** Objects that are too large, one for each cap on content. Each would also be refused for its first reference. */
const beyond: Record<string, string> = {
  'more than 8 MiB': route(missing).replace('{', `{"x":"${'x'.repeat(9 * MIB)}",`),
  'more than 8 MiB beyond Latin-1': route(missing).replace('{', `{"x":"\u{2028}${'x'.repeat(9 * MIB)}",`),
  'more than 500,000 values': route(missing).replace('{', `{"x":[${repeated('0', 600_000)}],`),
  'more than 500,000 empty objects': route(missing).replace('{', `{"x":[${repeated('{}', 600_000)}],`),
  'more than 10,000 references': route(repeated(missing, 10_001)),
  'more than 10,000 references, all of which a grant permits': route(repeated(granted, 10_001)),
  'lists in lists': route(missing).replace('{', `{"x":${nested('[', '', ']', 200_000)},`),
  'objects in objects': route(missing).replace('{', `{"x":${nested('{"a":', '0', '}', 200_000)},`),
}

suite('a review beyond a cap on content is answered as a review, and counted:', () => {
  const counted = () => server.metric('refgrant_reviews_total')

  for (const [title, object] of Object.entries(beyond)) {
    for (const operation of ['CREATE', 'UPDATE'] as const) {
      test(`${title}, ${operation}`, async () => {
        const of = (mode: string) => {
          const uid = `${mode}, ${operation}, ${title}`
          return review(object, { uid, operation, ...(operation === 'UPDATE' && { oldObject: stored }) })
        }
        const before = await counted()
        const [denied, warned, audited] = [
          await answerTo(of('deny'), 'deny'),
          await answerTo(of('warn'), 'warn'),
          await answerTo(of('audit'), 'audit'),
        ]
        assert.equal(denied.uid, `deny, ${operation}, ${title}`)
        assert.deepEqual([denied.allowed, denied.status?.code], [false, 403])
        const { length } = denied.status?.message ?? ''
        assert.ok(length > 20 && length < 1_000, `a reason of ${length} characters`)
        assert.equal(warned.allowed, true)
        assert.ok((warned.warnings?.length ?? 0) > 0, 'there is a warning')
        assert.equal(audited.allowed, true)
        assert.equal(audited.warnings, undefined)
        for (const { auditAnnotations } of [denied, warned, audited]) assert.ok(auditAnnotations.decision)
        assert.equal((await counted()) - before, 3)
      })
    }
  }

  test('and the first one is logged: of many, a line tells how many have none', async () => {
    const [title] = Object.keys(beyond)
    await until('it is logged', () => server.log.some(({ uid }) => uid === `deny, CREATE, ${title}`))
  })

  test('and none of that is taken for load', async () => {
    assert.equal(await server.metric('refgrant_reviews_shed_total'), 0)
  })
})
