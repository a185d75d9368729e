import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { refgrant as command } from '../harness/program/cli.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'

/** Long enough for everything that a test does meanwhile, in s; nothing waits for its end. */
const LONG = 600

const review = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u',
    kind: { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' },
    namespace: 'shop',
    operation: 'CREATE',
    userInfo: {},
    object: { spec: { rules: [{ backendRefs: [{ name: 'payments', namespace: 'billing' }] }] } },
  },
}

const certs = folderWith({})
let server: Refgrant

const start = (drain: number) =>
  startRefgrant({ certs, drain, grants: ['--grants', folderWith({ 'grants.yaml': GRANT })] })

before(async () => {
  await command(['certs', '--out', certs])
  server = await start(LONG)
})
after(() => server?.process.kill('SIGKILL'))

async function post(agent: https.Agent) {
  const headers = { 'content-type': 'application/json' }
  const request = https.request(server.url, { method: 'POST', agent, headers })
  request.end(JSON.stringify(review))
  const [response] = await once(request, 'response')
  return { allowed: JSON.parse(await text(response)).response.allowed, connection: response.headers.connection }
}

test('after SIGTERM the server is unready, answers on, and sends its clients elsewhere; a second signal ends it', async () => {
  const agent = new https.Agent({ ca: server.ca, keepAlive: true })
  assert.deepEqual(await post(agent), { allowed: true, connection: 'keep-alive' })
  assert.equal(await server.health('/readyz'), 'ok\n')
  server.process.kill('SIGTERM')
  await until('it is unready', async () => (await server.health('/readyz')).includes('[-]serving'))
  // On the connection that there is, and on a new one.
  assert.deepEqual(await post(agent), { allowed: true, connection: 'close' })
  assert.deepEqual(await post(agent), { allowed: true, connection: 'close' })
  agent.destroy()
  const ended = once(server.process, 'exit')
  server.process.kill('SIGTERM')
  assert.deepEqual(await ended, [2, null])
})

test('when nothing is left to wait for, one signal is enough', async () => {
  const another = await start(0)
  const ended = once(another.process, 'exit')
  another.process.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})
