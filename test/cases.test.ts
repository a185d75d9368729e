import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { pino } from 'pino'
import { answer, questionIn } from '../src/admission/answer.ts'
import type { ReviewResponse } from '../src/admission/respond.ts'
import type { ReviewRequest } from '../src/admission/review.ts'
import { issueAuthority, issueServer } from '../src/certificates/issue.ts'
import { loadConfig, settingsOf } from '../src/config/load.ts'
import { parseGrant } from '../src/policy/grant.ts'
import { lookupIn } from '../src/policy/grant-index.ts'
import { grantKindOf } from '../src/policy/grant-kinds.ts'
import { buildApp } from '../src/server/app.ts'
import { Metrics } from '../src/server/metrics.ts'
import { type Case, configurationFile, readCases } from './harness/objects/cases.ts'
import { lookUpsIn, sourceOf } from './harness/stand-ins/grant-source.ts'
import { metricSources } from './harness/stand-ins/metric-sources.ts'

let lookup = lookupIn([])
const source = sourceOf({ permitting: (...asked) => lookup.permitting(...asked) })

const settingsFor = (one: Case) => settingsOf(loadConfig(configurationFile(one)))
let settings = settingsOf(loadConfig(undefined))

function reviewOf({ title, object, oldObject }: Case): ReviewRequest {
  const [version = '', group = ''] = object.apiVersion.split('/').reverse()
  return {
    uid: title,
    kind: { group, version, kind: object.kind },
    name: object.metadata.name,
    namespace: object.metadata.namespace as string,
    operation: oldObject ? 'UPDATE' : 'CREATE',
    userInfo: { username: 'jane' },
    object,
    oldObject: oldObject ?? null,
    dryRun: false,
  }
}

const reviewed = (one: Case) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: reviewOf(one),
})

function use(one: Case): void {
  settings = settingsFor(one)
  const { grantKinds } = settings.catalogue
  const read = one.grants.flatMap((grant) => parseGrant(grant, grantKindOf(grant, grantKinds)) ?? [])
  assert.equal(read.length, one.grants.length, 'every grant of the case is read')
  lookup = lookupIn(read)
}

function check({ expect }: Case, { response }: ReviewResponse): void {
  assert.equal(response.allowed, expect.allowed)
  for (const text of expect.message ?? []) assert.ok(response.status?.message.includes(text), response.status?.message)
  assert.equal(response.warnings?.length ?? 0, expect.warnings?.length ?? 0)
  for (const text of expect.warnings ?? [])
    assert.ok(response.warnings?.join('\n').includes(text), response.warnings?.join('\n'))
}

const cases = readCases()

suite('cases in memory', () => {
  for (const one of cases) {
    test(one.title, async () => {
      use(one)
      const { response } = await answer(questionIn(reviewed(one)), settings, lookUpsIn(source))
      assert.ok(response)
      check(one, response)
    })
  }
})

suite('cases over HTTPS', () => {
  const authority = issueAuthority('cases', 1)
  const keyPair = issueServer(authority, ['localhost'], 1)
  const { load } = metricSources()
  const logger = pino({ level: 'silent' })
  const app = buildApp({
    settings: () => settings,
    source,
    keyPair,
    logger,
    load,
    metrics: new Metrics(metricSources({ load })),
  })
  const agent = new https.Agent({ ca: authority.cert, keepAlive: true })
  before(() => app.listen({ host: '127.0.0.1', port: 0 }))
  after(async () => {
    agent.destroy()
    await app.close()
  })

  for (const one of cases) {
    test(one.title, async () => {
      use(one)
      const { port } = app.server.address() as AddressInfo
      const headers = { 'content-type': 'application/json' }
      const url = `https://localhost:${port}/validate?timeout=5s`
      const request = https.request(url, { method: 'POST', agent, headers, family: 4 })
      request.end(JSON.stringify(reviewed(one)))
      const [response] = await once(request, 'response')
      assert.equal(response.statusCode, 200)
      check(one, JSON.parse(await text(response)))
    })
  }
})
