import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { issueAuthority } from '../../src/certificates/issue.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { applyRegistration, printed } from '../harness/control-plane/guarded-cluster.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { route } from '../harness/objects/objects.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'
import { A_DAY } from '../harness/validities.ts'

/** An authority that did not issue the certificate of any server. */
const clientCa = path.join(folderWith({ 'ca.crt': issueAuthority('clients', A_DAY).cert }), 'ca.crt')

let cluster: Cluster
let silent: Server
let strict: Refgrant

before(async () => {
  // Without a kube-proxy: the API server looks for the Service's endpoints itself, as on GKE.
  cluster = await startCluster({ apiServerFlags: ['--enable-aggregator-routing=true'] })
  await cluster.namespaces('shop')
  silent = createServer(() => {}).listen(0, '127.0.0.1')
  const grants = ['--kubeconfig', cluster.account]
  strict = await startRefgrant({ certs: cluster.certs, grants, more: ['--client-ca', clientCa] })
})
after(async () => {
  await strict?.stop()
  silent?.close()
  await cluster?.controlPlane.stop()
})

type Policy = 'Fail' | 'Ignore'

const ca = () => path.join(cluster.certs, 'ca.crt')
const under = (server: { url: string }, policy: Policy, authority = ca()) =>
  applyRegistration(cluster.controlPlane, server, authority, ['--failure-policy', policy])
const at = (port: number, policy: Policy) => under({ url: `https://127.0.0.1:${port}/validate` }, policy)
const portOf = (server: Server) => (server.address() as AddressInfo).port

/** Registers a webhook that cannot be reached, each in its way. */
const ways: Record<string, (policy: Policy) => Promise<void>> = {
  'connection refused': (policy) => at(1, policy),
  'context deadline exceeded': (policy) => at(portOf(silent), policy),
  'certificate required': (policy) => under(strict, policy),
  'x509: certificate signed by unknown authority': (policy) => under(strict, policy, clientCa),
  'service "refgrant" not found': (policy) => viaService(policy),
  'no endpoints available for service "refgrant"': async (policy) => {
    const metadata = { name: 'refgrant', namespace: 'refgrant-system' }
    const spec = { selector: { app: 'refgrant' }, ports: [{ port: 443, targetPort: 8443 }] }
    await cluster.controlPlane.api.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec } as ApiObject)
    await viaService(policy)
  },
}

const viaService = async (policy: Policy) =>
  cluster.controlPlane.api.apply(...(await printed('manifests', 'webhook', '--failure-policy', policy, '--ca', ca())))

suite('kubectl shows why the webhook cannot be reached, in the words of docs/troubleshooting.md:', () => {
  const headings = readFileSync('docs/troubleshooting.md', 'utf8').split('\n')
  for (const [words, register] of Object.entries(ways))
    test(words, async () => {
      assert.ok(headings.includes(`### ${words}`))
      const object = JSON.stringify(route({ name: 'checkout', backends: [['payments', 'billing']] }))
      const create = () => cluster.kubectl(['create', '--dry-run=server', '-f', '-'], object)
      await register('Fail')
      // The API server goes by a registration a moment after it was written.
      await until(`kubectl says ${words}`, async () => {
        const { stderr } = await create()
        return stderr.includes('failed calling webhook "deny.refgrant.dev"') && stderr.includes(words)
      })
      await register('Ignore')
      await until('the write passes under Ignore', async () => (await create()).code === 0)
    })
})
