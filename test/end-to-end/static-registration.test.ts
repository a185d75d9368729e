import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { binaries, type Release } from '../harness/control-plane/binaries.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import type { ControlPlane } from '../harness/control-plane/control-plane.ts'
import { applyRegistration, printed } from '../harness/control-plane/guarded-cluster.ts'
import { folderWith, replaceFile } from '../harness/folders.ts'
import { freePort } from '../harness/free-port.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { certificates } from '../harness/program/certificates.ts'
import { refgrant as command } from '../harness/program/cli.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { run } from '../harness/program/run.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'

/** The releases, with what makes them read the folder. */
const RELEASES: readonly (readonly [Release, flags: readonly string[]])[] = [
  ['1.36', ['--feature-gates=ManifestBasedAdmissionControlConfig=true']],
  ['1.37', []],
]

const NAME = 'refgrant.static.k8s.io'
const CROSSING = route({ name: 'checkout', backends: [['payments', 'billing']] })

/** The configuration of the API server in docs/static-registration.md, with another folder. */
function admission(folder: string): string {
  const [, block = ''] = /```yaml\n(.*?)```/s.exec(readFileSync('docs/static-registration.md', 'utf8')) ?? []
  const configuration = parse(block)
  configuration.plugins[0].configuration.staticManifestsDir = folder
  return path.join(folderWith({ 'admission.yaml': stringify(configuration) }), 'admission.yaml')
}

/** What another API server says at its start about a folder that it does not take. */
async function refusalOf(release: Release, { folder, etcd }: ControlPlane, flags: readonly string[]): Promise<string> {
  const { code, stderr } = await run((await binaries(undefined, release)).path('kube-apiserver'), [
    ...flags,
    `--etcd-servers=${etcd}`,
    `--cert-dir=${folderWith({})}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${path.join(folder, 'service-account.pub')}`,
    `--service-account-signing-key-file=${path.join(folder, 'service-account.key')}`,
  ])
  assert.equal(code, 1)
  return unquoted(stderr)
}

/** A log without the backslashes before its quotes. */
const unquoted = (log: string) => log.replaceAll('\\', '')

for (const [release, flags] of LONG ? RELEASES : RELEASES.slice(0, 1))
  suite(`a registration in a file of an API server of Kubernetes ${release}`, () => {
    const folder = folderWith({})
    const file = path.join(folder, 'refgrant.yaml')
    let certs: string
    let address: string
    let cluster: Cluster
    let refgrant: Refgrant

    /** What refgrant prints for the file. */
    const manifest = async (ca = path.join(certs, 'ca.crt'), ...settings: string[]) => {
      const argv = ['manifests', 'webhook', '--static', '--url', `https://${address}`, '--ca', ca, ...settings]
      const { code, stdout, stderr } = await command(argv)
      assert.equal(code, 0, stderr)
      return stdout
    }
    const failing = (ca?: string) => manifest(ca, '--failure-policy', 'Fail')
    const grants = () => ['--kubeconfig', cluster.account]
    const serve = () => startRefgrant({ certs, grants: grants(), listen: address, more: ['--static'] })
    /** What the API server says about the write of a route; empty if it allows that. */
    const answer = async () =>
      (await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(CROSSING))).stderr
    const becomes = (title: string, says: RegExp) => until(title, async () => says.test(await answer()))
    const denied = /admission webhook "deny\.refgrant\.dev" denied the request: HTTPRoute "checkout"/

    before(async () => {
      certs = await certificates()
      address = `127.0.0.1:${await freePort()}`
      writeFileSync(file, await failing())
      const apiServerFlags = [...flags, `--admission-control-config-file=${admission(folder)}`]
      cluster = await startCluster({ certs, kubernetes: release, apiServerFlags })
      await cluster.namespaces('shop', 'billing')
    })
    after(async () => {
      await refgrant?.stop()
      await cluster?.controlPlane.stop()
    })

    test('refuses a write under Fail while no server answers', async () => {
      assert.match(await answer(), /failed calling webhook "deny\.refgrant\.dev".*connection refused/)
    })

    test('refuses what no grant permits, and permits what a grant permits', async () => {
      refgrant = await serve()
      assert.match(await answer(), denied)
      const permission = grant({ name: 'shop', to: 'payments' })
      await cluster.controlPlane.api.apply(permission)
      await becomes('the route is permitted', /^$/)
      await cluster.controlPlane.api.delete(permission)
      await refgrant.knows(0)
    })

    test('cannot be seen, deleted or replaced through the API', async () => {
      const kubectl = async (...argv: string[]) => Object.values(await cluster.kubectl(argv)).join(' ')
      assert.equal(await kubectl('get', 'validatingwebhookconfigurations', '-o', 'name'), '0  ')
      assert.match(
        await kubectl('delete', 'validatingwebhookconfiguration', NAME),
        /"refgrant.static.k8s.io" not found/,
      )
      const { status, body } = await cluster.controlPlane.api.create({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name: NAME },
      })
      assert.equal(status, 422)
      assert.match(body.message, /reserved for static manifest-based configurations and cannot be managed via the API/)
      assert.match(await answer(), denied)
    })

    test('is seen by refgrant probe', async () => {
      const { code, stdout } = await command(['probe', '--kubeconfig', cluster.controlPlane.kubeconfig])
      assert.deepEqual([code, stdout.startsWith('namespace default has mode deny: ')], [0, true], stdout)
    })

    test('is not missed by a server that knows where it is', async () => {
      const compared = () => refgrant.log.some(({ msg }) => msg === 'no drift')
      await until('the rights are compared', compared)
      assert.equal(await refgrant.metric('refgrant_drift'), 0)
    })

    test('does not suit self-managed certificates', async () => {
      const { code, stderr } = await command(['serve', '--static', '--certificates', 'self-managed', ...grants()])
      assert.equal(code, 2)
      assert.match(stderr, /--static needs --certificates files: no server can write its authority into the file/)
    })

    test('beside a registration in the API, both ask refgrant, and one remains without the other', async () => {
      const { controlPlane } = cluster
      const reviews = () => refgrant.log.filter(({ msg }) => msg === 'review').length
      const asked = async () => {
        const before = reviews()
        assert.match(await answer(), denied)
        return reviews() - before
      }
      await applyRegistration(controlPlane, { url: `https://${address}` }, path.join(certs, 'ca.crt'), [])
      await until('both ask', async () => (await asked()) === 2)
      await controlPlane.api.delete(...(await printed('manifests', 'webhook')))
      await until('one asks', async () => (await asked()) === 1)
    })

    test('follows its file: other authorities count, and both of a rotation do', async () => {
      const others = folderWith({})
      assert.equal((await command(['certs', '--out', others])).code, 0)
      const other = path.join(others, 'ca.crt')
      replaceFile(file, await failing(other))
      await becomes('the authority is unknown', /failed calling webhook.*x509: certificate signed by unknown authority/)
      const both = [other, path.join(certs, 'ca.crt')].map((name) => readFileSync(name, 'utf8')).join('')
      replaceFile(file, await failing(path.join(folderWith({ 'ca.crt': both }), 'ca.crt')))
      await becomes('the authority is known', denied)
    })

    const invalid: Record<string, [content: (valid: string) => string, says: RegExp]> = {
      'a name without the suffix': [
        (valid) => valid.replace(NAME, 'refgrant'),
        /"refgrant" in file \S+ must have a name ending with "\.static\.k8s\.io/,
      ],
      'a Service': [
        (valid) => valid.replace(/url: .*/, 'service: { namespace: refgrant-system, name: refgrant }'),
        /clientConfig\.service is not supported for static manifests; use clientConfig\.url instead/,
      ],
      'another kind': [
        (valid) => `${valid}---\napiVersion: v1\nkind: ConfigMap\n`,
        /no kind "ConfigMap" is registered/,
      ],
      'half a file': [(valid) => valid.slice(0, valid.length / 2), /error loading \S+refgrant\.yaml/],
    }

    test('stays in force while the file is invalid, and the API server says why', async () => {
      const valid = await failing()
      const { api, folder: its } = cluster.controlPlane
      const log = () => unquoted(readFileSync(path.join(its, 'kube-apiserver.log'), 'utf8'))
      for (const [title, [content, says]] of Object.entries(invalid)) {
        const before = log().length
        replaceFile(file, content(valid))
        await until(`${title} is logged`, () => says.test(log().slice(before)))
        assert.match(await answer(), denied)
      }
      assert.match(
        await api.must('GET', '/metrics'),
        /^apiserver_manifest_admission_config_controller_automatic_reloads_total\{.*status="failure"\} \d/m,
      )
    })

    test('keeps the API server from starting if the file is invalid then', async () => {
      const valid = await failing()
      for (const [, [content, says]] of Object.entries(invalid).slice(0, LONG ? undefined : 1)) {
        const own = `--admission-control-config-file=${admission(folderWith({ 'refgrant.yaml': content(valid) }))}`
        assert.match(await refusalOf(release, cluster.controlPlane, [...flags, own]), says)
      }
    })

    test('lets writes pass under Ignore while no server answers', async () => {
      replaceFile(file, await manifest(undefined))
      await refgrant.stop()
      await becomes('writes pass', /^$/)
    })

    test('ends with its file, as a list in JSON too, and while the file is empty', async () => {
      refgrant = await serve()
      await becomes('it is asked again', denied)
      const json = path.join(folder, 'refgrant.json')
      rmSync(file)
      await becomes('the file is gone', /^$/)
      replaceFile(json, await manifest(undefined, '-o', 'json'))
      await becomes('a list in JSON is read', denied)
      writeFileSync(json, '')
      await becomes('the file is empty', /^$/)
    })
  })

suite('refgrant manifests --static is refused', () => {
  const refused: Record<string, [argv: string[], says: RegExp]> = {
    'without a URL': [['webhook'], /--static needs --url and --ca: an entry in a file cannot name a Service/],
    'without an authority': [['webhook', '--url', 'https://a.example'], /so self-managed certificates do not work/],
    'for the rights': [['rbac'], /--static is for the part webhook/],
  }
  for (const [title, [argv, says]] of Object.entries(refused))
    test(title, async () => {
      const { code, stderr } = await command(['manifests', '--static', ...argv])
      assert.equal(code, 2)
      assert.match(stderr, says)
    })
})
