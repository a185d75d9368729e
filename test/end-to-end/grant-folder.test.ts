import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { folderWith, replaceFile } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { post } from '../harness/traffic/post.ts'
import { reference, review, route } from '../harness/traffic/reviews.ts'
import { until } from '../harness/until.ts'

let server: Refgrant
let agent: https.Agent
const folder = folderWith({ 'grant.yaml': GRANT })

before(async () => {
  server = await startRefgrant({ grants: ['--grants', folder] })
  agent = new https.Agent({ ca: server.ca, keepAlive: true })
})
after(async () => {
  agent?.destroy()
  await server?.stop()
})

const REVIEW = review(route(reference('payments', 'billing')))

/** `permitted`, `refused`, or why there is no verdict. */
async function verdict(): Promise<string> {
  const { status, body } = await post(`${server.url}?timeout=5s`, REVIEW, { agent })
  const { message, response } = JSON.parse(body)
  if (status !== 200) return message
  return response.allowed ? 'permitted' : 'refused'
}

test('a folder of grants is followed through renames and deletions, and without it nothing is refused', {
  timeout: 180_000,
}, async () => {
  const file = path.join(folder, 'grant.yaml')
  const save = (content: string) => replaceFile(file, content)
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
