import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { post } from '../harness/traffic/post.ts'
import { reference, review, route } from '../harness/traffic/reviews.ts'
import { until } from '../harness/until.ts'

/** Long enough for everything that a test does meanwhile, in s; nothing waits for its end. */
const LONG = 600

const granted = review(route(reference('payments', 'billing')))

let server: Refgrant

const start = (drain: number) => startRefgrant({ drain, grants: ['--grants', folderWith({ 'grants.yaml': GRANT })] })

before(async () => {
  server = await start(LONG)
})
after(() => server?.process.kill('SIGKILL'))

async function ask(agent: https.Agent) {
  const { body, headers } = await post(server.url, granted, { agent })
  return { allowed: JSON.parse(body).response.allowed, connection: headers.connection }
}

test('after SIGTERM the server is unready, answers on, and sends its clients elsewhere; a second signal ends it', async () => {
  const agent = new https.Agent({ ca: server.ca, keepAlive: true })
  assert.deepEqual(await ask(agent), { allowed: true, connection: 'keep-alive' })
  assert.equal(await server.health('/readyz'), 'ok\n')
  server.process.kill('SIGTERM')
  await until('it is unready', async () => (await server.health('/readyz')).includes('[-]serving'))
  // On the connection that there is, and on a new one.
  assert.deepEqual(await ask(agent), { allowed: true, connection: 'close' })
  assert.deepEqual(await ask(agent), { allowed: true, connection: 'close' })
  agent.destroy()
  const ended = once(server.process, 'exit')
  const said = text(server.process.stderr as Readable)
  server.process.kill('SIGTERM')
  assert.deepEqual(await ended, [2, null])
  assert.equal(
    await said,
    'refgrant: ended immediately by a second signal (SIGTERM): reviews in flight are not answered\n',
  )
})

test('when nothing is left to wait for, one signal is enough', async () => {
  const another = await start(0)
  const ended = once(another.process, 'exit')
  another.process.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})
