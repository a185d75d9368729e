import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import https from 'node:https'
import { after, before, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { Inspector } from '../harness/program/inspector.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { post } from '../harness/traffic/post.ts'
import { MIB, reference, repeated, review, route } from '../harness/traffic/reviews.ts'
import { until } from '../harness/until.ts'

/** How long at least more is asked of it than it can judge, in s, and how many answers of each kind are waited for. */
const LASTING = LONG ? 30 : 2
const LEAST = 3

/** References of a review, fewer than are too many: it is to be the server that has the work, and not who sends. */
const REFERENCES = 9_000

/** Clients with one review in flight each: a third of what an API server has in flight by default, 600. */
const CLIENTS = 200

/** What the server may keep of it all, in bytes. */
const KEPT = 30 * MIB

let server: Refgrant
let agent: https.Agent
let inspector: Inspector

before(async () => {
  const grants = ['--grants', folderWith({ 'grants.yaml': GRANT })]
  server = await startRefgrant({ grants, nodeOptions: ['--inspect=127.0.0.1:0'] })
  agent = new https.Agent({ ca: server.ca, keepAlive: true })
  inspector = await Inspector.connect(server.inspector())
})
after(async () => {
  agent?.destroy()
  inspector?.close()
  await server?.stop()
})

/** Stands for a uid, of which each review has its own. */
const UID = '00000000'

/** The same review with the next uid. */
function renewed(body: Buffer): Buffer {
  uids += 1
  const copy = Buffer.from(body)
  copy.write(String(uids).padStart(UID.length, '0'), body.indexOf(UID))
  return copy
}

let uids = 0

/** A review of a route with many references that a grant permits, and a last one to this Service. */
function reviewOf(last: string, count = REFERENCES): Buffer {
  const backendRefs = [repeated(reference('payments', 'billing'), count), reference(last, 'billing')]
  return Buffer.from(review(route(backendRefs.join()), { uid: UID }))
}

/** One review in turn of each that there is, with what is right. */
const small = reviewOf('payments', 1_000)
const reviews = [
  { body: reviewOf('payments'), permitted: true },
  { body: reviewOf('ledger'), permitted: false },
] as const

type Answer = 'permitted' | 'denied' | 'shed' | 'wrong'

/** Sends a review. `odd` collects answers that are neither a right verdict nor a 503. */
async function send(number: number, odd: string[] = []): Promise<Answer> {
  const { body: template, permitted } = reviews[number % reviews.length] as (typeof reviews)[number]
  const body = renewed(template)
  try {
    const { status, body: said } = await post(`${server.url}/deny?timeout=5s`, body, { agent })
    const { message = '', response: judged } = JSON.parse(said)
    // Or its turn came, and the time for the look-up before a refusal was over.
    if (status === 503 && /^refgrant (is overloaded: |could not look up .* in time$)/.test(message)) return 'shed'
    if (status === 200 && judged.allowed === permitted) return permitted ? 'permitted' : 'denied'
    odd.push(`HTTP ${status} ${said}`)
  } catch (error) {
    odd.push(String(error))
  }
  return 'wrong'
}

/** Lets clients send one review after the other, whatever comes of them, until that is enough. */
async function flood(enough: (counts: Record<Answer, number>) => boolean) {
  const counts: Record<Answer, number> = { permitted: 0, denied: 0, shed: 0, wrong: 0 }
  const odd: string[] = []
  let sent = 0
  const client = async () => {
    while (!enough(counts) && odd.length === 0) counts[await send(sent++, odd)] += 1
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return { ...counts, odd }
}

/** Sends a review. The caller reads the answer. */
function begin(body: Buffer): ClientRequest {
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  return https
    .request(server.url, { method: 'POST', agent, headers }, (response) => response.resume())
    .end(renewed(body))
}

/** Clients that leave. */
const LEAVING = 50

/** Sends a review that the server cannot read yet, and leaves once it is on its way. */
async function leave(): Promise<void> {
  const request = begin(small)
  request.on('error', () => {})
  await once(request, 'finish')
  request.destroy()
}

const inFlight = () => server.metric('refgrant_reviews_in_flight')

test('clients that leave while their reviews wait take nothing with them', async () => {
  // Connections that are open: a server that stands still opens none.
  await Promise.all(Array.from({ length: LEAVING }, () => once(begin(small), 'close')))
  const before = await server.metric('refgrant_reviews_total')
  server.process.kill('SIGSTOP')
  try {
    await Promise.all(Array.from({ length: LEAVING }, leave))
  } finally {
    server.process.kill('SIGCONT')
  }
  assert.deepEqual([await send(0), await send(1)], ['permitted', 'denied'])
  const judged = (await server.metric('refgrant_reviews_total')) - before - 2
  assert.ok(judged < LEAVING, `${judged} were judged although their clients had gone`)
  await until('nothing is in flight', async () => (await inFlight()) === 0)
})

test(`${CLIENTS} clients send more than the server can judge: it rejects the rest with 503, and recovers at once`, async (context) => {
  const before = await inspector.memory()
  const end = performance.now() + LASTING * 1_000
  const { permitted, denied, shed, wrong, odd } = await flood(
    (counts) => performance.now() > end && Math.min(counts.permitted, counts.denied, counts.shed) >= LEAST,
  )
  // The look-up before a refusal may take too long on a busy machine: then it is not refused, and the next try tells.
  for (const [number, answer] of ['permitted', 'denied'].entries())
    await until(`a review is ${answer}`, async () => (await send(number, odd)) === answer || odd.length > 0)
  const sent = permitted + denied + shed + wrong
  context.diagnostic(
    `${CLIENTS} clients at once: ${sent} reviews, ${wrong} wrong, ${permitted} permitted, ${denied} denied, ${shed} rejected with 503`,
  )
  assert.deepEqual(odd.slice(0, 3), [])
  await until('nothing is in flight', async () => (await inFlight()) === 0)
  const more = (await inspector.memory()) - before
  assert.ok(more < KEPT, `${Math.round(more / MIB)} MiB more than before`)
})
