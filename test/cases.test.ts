import assert from 'node:assert/strict'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { answer, questionIn } from '../src/admission/answer.ts'
import type { ReviewResponse } from '../src/admission/respond.ts'
import type { ReviewRequest } from '../src/admission/review.ts'
import { MODES, type Mode } from '../src/admission/settings.ts'
import { issueAuthority, issueServer } from '../src/certificates/issue.ts'
import { settingsOf } from '../src/config/config.ts'
import { readConfig } from '../src/config/read.ts'
import { parseGrant } from '../src/policy/grant.ts'
import { lookupIn } from '../src/policy/grant-index.ts'
import { grantKindOf } from '../src/policy/grant-kinds.ts'
import { ServedKeyPair } from '../src/server/tls.ts'
import type { ApiObject } from './harness/objects/api-object.ts'
import { type Case, readCases } from './harness/objects/cases.ts'
import { configFileOf } from './harness/program/live-config.ts'
import { appWith } from './harness/stand-ins/app.ts'
import { lookUpsIn, sourceOf } from './harness/stand-ins/grant-source.ts'
import { post } from './harness/traffic/post.ts'
import { A_DAY } from './harness/validities.ts'

let lookup = lookupIn([])
const source = sourceOf({ of: (kind) => lookup.of(kind) })

let settings = settingsOf(readConfig(undefined))

function reviewOf({ title, object, oldObject, request }: Case): ReviewRequest {
  const [version = '', group = ''] = object.apiVersion.split('/').reverse()
  const { user = 'admin', groups = ['system:masters'], dryRun = false, fieldManager, deleting = false } = request
  const state = (object: ApiObject) => (deleting ? { ...object, metadata: { ...object.metadata, ...DELETED } } : object)
  return {
    uid: title,
    kind: { group, version, kind: object.kind },
    name: object.metadata.name,
    namespace: object.metadata.namespace as string,
    operation: oldObject ? 'UPDATE' : 'CREATE',
    userInfo: { username: user, groups },
    object: state(object),
    oldObject: oldObject ? state(oldObject) : null,
    dryRun,
    ...(fieldManager !== undefined && { options: { fieldManager } }),
  }
}

/** What an object that is being deleted has. */
const DELETED = { deletionTimestamp: '2026-01-01T00:00:00Z' }

const reviewed = (one: Case) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: reviewOf(one),
})

/** The webhook's entry that the label of the namespace chooses; undefined for that of the default mode. */
function entryOf({ request: { namespaceLabels = {} }, configuration }: Case): Mode | undefined {
  const { modeLabel } = readConfig(configFileOf(configuration))
  return MODES.find((mode) => mode === namespaceLabels[modeLabel])
}

function use(one: Case): void {
  settings = settingsOf(readConfig(configFileOf(one.configuration)))
  const { grantKinds } = settings.coverage
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
  const { auditAnnotations } = response
  assert.deepEqual({ ...auditAnnotations, ...expect.annotations }, auditAnnotations)
}

const cases = readCases()

suite('cases in memory', () => {
  for (const one of cases) {
    test(one.title, async () => {
      use(one)
      const { response } = await answer(questionIn(reviewed(one)), settings, lookUpsIn(source), entryOf(one))
      assert.ok(response)
      check(one, response)
    })
  }
})

suite('cases over HTTPS', () => {
  const authority = issueAuthority('cases', A_DAY)
  const keyPair = issueServer(authority, ['127.0.0.1'], A_DAY)
  const app = appWith({ settings: () => settings, source, keyPair: new ServedKeyPair(keyPair) })
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
      const entry = entryOf(one)
      const path = entry === undefined ? '/validate' : `/validate/${entry}`
      const url = `https://127.0.0.1:${port}${path}?timeout=5s`
      const { status, body } = await post(url, JSON.stringify(reviewed(one)), { agent })
      assert.equal(status, 200)
      check(one, JSON.parse(body))
    })
  }
})
