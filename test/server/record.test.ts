import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { createLogger } from '../../src/server/log.ts'
import { appWith } from '../harness/stand-ins/app.ts'
import { ServerRecorder } from '../harness/stand-ins/server-recorder.ts'

const GROUP = 'gateway.networking.k8s.io'
const lines: string[] = []
const observer = new ServerRecorder()
const app = appWith({ logger: createLogger('info', { write: (line) => void lines.push(line) }), observer })
after(() => app.close())

/** Returns the annotations of the answer, and the line of the log. */
async function post(url: string, kind: string, spec: unknown) {
  const request = {
    uid: '1',
    kind: { group: GROUP, version: 'v1', kind },
    namespace: 'shop',
    name: 'front',
    operation: 'CREATE',
    userInfo: { username: 'jane' },
    object: { spec },
  }
  lines.length = 0
  const payload = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }
  const answer = await app.inject({ method: 'POST', url: `${url}?timeout=5s`, payload })
  return { annotations: answer.json().response.auditAnnotations, logged: lines.map((line) => JSON.parse(line)) }
}

suite('a review is logged with the annotations of its answer, and counted:', () => {
  const crossing = { rules: [{ backendRefs: [{ name: 'payments', namespace: 'billing' }] }] }
  const wrongGrant = { from: [], to: [{ group: 'core', kind: 'Service' }] }
  const rightGrant = {
    from: [{ group: GROUP, kind: 'HTTPRoute', namespace: 'web' }],
    to: [{ group: '', kind: 'Service', name: 'payments' }],
  }

  for (const [title, url, kind, spec, labels] of [
    ['a refusal', '/validate/deny', 'HTTPRoute', crossing, { mode: 'deny', decision: 'refused' }],
    ['a warning', '/validate/warn', 'HTTPRoute', crossing, { mode: 'warn', decision: 'warned' }],
    ['advice on a grant', '/advise', 'ReferenceGrant', wrongGrant, { mode: 'warn', decision: 'advised' }],
  ] as const) {
    test(title, async () => {
      const { annotations, logged } = await post(url, kind, spec)
      assert.equal(logged.length, 1)
      const [line] = logged
      for (const [key, value] of Object.entries(annotations)) assert.equal(line[key], value)
      assert.deepEqual([line.user, line.object.kind, line.msg], ['jane', kind, 'review'])
      assert.deepEqual(observer.reviews.at(-1), { kind, operation: 'CREATE', ...labels, reason: '' })
    })
  }

  test('a grant without findings is not logged at info', async () => {
    const { annotations, logged } = await post('/advise', 'ReferenceGrant', rightGrant)
    assert.deepEqual([annotations, logged], [{ decision: 'advised', findings: '0' }, []])
  })
})
