import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { until } from '../harness/api-client.ts'
import { refgrant as command, folderWith, GRANT } from '../harness/cli.ts'
import { Inspector } from '../harness/inspector.ts'
import { type Refgrant, startRefgrant } from '../harness/refgrant.ts'
import { LONG } from './faults.ts'

const MIB = 1024 * 1024

/** How many times what it can judge is sent, and for how long, in s. */
const TIMES = 3
const LASTING = LONG ? 30 : 5

/** References of a review: it is to be the server that has the work, and not who sends. */
const REFERENCES = 10_000

/** Requests that an API server has in flight at most, by default; it turns away others by itself. */
const IN_FLIGHT = 600

/** How long an API server waits, in ms: what is registered (src/manifests/webhook.ts). */
const TIMEOUT = 5_000

/** What the server may keep of it all, in bytes. */
const KEPT = 30 * MIB

const certs = folderWith({})
let server: Refgrant
let agent: https.Agent
let inspector: Inspector

before(async () => {
  await command(['certs', '--out', certs])
  const grants = ['--grants', folderWith({ 'grants.yaml': GRANT })]
  server = await startRefgrant({ certs, grants, nodeOptions: ['--inspect=127.0.0.1:0'] })
  agent = new https.Agent({ ca: server.ca, keepAlive: true })
  inspector = await Inspector.connect(server.inspector())
})
after(async () => {
  agent?.destroy()
  inspector?.close()
  await server?.stop()
})

/** A review of a route with many references that a grant permits, and a last one to this Service. */
function reviewOf(last: string): Buffer {
  const refersTo = (name: string) => ({ name, namespace: 'billing' })
  const backendRefs = [...Array.from({ length: REFERENCES }, () => refersTo('payments')), refersTo(last)]
  const request = {
    uid: 'u',
    kind: { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' },
    name: 'checkout',
    namespace: 'shop',
    operation: 'CREATE',
    userInfo: {},
    object: { spec: { rules: [{ backendRefs }] } },
  }
  return Buffer.from(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request }))
}

/** One review in turn of each that there is, with what is right. */
const reviews = [
  { body: reviewOf('payments'), permitted: true },
  { body: reviewOf('ledger'), permitted: false },
] as const

type Answer = 'permitted' | 'denied' | 'shed' | 'wrong'

/** Sends a review; what is neither a right verdict nor turned away as it should be is in `odd`. */
async function send(number: number, odd: string[] = []): Promise<Answer> {
  const { body, permitted } = reviews[number % reviews.length] as (typeof reviews)[number]
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const signal = AbortSignal.timeout(TIMEOUT)
  const url = `${server.url}/deny?timeout=${TIMEOUT / 1_000}s`
  try {
    const request = https.request(url, { method: 'POST', agent, headers, signal })
    request.end(body)
    const [response] = await once(request, 'response')
    const said = await text(response)
    const { message = '', response: judged } = JSON.parse(said)
    if (response.statusCode === 503 && message.startsWith('refgrant is overloaded: ')) return 'shed'
    if (response.statusCode === 200 && judged.allowed === permitted) return permitted ? 'permitted' : 'denied'
    odd.push(`HTTP ${response.statusCode} ${said}`)
  } catch (error) {
    odd.push(String(error))
  }
  return 'wrong'
}

/** Reviews that it judges in a second, asked by a few who each wait for the answer. */
async function capacity(seconds: number): Promise<number> {
  const begun = performance.now()
  let judged = 0
  const client = async () => {
    while (performance.now() - begun < seconds * 1_000) {
      assert.notEqual(await send(judged), 'wrong')
      judged += 1
    }
  }
  await Promise.all(Array.from({ length: 4 }, client))
  return judged / seconds
}

/** Sends so many reviews a second, whatever comes of them. */
async function flood(rate: number, seconds: number) {
  const counts: Record<Answer, number> = { permitted: 0, denied: 0, shed: 0, wrong: 0 }
  const odd: string[] = []
  const begun = performance.now()
  const flying = new Set<Promise<unknown>>()
  let sent = 0
  let kept = 0
  for (let number = 0; number < rate * seconds; number += 1) {
    const due = begun + (number * 1_000) / rate
    if (due > performance.now()) await wait(due - performance.now())
    if (flying.size >= IN_FLIGHT) {
      kept += 1
      continue
    }
    sent += 1
    const flight = send(number, odd).then((answer) => {
      counts[answer] += 1
      flying.delete(flight)
    })
    flying.add(flight)
  }
  const lasted = (performance.now() - begun) / 1_000
  await Promise.all(flying)
  return { ...counts, sent, kept, odd, rate: sent / lasted }
}

/** Sends a review, and does not wait for the answer. */
async function leave(): Promise<void> {
  const headers = { 'content-type': 'application/json', 'content-length': reviews[0].body.length }
  const request = https.request(server.url, { method: 'POST', agent, headers })
  request.on('error', () => {}).end(reviews[0].body)
  await once(request, 'finish')
  request.destroy()
}

const inFlight = () => server.metric('refgrant_reviews_in_flight')

test('clients that leave while their reviews wait take nothing with them', async () => {
  const before = await server.metric('refgrant_reviews_shed_total')
  await Promise.all(Array.from({ length: 50 }, leave))
  assert.deepEqual([await send(0), await send(1)], ['permitted', 'denied'])
  assert.ok((await server.metric('refgrant_reviews_shed_total')) > before, 'some had to wait')
  await until('nothing is in flight', async () => (await inFlight()) === 0)
})

test(`${TIMES} times what it can judge: the rest is turned away, and all is well at once`, async (context) => {
  await capacity(1)
  const before = await inspector.memory()
  const able = await capacity(2)
  const { permitted, denied, shed, wrong, sent, kept, odd, rate } = await flood(able * TIMES, LASTING)
  const next = [await send(0, odd), await send(1, odd)]
  context.diagnostic(
    `${TIMES} times the load: ${sent} reviews, ${wrong} wrong, ${permitted} permitted, ${denied} denied, ${shed} turned away, ` +
      `${Math.round(able)} a second can be judged, ${Math.round(rate)} were sent, ${kept} beyond what an API server has in flight`,
  )
  assert.deepEqual(odd.slice(0, 3), [])
  assert.deepEqual(next, ['permitted', 'denied'])
  assert.ok(rate > able * 2, `${rate} reviews a second were sent, and ${able} can be judged`)
  assert.ok(shed > 0, 'some are turned away')
  assert.ok(permitted > 0 && denied > 0, 'others are judged')
  await until('nothing is in flight', async () => (await inFlight()) === 0)
  const more = (await inspector.memory()) - before
  assert.ok(more < KEPT, `${Math.round(more / MIB)} MiB more than before`)
})
