import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { pino } from 'pino'
import { issueAuthority, issueClient, issueServer } from '../../src/certificates/issue.ts'
import { buildListener } from '../../src/server/listener.ts'
import { refuseStrangers } from '../../src/server/strangers.ts'
import { tlsOptions } from '../../src/server/tls.ts'
import { ServerRecorder } from '../harness/stand-ins/server-recorder.ts'
import { A_DAY } from '../harness/validities.ts'

/** More rejections than the log writes at once and, at one a second, during the test. */
const MANY = 500

test('clients with another name are rejected: all are counted, but not all are logged', async (t) => {
  const authority = issueAuthority('clients', A_DAY)
  const clients = { ca: authority.cert, names: new Set(['kube-apiserver']) }
  const log: { reason: string; names: string[]; address: string; suppressed?: number }[] = []
  const logger = pino({ base: null }, { write: (line: string) => log.push(JSON.parse(line)) })
  const observer = new ServerRecorder()
  const pair = issueServer(authority, ['127.0.0.1'], A_DAY)
  const { app } = buildListener({
    tls: tlsOptions(pair, clients),
    connections: { most: 10, bodies: false, observer },
  })
  refuseStrangers(app, { clients, observer, logger })
  app.get('/', () => 'allowed')
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => app.close())
  const { port } = app.server.address() as AddressInfo

  async function ask(name: string, times: number): Promise<string> {
    const agent = new https.Agent({ ca: authority.cert, keepAlive: true, ...issueClient(authority, name, A_DAY) })
    let answer = ''
    for (let n = 0; n < times; n += 1) {
      const request = https.get(`https://127.0.0.1:${port}/`, { agent })
      const [response] = await once(request, 'response')
      answer = `${response.statusCode} ${await text(response)}`
    }
    agent.destroy()
    return answer
  }
  assert.equal(await ask('kube-apiserver', 1), '200 allowed')
  assert.equal(
    await ask('stranger', MANY),
    '403 the common name of this client certificate is not allowed (--client-name)',
  )
  assert.deepEqual(observer.refused, { no_certificate: 0, not_trusted: 0, name: MANY })
  assert.deepEqual([log[0]?.reason, log[0]?.names, log[0]?.address], ['name', ['stranger'], '127.0.0.1'])
  assert.ok(log.length >= 100 && log.length < MANY, String(log.length))
})
