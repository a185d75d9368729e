import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { folderWith } from '../harness/folders.ts'
import { freePort } from '../harness/free-port.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { certificates } from '../harness/program/certificates.ts'
import { refgrant as command } from '../harness/program/cli.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'

let cluster: Cluster
let refgrant: Refgrant

/** The configuration of the API server in docs/static-registration.md, with another folder. */
function admission(folder: string): string {
  const [, block = ''] = /```yaml\n(.*?)```/s.exec(readFileSync('docs/static-registration.md', 'utf8')) ?? []
  const configuration = parse(block)
  configuration.plugins[0].configuration.staticManifestsDir = folder
  return path.join(folderWith({ 'admission.yaml': stringify(configuration) }), 'admission.yaml')
}

before(async () => {
  const [certs, port] = [await certificates(), await freePort()]
  const [url, ca] = [`https://127.0.0.1:${port}`, path.join(certs, 'ca.crt')]
  const argv = ['manifests', 'webhook', '--static', '--url', url, '--ca', ca, '--failure-policy', 'Fail']
  const { code, stdout, stderr } = await command(argv)
  assert.equal(code, 0, stderr)
  const folder = folderWith({})
  writeFileSync(path.join(folder, 'refgrant.yaml'), stdout)
  // On by default from 1.37 on.
  const gate = '--feature-gates=ManifestBasedAdmissionControlConfig=true'
  cluster = await startCluster({
    certs,
    apiServerFlags: [gate, `--admission-control-config-file=${admission(folder)}`],
  })
  await cluster.namespaces('shop', 'billing')
  refgrant = await startRefgrant({ certs, grants: ['--kubeconfig', cluster.account], listen: `127.0.0.1:${port}` })
})
after(async () => {
  await refgrant?.stop()
  await cluster?.controlPlane.stop()
})

const apply = () =>
  cluster.kubectl(
    ['apply', '-f', '-'],
    JSON.stringify(route({ name: 'checkout', backends: [['payments', 'billing']] })),
  )

suite('a registration in a file of the API server', () => {
  test('refuses what no grant permits, and cannot be seen or deleted', async () => {
    const { stderr } = await apply()
    assert.match(stderr, /admission webhook "deny\.refgrant\.dev" denied the request: HTTPRoute "checkout"/)
    const { stdout } = await cluster.kubectl(['get', 'validatingwebhookconfigurations', '-o', 'name'])
    assert.equal(stdout, '')
  })

  test('permits what a grant permits', async () => {
    await cluster.controlPlane.api.apply(grant({ name: 'shop', to: 'payments' }))
    await until('the route is stored', async () => (await apply()).code === 0)
  })
})

suite('refgrant manifests --static is refused', () => {
  const refused: Record<string, [argv: string[], says: RegExp]> = {
    'without a URL': [['webhook'], /--static needs --url and --ca: an entry in a file cannot name a Service/],
    'without an authority': [['webhook', '--url', 'https://a.example'], /so self-managed certificates do not suit/],
    'for the rights': [['rbac'], /--static is for the part webhook/],
  }
  for (const [title, [argv, says]] of Object.entries(refused))
    test(title, async () => {
      const { code, stderr } = await command(['manifests', '--static', ...argv])
      assert.equal(code, 2)
      assert.match(stderr, says)
    })
})
