import { after, before, suite, test } from 'node:test'
import { type ReverseProxy, type Script, type Scripted, startReverseProxy } from '../harness/network/reverse-proxy.ts'
import { type FaultyCluster, judgeUnder, LONG, lasting, startFaultyCluster } from '../harness/traffic/faults.ts'
import { untilCounted } from '../harness/until.ts'

/** How long the API server answers so, in s. */
const LASTING = LONG ? 60 : 4

let cluster: FaultyCluster<ReverseProxy>

before(async () => {
  cluster = await startFaultyCluster((controlPlane) => startReverseProxy(controlPlane))
})
after(() => cluster?.stop())

const status = (code: number) => JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code })
const failure = (code: number, headers = {}): Scripted => ({ status: code, headers, body: status(code) })
const garbage = (body: string): Scripted => ({ status: 200, headers: { 'content-type': 'application/json' }, body })

/** Answers what is asked about grants: by one after the other, again and again. */
function aboutGrants(...answers: readonly Scripted[]): Script {
  let turn = 0
  return (path) => (path.includes('/referencegrants?') ? answers[turn++ % answers.length] : undefined)
}

const half = '{"type":"ADDED","object":{"kind":"ReferenceGr'
const nonsense = ['<html>Welcome</html>', '', '{}\n', `${status(500)}\n`, half].map(garbage)
const gone = aboutGrants(failure(404))
const scripts: Record<string, Script> = {
  'HTTP 429': aboutGrants(failure(429, { 'retry-after': '1' })),
  'HTTP 500': aboutGrants(failure(500)),
  garbage: aboutGrants(...nonsense),
  'HTTP 404 and discovery fails': (path, method) => (path === '/apis' ? failure(500) : gone(path, method)),
  'HTTP 404 and discovery is garbage': (path, method) => (path === '/apis' ? garbage('{}') : gone(path, method)),
  'HTTP 404 and discovery lists it': gone,
}

suite('no answer is wrong, and the watch recovers, while lists and watches are answered', () => {
  for (const [name, script] of Object.entries(scripts)) {
    test(`with ${name}`, (context) => {
      const least = { permitted: 30, denied: 10, gone: 10 }
      return judgeUnder(context, cluster, { name: `answered with ${name}`, least }, async (churn) => {
        const { proxy } = cluster
        await lasting(churn, 1)
        const answers = proxy.script(script)
        proxy.cut()
        await churn.revoke()
        await lasting(churn, LASTING)
        await untilCounted('grants are asked for', 10, answers)
        proxy.script(() => undefined)
        await lasting(churn, 2)
      })
    })
  }
})
