import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { stringify } from 'yaml'
import { issueAuthority, issueClient } from '../../src/certificates/issue.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { register } from '../harness/control-plane/guarded-cluster.ts'
import { folderWith } from '../harness/folders.ts'
import { route } from '../harness/objects/objects.ts'
import { refgrant as command } from '../harness/program/cli.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { post } from '../harness/traffic/post.ts'
import { until } from '../harness/until.ts'
import { A_DAY } from '../harness/validities.ts'

const NAME = 'kube-apiserver'
const certs = folderWith({})
const file = (name: string) => readFileSync(path.join(certs, name), 'utf8')

let cluster: Cluster
let refgrant: Refgrant

before(async () => {
  await command(['certs', '--out', certs, '--client', NAME])
  // How an API server is told to present a certificate (Kubernetes, "Dynamic Admission Control", "Authenticate API servers").
  const user = { 'client-certificate': path.join(certs, 'client.crt'), 'client-key': path.join(certs, 'client.key') }
  const kubeconfig = { apiVersion: 'v1', kind: 'Config', users: [{ name: '*', user }] }
  const folder = folderWith({ kubeconfig: stringify(kubeconfig) })
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'WebhookAdmissionConfiguration',
    kubeConfigFile: path.join(folder, 'kubeconfig'),
  }
  const plugins = [{ name: 'ValidatingAdmissionWebhook', configuration }]
  const admission = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins }
  const flag = `--admission-control-config-file=${path.join(folderWith({ 'admission.yaml': stringify(admission) }), 'admission.yaml')}`
  cluster = await startCluster({ apiServerFlags: [flag] })
  await cluster.namespaces('shop', 'billing')
  const more = ['--client-ca', path.join(certs, 'ca.crt'), '--client-name', NAME]
  refgrant = await startRefgrant({ certs, grants: ['--kubeconfig', cluster.account], more })
})
after(async () => {
  await refgrant?.stop()
  await cluster?.controlPlane.stop()
})

/** Asks for a review as a client with this certificate; rejects if the handshake fails. */
async function ask(identity: { cert?: string; key?: string }) {
  const agent = new https.Agent({ ca: file('ca.crt'), ...identity })
  try {
    return await post(refgrant.url, '{}', { agent })
  } finally {
    agent.destroy()
  }
}

test('an API server that presents its certificate is answered', async () => {
  // Registered means that a write has been refused: by a call that was answered.
  await register(cluster.controlPlane, refgrant, path.join(certs, 'ca.crt'))
  const object = route({ name: 'checkout', backends: [['payments', 'billing']] })
  const { stderr } = await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object))
  assert.match(stderr, /admission webhook "deny\.refgrant\.dev" denied the request: HTTPRoute "checkout"/)
})

test('a client with its certificate gets as far as the review', async () => {
  const { status, body } = await ask({ cert: file('client.crt'), key: file('client.key') })
  assert.equal(status, 400)
  assert.match(body, /^not an AdmissionReview/)
})

const refused = (reason: string) => refgrant.metric('refgrant_clients_refused_total', `reason="${reason}"`)

test('a client without a certificate, or with one of another authority, gets no answer, and leaves a trace', async () => {
  await assert.rejects(ask({}))
  await until('it is counted', async () => (await refused('no_certificate')) === 1)
  await assert.rejects(ask(issueClient(issueAuthority('others', A_DAY), NAME, A_DAY)))
  // A server's certificate is no client's.
  await assert.rejects(ask({ cert: file('tls.crt'), key: file('tls.key') }))
  await until('both are counted', async () => (await refused('not_trusted')) === 2)
  const logged = refgrant.log.filter(({ msg }) => msg === 'rejected a client')
  assert.deepEqual(
    logged.map(({ level, reason, problem }) => [level, reason, problem]),
    [
      ['warn', 'no_certificate', undefined],
      ['warn', 'not_trusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['warn', 'not_trusted', 'INVALID_PURPOSE'],
    ],
  )
})
