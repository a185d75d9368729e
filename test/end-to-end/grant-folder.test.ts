import assert from 'node:assert/strict'
import { once } from 'node:events'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { refgrant as refgrantCommand } from '../harness/program/cli.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'

let server: Refgrant
let agent: https.Agent
const folder = folderWith({ 'grant.yaml': GRANT })

before(async () => {
  const certs = folderWith({})
  await refgrantCommand(['certs', '--out', certs])
  server = await startRefgrant({ certs, grants: ['--grants', folder] })
  agent = new https.Agent({ ca: server.ca, keepAlive: true })
})
after(async () => {
  agent?.destroy()
  await server?.stop()
})

const REVIEW = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u',
    kind: { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' },
    name: 'checkout',
    namespace: 'shop',
    operation: 'CREATE',
    userInfo: { username: 'jane' },
    object: { spec: { rules: [{ backendRefs: [{ name: 'payments', namespace: 'billing' }] }] } },
  },
})

/** `permitted`, `refused`, or why there is no verdict. */
async function verdict(): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const request = https.request(`${server.url}?timeout=5s`, { method: 'POST', agent, headers })
  request.end(REVIEW)
  const [response] = await once(request, 'response')
  const body = JSON.parse(await text(response))
  if (response.statusCode !== 200) return body.message
  return body.response.allowed ? 'permitted' : 'refused'
}

test('a folder of grants is followed through renames and deletions, and without it nothing is refused', {
  timeout: 180_000,
}, async () => {
  const file = path.join(folder, 'grant.yaml')
  const save = (content: string) => {
    writeFileSync(`${file}.new`, content)
    renameSync(`${file}.new`, file)
  }
  assert.equal(await verdict(), 'permitted')
  save(GRANT.replace('payments', 'ledger'))
  await until('the change is in force', async () => (await verdict()) === 'refused')
  save(GRANT)
  assert.equal(await verdict(), 'permitted', 'a refusal looks at the folder first')
  rmSync(file)
  await until('the deletion is in force', async () => (await verdict()) === 'refused')
  renameSync(folder, `${folder}.away`)
  assert.equal(await verdict(), 'refgrant could not look up ReferenceGrants: the folder of grants could not be read')
  renameSync(`${folder}.away`, folder)
  assert.equal(await verdict(), 'refused')
})
