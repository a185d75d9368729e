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

let cluster: Cluster
let silent: Server
let strict: Refgrant

before(async () => {
  // Without a kube-proxy: the API server looks for the Service's endpoints itself, as on GKE.
  cluster = await startCluster({ apiServerFlags: ['--enable-aggregator-routing=true'] })
  await cluster.namespaces('shop')
  silent = createServer(() => {}).listen(0, '127.0.0.1')
  const clientCa = path.join(folderWith({ 'ca.crt': issueAuthority('clients', 1).cert }), 'ca.crt')
  const grants = ['--kubeconfig', cluster.account]
  strict = await startRefgrant({ certs: cluster.certs, grants, more: ['--client-ca', clientCa] })
})
after(async () => {
  await strict?.stop()
  silent?.close()
  await cluster?.controlPlane.stop()
})

const ca = () => path.join(cluster.certs, 'ca.crt')
const at = (port: number) =>
  applyRegistration(cluster.controlPlane, { url: `https://127.0.0.1:${port}/validate` }, ca(), [])
const portOf = (server: Server) => (server.address() as AddressInfo).port

/** Registers a webhook that cannot be reached, each in its way. */
const ways: Record<string, () => Promise<void>> = {
  'connection refused': () => at(1),
  'context deadline exceeded': () => at(portOf(silent)),
  'certificate required': () => applyRegistration(cluster.controlPlane, strict, ca(), []),
  'service "refgrant" not found': async () =>
    cluster.controlPlane.api.apply(
      ...(await printed('manifests', 'webhook', '--failure-policy', 'Fail', '--ca', ca())),
    ),
  'no endpoints available for service "refgrant"': async () => {
    const metadata = { name: 'refgrant', namespace: 'refgrant-system' }
    const spec = { selector: { app: 'refgrant' }, ports: [{ port: 443, targetPort: 8443 }] }
    await cluster.controlPlane.api.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec } as ApiObject)
  },
}

suite('kubectl shows why the webhook cannot be reached, in the words of docs/monitoring.md:', () => {
  const documented = readFileSync('docs/monitoring.md', 'utf8')
  for (const [words, register] of Object.entries(ways))
    test(words, async () => {
      assert.ok(documented.includes(`failed calling webhook … ${words}\``))
      await register()
      const object = JSON.stringify(route({ name: 'checkout', backends: [['payments', 'billing']] }))
      // The API server goes by a registration a moment after it was written.
      await until(`kubectl says ${words}`, async () => {
        const { stderr } = await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], object)
        return stderr.includes('failed calling webhook "deny.refgrant.dev"') && stderr.includes(words)
      })
    })
})
