import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import forge from 'node-forge'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { type Validity, validFor, validityOf } from '../../src/certificates/validity.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { applyRegistration, printed } from '../harness/control-plane/guarded-cluster.ts'
import { folderWith, replaceFile } from '../harness/folders.ts'
import { TcpProxy } from '../harness/network/tcp-proxy.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { refgrant as command } from '../harness/program/cli.ts'
import { type Refgrant, type RefgrantOptions, startRefgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'
import { A_DAY } from '../harness/validities.ts'

const PAGE = 'docs/troubleshooting.md'

/** Headings that other tests are about, with a text of the test. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, text: string]>> = {
  'refgrant is overloaded': ['test/end-to-end/failure-policy.test.ts', 'overloaded: async (context)'],
  // No object that the CRDs of Gateway API allow is so large.
  'is too large to be judged': ['test/server/content.test.ts', 'is denied, and the reason says what to do'],
  'The budget of fresh reads is exhausted': [
    'test/end-to-end/kubectl.test.ts',
    'when the budget of fresh reads is exhausted',
  ],
  // What gateway controllers say. The remedies are commands.
  RefNotPermitted: ['test/end-to-end/audit.test.ts', 'names the command that prints the missing grants'],
  BackendNotFound: ['test/end-to-end/kubectl.test.ts', 'whether the namespace, the target or other grants exist'],
  'cannot reconcile the certificate authorities': [
    'test/end-to-end/certificates.test.ts',
    'a Secret that is lost, or cannot be written, kept or typed as usual',
  ],
  'conflict occurred while applying object': [
    'test/end-to-end/chart-installed.test.ts',
    'conflict occurred while applying object',
  ],
  'cannot reuse a name that is still in use': [
    'test/end-to-end/chart-installed.test.ts',
    'cannot reuse a name that is still in use',
  ],
  'exists and cannot be imported into the current release': [
    'test/end-to-end/chart-installed.test.ts',
    'exists and cannot be imported into the current release',
  ],
  ImagePullBackOff: ['test/node/mishaps.test.ts', 'an image that cannot be pulled blocks no write'],
  'another writer undoes this step': ['test/runtime/self-managed.test.ts', 'while somebody undoes each write'],
  'refgrant_knowledge_age_seconds grows': ['test/end-to-end/failure-policy.test.ts', 'refgrant_knowledge_age_seconds'],
  'refgrant_lists_total{reason="expired"} grows': [
    'test/end-to-end/faults-control-plane.test.ts',
    'when etcd has forgotten the version to resume from',
  ],
}

/** An authority that did not issue the certificate of any server. */
const otherCa = path.join(folderWith({ 'ca.crt': issueAuthority('another', A_DAY).cert }), 'ca.crt')

/** How long the API server waits for an answer here, in s. */
const configuration = path.join(
  folderWith({ 'refgrant.yaml': 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\ntimeoutSeconds: 2\n' }),
  'refgrant.yaml',
)

let cluster: Cluster
/** A server without any problem. */
let good: Refgrant

before(async () => {
  // Without a kube-proxy: the API server looks for the Service's endpoints itself, as on GKE.
  cluster = await startCluster({ apiServerFlags: ['--enable-aggregator-routing=true'] })
  await cluster.namespaces('shop', 'billing')
  good = await startRefgrant({ certs: cluster.certs, grants: source() })
})
after(async () => {
  await good?.stop()
  await cluster?.controlPlane.stop()
})

/** What a server reads: a request with a shorter timeout than that of its configuration would not show why a look-up failed. */
const source = () => ['--kubeconfig', cluster.account, '--config', configuration]
const ca = () => path.join(cluster.certs, 'ca.crt')
const register = (server: { url: string }, authority = ca()) =>
  applyRegistration(cluster.controlPlane, server, authority, ['--config', configuration])
const registerService = async () =>
  cluster.controlPlane.api.apply(...(await printed('manifests', 'webhook', '--failure-policy', 'Fail', '--ca', ca())))

async function start(context: TestContext, options: Partial<RefgrantOptions>): Promise<Refgrant> {
  const refgrant = await startRefgrant({ certs: cluster.certs, grants: source(), ...options })
  context.after(() => refgrant.process.kill('SIGKILL'))
  return refgrant
}

/** Runs a command that must succeed, and applies what it prints. */
async function applyPrinted(...argv: string[]): Promise<void> {
  const printed = await command(argv)
  const { code, stderr } = await cluster.kubectl(
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    printed.stdout,
  )
  assert.equal(code, 0, `${printed.stderr}${stderr}`)
}

/** The first command below a heading of the page, without `kubectl`. */
function commandBelow(heading: string): string[] {
  const [, below = ''] = readFileSync(PAGE, 'utf8').split(`\n### ${heading}\n`)
  const [, line = ''] = /^ {4}kubectl (.*)$/m.exec(below.split('\n### ')[0] ?? '') ?? []
  assert.notEqual(line, '', `there is no command below ${heading}`)
  return line.split(' ')
}

const CROSSING = JSON.stringify(route({ name: 'checkout', backends: [['payments', 'billing']] }))
const create = () => cluster.kubectl(['create', '--dry-run=server', '-f', '-'], CROSSING)

/** Waits until the API server says this about the write: it goes by a registration a moment after it was written. */
const says = (...texts: string[]) =>
  until(`kubectl says ${texts.join(' and ')}`, async () => {
    const { stderr } = await create()
    return texts.every((text) => stderr.includes(text))
  })
const passes = () => until('the write passes', async () => (await create()).code === 0)
const isJudged = () => says('which no ReferenceGrant permits')

/** A folder with a certificate for these hosts, with this validity. */
function certificateFor(hosts: readonly [string, ...string[]], validity: Validity) {
  const authority = issueAuthority('test', A_DAY)
  const issue = (hosts: readonly [string, ...string[]], validity: Validity) => {
    const { cert, key } = issueServer(authority, hosts, validity)
    return { 'tls.crt': cert, 'tls.key': key }
  }
  const folder = folderWith({ 'ca.crt': authority.cert, ...issue(hosts, validity) })
  return {
    folder,
    ca: path.join(folder, 'ca.crt'),
    /** Replaces the certificate. */
    renew(hosts: readonly [string, ...string[]], validity: Validity) {
      // A server that reads one file of each pair tries again.
      for (const [file, content] of Object.entries(issue(hosts, validity)))
        replaceFile(path.join(folder, file), content)
    },
  }
}

/** Serves a certificate for localhost with these extensions alone, until it is replaced by a good one. */
const withExtensions =
  (...extensions: object[]) =>
  async (context: TestContext, heading: string) => {
    const { privateKey, publicKey } = forge.pki.rsa.generateKeyPair(2_048)
    const draft = forge.pki.createCertificate()
    draft.publicKey = publicKey
    draft.validity.notBefore = new Date(Date.now() - 60_000)
    draft.validity.notAfter = new Date(Date.now() + 3_600_000)
    draft.setSubject([{ name: 'commonName', value: 'localhost' }])
    draft.setIssuer([{ name: 'commonName', value: 'localhost' }])
    draft.setExtensions(extensions)
    draft.sign(privateKey, forge.md.sha256.create())
    const [cert, key] = [forge.pki.certificateToPem(draft), forge.pki.privateKeyToPem(privateKey)]
    const made = certificateFor(['localhost'], A_DAY)
    for (const [file, content] of Object.entries({ 'tls.crt': cert, 'tls.key': key }))
      replaceFile(path.join(made.folder, file), content)
    const both = folderWith({ 'ca.crt': readFileSync(made.ca, 'utf8') + cert })
    const server = await start(context, { certs: made.folder })
    await register({ url: server.url.replace('127.0.0.1', 'localhost') }, path.join(both, 'ca.crt'))
    await says(heading)
    made.renew(['localhost'], A_DAY)
    await isJudged()
  }

/** Edits the entry of mode deny, until the registration is written again. */
const edited = (place: string, value: unknown) => async (_context: TestContext, heading: string) => {
  await register(good)
  await isJudged()
  await edit(place, value)
  await says(...heading.split('…').map((part) => part.trim()))
  await unregister()
  await register(good)
  await isJudged()
}

async function unregister(): Promise<void> {
  assert.equal((await cluster.kubectl(['delete', 'validatingwebhookconfiguration', 'refgrant'])).code, 0)
}

async function edit(place: string, value: unknown): Promise<void> {
  const patch = JSON.stringify([{ op: 'add', path: `/webhooks/0/${place}`, value }])
  const argv = ['patch', 'validatingwebhookconfiguration', 'refgrant', '--type=json', '-p', patch]
  const { code, stderr } = await cluster.kubectl(argv)
  assert.equal(code, 0, stderr)
}

/** A heap in which the grants of a namespace have little room, in MiB. */
const SMALL_HEAP = 96

/** A grant that is as large as its CRD allows, and permits nothing of interest. */
function largestGrant(number: number): ApiObject {
  const object = grant({ name: `large-${number}`, to: 'ledger' })
  const [group, kind, name] = [`${'g'.repeat(60)}.example.com`, 'K'.repeat(63), 'n'.repeat(240)]
  const many = <T>(make: (index: number) => T) => Array.from({ length: 16 }, (_, index) => make(index))
  const from = many((index) => ({ group, kind, namespace: `${'f'.repeat(60)}${index}` }))
  return { ...object, spec: { from, to: many((index) => ({ group, kind, name: `${name}-${index}` })) } } as ApiObject
}

/** The validity of a certificate that expires soon, in ms: longer than a server takes to notice a file. */
const SHORT = 5_000

/** Brings each problem about, waits for its text, and does what the page says. */
const PROBLEMS: Readonly<Record<string, (context: TestContext, heading: string) => Promise<void>>> = {
  async 'context deadline exceeded'(context, heading) {
    const proxy = await TcpProxy.start({ server: good.url })
    context.after(() => proxy.close())
    proxy.hole()
    await register({ url: proxy.server })
    await says(heading)
    proxy.heal()
    await isJudged()
  },
  async 'connection refused'(context, heading) {
    const ended = await startRefgrant({ certs: cluster.certs, grants: source() })
    await register(ended)
    await isJudged()
    await ended.stop()
    await says(heading)
    await start(context, { listen: new URL(ended.url).host })
    await isJudged()
  },
  async 'service "refgrant" not found'(_context, heading) {
    await registerService()
    await says(heading)
    assert.equal((await cluster.kubectl(commandBelow(heading))).code, 0)
    await passes()
  },
  async 'no endpoints available for service "refgrant"'(_context, heading) {
    const metadata = { name: 'refgrant', namespace: 'refgrant-system' }
    const spec = { selector: { app: 'refgrant' }, ports: [{ port: 443, targetPort: 8443 }] }
    await cluster.controlPlane.api.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec } as ApiObject)
    await registerService()
    await says(heading)
    // A Service gets endpoints on the node: test/node/mishaps.test.ts.
  },
  async 'x509: certificate signed by unknown authority'(_context, heading) {
    await register(good, otherCa)
    await says(heading)
    await applyPrinted('manifests', 'webhook', '--ca', ca(), '--url', new URL(good.url).origin)
    await isJudged()
  },
  async 'x509: certificate is valid for …, not …'(context, heading) {
    const made = certificateFor(['refgrant.example.com'], A_DAY)
    const misnamed = await start(context, { certs: made.folder })
    await register({ url: misnamed.url.replace('127.0.0.1', 'localhost') }, made.ca)
    await says(...heading.split('…').map((part) => part.trim()), 'refgrant.example.com', 'localhost')
    made.renew(['localhost'], A_DAY)
    await isJudged()
  },
  'x509: certificate relies on legacy Common Name field': withExtensions(),
  'x509: certificate specifies an incompatible key usage': withExtensions(
    { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    { name: 'extKeyUsage', clientAuth: true },
  ),
  'unable to load root certificates': edited('clientConfig/caBundle', Buffer.from('garbage').toString('base64')),
  'resulted in error': edited('matchConditions/-', { name: 'own', expression: 'object.spec.nothing == 1' }),
  async 'the server could not find the requested resource'(context, heading) {
    await edited('clientConfig/url', `${new URL(good.url).origin}/validat`)(context, heading)
  },
  async 'http: server gave HTTP response to HTTPS client'(context, heading) {
    const plain = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
    await once(plain, 'listening')
    context.after(() => plain.close())
    const { port } = plain.address() as AddressInfo
    await edited('clientConfig/url', `https://127.0.0.1:${port}/validate/deny`)(context, heading)
  },
  async 'no service port … found for service "refgrant"'(_context, heading) {
    const metadata = { name: 'refgrant', namespace: 'refgrant-system' }
    const spec = { selector: { app: 'refgrant' }, ports: [{ port: 443, targetPort: 8443 }] }
    await cluster.controlPlane.api.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec } as ApiObject)
    await registerService()
    await edit('clientConfig/service/port', 8443)
    await says(...heading.split('…').map((part) => part.trim()))
    await edit('clientConfig/service/port', 443)
    await says('no endpoints available')
    // Other entries have a URL.
    await unregister()
  },
  async 'x509: certificate has expired or is not yet valid'(context, heading) {
    const made = certificateFor(['127.0.0.1'], A_DAY)
    const expiring = await start(context, { certs: made.folder })
    const reloads = () => expiring.log.filter(({ msg }) => msg === 'reloaded the certificate').length
    // A busy server may look at a pair when it has expired already, and not use it.
    for (let isUsed = false; !isUsed; isUsed = reloads() > 0) {
      made.renew(['127.0.0.1'], validFor(SHORT))
      const { to } = validityOf(readFileSync(path.join(made.folder, 'tls.crt'), 'utf8'))
      await until('the certificate expires', () => Date.now() > to.getTime())
    }
    await register(expiring, made.ca)
    await says(heading)
    made.renew(['127.0.0.1'], A_DAY)
    await isJudged()
  },
  async 'certificate required'(context, heading) {
    const strict = await start(context, { more: ['--client-ca', otherCa] })
    await register(strict)
    await says(heading)
    assert.ok((await strict.metric('refgrant_clients_refused_total')) > 0)
    await strict.stop()
    await start(context, { listen: new URL(strict.url).host })
    await isJudged()
  },
  async 'could not look up ReferenceGrants'(context, heading) {
    const rights = (await printed('manifests', 'rbac')).filter(({ kind }) => kind.endsWith('Binding'))
    await cluster.controlPlane.api.delete(...rights)
    context.after(() => cluster.controlPlane.api.apply(...rights))
    const mayList = async () => (await cluster.kubectl(commandBelow(heading))).stdout.trim()
    await until('the account has no rights', async () => (await mayList()) === 'no')
    const blind = await start(context, { waitFor: 'listening' })
    await register(blind)
    await says('failed calling webhook "deny.refgrant.dev"', heading, 'the API server answered HTTP 403')
    assert.match(await blind.health('/readyz?verbose'), /^\[-\]grants: waiting for the first list/m)
    const failure = blind.log.find(({ msg }) => String(msg).startsWith('watching failed'))
    assert.match(JSON.stringify(failure), /forbidden/i)
    await applyPrinted('manifests', 'rbac', '--certificates', 'files')
    assert.equal(await mayList(), 'yes')
    await isJudged()
    await until('it is ready', async () => (await blind.health('/readyz')) === 'ok\n')
  },
  async 'a namespace has more grants than can be read'(context, heading) {
    const small = await start(context, { nodeOptions: [`--max-old-space-size=${SMALL_HEAP}`] })
    await register(small)
    await isJudged()
    const { api } = cluster.controlPlane
    const stored: ApiObject[] = []
    const incomplete = () => small.metric('refgrant_incomplete_namespaces')
    await until('the namespace is incomplete', async () => {
      const batch = Array.from({ length: 20 }, (_, index) => largestGrant(stored.length + index))
      await Promise.all(batch.map((object) => api.apply(object)))
      stored.push(...batch)
      return (await incomplete()) === 1
    })
    await says(heading)
    await api.delete(...stored)
    await isJudged()
  },
  async 'which no ReferenceGrant permits'(_context, heading) {
    await register(good)
    await says(heading)
    const label = commandBelow(heading).map((word) => (word === 'NAMESPACE' ? 'shop' : word))
    assert.equal((await cluster.kubectl(label)).code, 0)
    await passes()
    assert.match((await create()).stderr, /^Warning: /)
    assert.equal((await cluster.kubectl(['label', 'namespace', 'shop', 'refgrant.dev/mode-'])).code, 0)
    await isJudged()
    const file = path.join(folderWith({ 'route.yaml': CROSSING }), 'route.yaml')
    await applyPrinted('grant', '-f', file)
    await passes()
  },
}

/** Headings that the test of another one is about too. */
const SHARED: Readonly<Record<string, string>> = {
  'waiting for the first list': 'could not look up ReferenceGrants',
}

suite(`a user sees the text that ${PAGE} has, and its remedy works:`, () => {
  for (const [heading, happens] of Object.entries(PROBLEMS)) test(heading, (context) => happens(context, heading))
})

test(`each heading of ${PAGE} has a test`, () => {
  const headings = [...readFileSync(PAGE, 'utf8').matchAll(/^### (.*)$/gm)].map(([, heading]) => heading as string)
  const tested = [PROBLEMS, ELSEWHERE, SHARED].flatMap((one) => Object.keys(one))
  assert.deepEqual(headings.toSorted(), tested.toSorted())
  for (const [file, text] of Object.values(ELSEWHERE)) assert.ok(readFileSync(file, 'utf8').includes(text), text)
})
