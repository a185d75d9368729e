import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { secretDataOf } from '../../src/certificates/authorities.ts'
import { issueAuthority } from '../../src/certificates/issue.ts'
import { validFor } from '../../src/certificates/validity.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { applyRegistration, register, serverAccount } from '../harness/control-plane/guarded-cluster.ts'
import { type ReverseProxy, startReverseProxy } from '../harness/network/reverse-proxy.ts'
import { type Refgrant, type RefgrantOptions, startRefgrant } from '../harness/program/refgrant.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'

const SECRETS = '/api/v1/namespaces/refgrant-system/secrets'
const SECRET = `${SECRETS}/refgrant-authority`
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/refgrant'

let cluster: Cluster
let proxy: ReverseProxy
let direct: string
let proxied: string

const start = (kubeconfig: string, options: Partial<RefgrantOptions> = {}) =>
  startRefgrant({
    selfManaged: true,
    grants: ['--kubeconfig', kubeconfig],
    more: ['--propagation', '1s', '--certificate-lifetime', '1h', '--authority-lifetime', '4h'],
    ...options,
  })

/** Kills a replica at its n-th write: before the API server has it, or when the replica goes on after it. */
async function killAt(fatal: number, when: 'before' | 'after'): Promise<void> {
  let victim: Refgrant | undefined
  let writes = 0
  const answer = { status: 500, body: 'killed' }
  const killed = Promise.withResolvers<void>()
  proxy.script((path, method) => {
    const isOwn = path.startsWith(SECRETS) || path.startsWith(REGISTRATION)
    // Until the harness has the process, the replica waits.
    if (isOwn && !victim) return answer
    const isFatal = when === 'before' ? method !== 'GET' && writes === fatal - 1 : writes === fatal
    if (method !== 'GET') writes += 1
    if (!isOwn || !isFatal) return undefined
    victim?.process.kill('SIGKILL')
    killed.resolve()
    return answer
  })
  victim = await start(proxied, { waitFor: 'listening' })
  await killed.promise
}

/** An authority that is due: of its four hours, one is left. */
async function putDue(): Promise<void> {
  const current = issueAuthority('refgrant old', validFor(60 * 60 * 1_000))
  const metadata = { namespace: 'refgrant-system', name: 'refgrant-authority' }
  const body = { apiVersion: 'v1', kind: 'Secret', metadata, data: secretDataOf({ current }) }
  await cluster.controlPlane.api.must('POST', SECRETS, body)
}

const scenes = [
  { title: 'the beginning', writes: 2, prepare: async () => {}, left: ['ca.crt', 'ca.key'] },
  // Trust in the authority that is due, its successor, trust in that, and the change.
  { title: 'a change over', writes: 4, prepare: putDue, left: ['ca.crt', 'ca.key', 'previous.crt'] },
]
suite('a replica has a successor that goes on if it is killed', { skip: !LONG }, () => {
  before(async () => {
    cluster = await startCluster()
    const { controlPlane } = cluster
    proxy = await startReverseProxy(controlPlane)
    direct = await serverAccount(controlPlane, [])
    const token = await controlPlane.api.token('refgrant-system', 'refgrant')
    proxied = await controlPlane.kubeconfigFor('proxied', token, proxy.server, proxy.ca)
  })
  after(async () => {
    await proxy?.close()
    await cluster?.controlPlane.stop()
  })

  for (const { title, writes, prepare, left } of scenes)
    for (let fatal = 1; fatal <= writes; fatal += 1)
      for (const when of ['before', 'after'] as const)
        test(`${when} write ${fatal} of ${title}`, async (context) => {
          const { controlPlane } = cluster
          const { api } = controlPlane
          await api.request('DELETE', SECRET)
          await api.request('DELETE', REGISTRATION)
          await prepare()
          await applyRegistration(controlPlane, { url: 'https://127.0.0.1:1' }, undefined, [])
          await killAt(fatal, when)
          const successor = await start(direct)
          context.after(() => successor.process.kill('SIGKILL'))
          await register(controlPlane, successor, undefined)
          const keys = async () => Object.keys((await api.must('GET', SECRET)).data)
          await until('the life of the authorities goes on', async () => (await keys()).join() === left.join())
          await register(controlPlane, successor, undefined)
          assert.equal(await successor.metric('refgrant_certificate_renewals_total', '"failed"'), 0)
        })
})
