import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { type GuardedField, guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { createLogger } from '../../src/server/log.ts'
import { appWith } from '../harness/stand-ins/app.ts'
import { ServerRecorder } from '../harness/stand-ins/server-recorder.ts'
import { defaultSettings } from '../harness/stand-ins/settings.ts'

const from = { group: 'example.com', kind: 'Shield', plural: 'shields' }
const rows: GuardedField[] = [
  { from, path: 'spec.title' },
  { from, path: 'spec.backend', to: { group: '', kind: 'Service' } },
]
const lines: string[] = []
const observer = new ServerRecorder()
const app = appWith({
  settings: () => ({ ...defaultSettings, coverage: new Coverage([...guardedFields, ...rows]) }),
  logger: createLogger('info', { write: (line) => void lines.push(line) }),
  observer,
})
after(() => app.close())

async function review(spec: unknown) {
  const request = {
    uid: '1',
    kind: { group: from.group, version: 'v1', kind: from.kind },
    namespace: 'shop',
    name: 'front',
    operation: 'CREATE',
    userInfo: {},
    object: { spec },
  }
  lines.length = 0
  const payload = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }
  const answer = await app.inject({ method: 'POST', url: '/validate?timeout=5s', payload })
  return answer.json().response as { allowed: boolean; status?: { message: string } }
}

const told = () => lines.map((line) => JSON.parse(line)).filter(({ fields }) => fields !== undefined)

suite('a row that leads to something that is not a reference', () => {
  test('denies nothing, and is logged and counted', async () => {
    const { allowed } = await review({ title: 'A shield', backend: { name: 'payments' } })
    assert.equal(allowed, true)
    assert.deepEqual(
      told().map(({ uid, object, fields }) => ({ uid, object, fields })),
      [{ uid: '1', object: { kind: 'Shield', namespace: 'shop', name: 'front' }, fields: ['spec.title'] }],
    )
    assert.deepEqual(observer.misfits, [{ kind: 'Shield', field: 'spec.title' }])
  })

  test('does not affect the other rows', async () => {
    const { allowed, status } = await review({ title: 'A shield', backend: { name: 'payments', namespace: 'billing' } })
    assert.equal(allowed, false)
    assert.match(status?.message ?? '', /spec\.backend refers to Service "payments" in namespace "billing"/)
    assert.equal(told().length, 1)
  })

  test('is reported only for objects that have the field', async () => {
    await review({ backend: { name: 'payments', namespace: 'billing' } })
    assert.deepEqual(told(), [])
  })
})
