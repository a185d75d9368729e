import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, suite, type TestContext, test } from 'node:test'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { folderWith } from '../harness/folders.ts'
import { freePort } from '../harness/free-port.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { CLI, refgrant } from '../harness/program/cli.ts'
import { TETHER } from '../harness/program/refgrant.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'
import { until } from '../harness/until.ts'
import { A_DAY, EXPIRED } from '../harness/validities.ts'

/** How long a failing start may take, in ms, before the test kills it; on an idle machine it takes less than 1 s. */
const STUCK = 300_000

const authority = issueAuthority('start', A_DAY)
const pair = issueServer(authority, ['localhost'], A_DAY)
const HEAD = 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\n'
const OWN_ROW = `${HEAD}guardedFields:
  - from: { group: example.com, kind: Policy, plural: policies }
    path: spec.backends[]
`
const BROKEN = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const folder = folderWith({
  'tls.crt': pair.cert,
  'tls.key': pair.key,
  'other.key': issueServer(authority, ['localhost'], A_DAY).key,
  'expired.crt': issueServer(authority, ['localhost'], EXPIRED).cert,
  'chain-broken.crt': `${pair.cert}${BROKEN}`,
  'ca-broken.crt': `${authority.cert}${BROKEN}`,
  'none.pem': 'none\n',
  'config.yaml': HEAD,
  'own-row.yaml': OWN_ROW,
  'config-wrong.yaml': `${HEAD}mode: off\n`,
  'config-broken.yaml': 'kind: [\n',
  'kubeconfig-broken': 'clusters: [\n',
  'kubeconfig-empty': '',
  'kubeconfig-http': JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'not a url' } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  }),
  'grants/grant.yaml': GRANT,
})

let fake: FakeApiServer
let kubeconfig: string
let taken: Server
let free: string
let occupied: string

before(async () => {
  fake = await FakeApiServer.start()
  kubeconfig = fake.kubeconfig()
  taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  free = `127.0.0.1:${await freePort()}`
  occupied = `127.0.0.1:${(taken.address() as { port: number }).port}`
})
after(() => {
  taken.close()
  fake.close()
})

const PAIR = ['--cert', 'tls.crt', '--key', 'tls.key']
const PORTS = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0']
const USUAL = ['serve', ...PAIR, ...PORTS]
const SELF_MANAGED = ['--certificates', 'self-managed']

/** Adds a configuration that is valid, unless these flags name one. */
const configured = (flags: readonly string[]) =>
  flags.includes('--config') ? flags : ['--config', 'config.yaml', ...flags]

/** Runs `serve` with valid flags, followed by further ones, until it exits. */
function serve(flags: readonly string[], options: Parameters<typeof refgrant>[1] = {}) {
  const source = flags.some((flag) => ['--grants', '--kubeconfig', '--context'].includes(flag))
    ? []
    : ['--kubeconfig', kubeconfig]
  const signal = AbortSignal.timeout(STUCK)
  const usual = flags.includes('self-managed') ? ['serve', ...PORTS] : USUAL
  return refgrant([...usual, ...source, ...configured(flags)], { cwd: folder, signal, ...options })
}

/** Why a start fails: the flags, and the line on standard error. */
const failures: Record<string, [flags: () => string[], says: RegExp]> = {
  'the port is taken': [
    () => ['--listen', occupied],
    /^refgrant: cannot listen on 127\.0\.0\.1:\d+: the port is in use: .* with --listen\n$/,
  ],
  'the port of health is taken': [
    () => ['--metrics-listen', occupied],
    /^refgrant: cannot listen on 127\.0\.0\.1:\d+: the port is in use: .* with --metrics-listen\n$/,
  ],
  'the port is taken, with grants of a folder': [
    () => ['--listen', occupied, '--grants', 'grants'],
    /^refgrant: cannot listen on 127\.0\.0\.1:\d+: the port is in use: .* with --listen\n$/,
  ],
  'both ports are the same': [
    () => ['--listen', free, '--metrics-listen', free],
    /^refgrant: cannot listen on 127\.0\.0\.1:\d+: .*a different one for each listener, with --listen/,
  ],
  'the address does not belong to this machine': [
    () => ['--listen', '192.0.2.1:8443'],
    /^refgrant: cannot listen on 192\.0\.2\.1:8443: this machine does not have the address: .* with --listen\n$/,
  ],
  'the host has no address': [
    () => ['--listen', 'no-such-host.invalid:8443'],
    /^refgrant: cannot listen on no-such-host\.invalid:8443: the host name has no address: .* with --listen\n$/,
  ],
  'the port is missing': [
    () => ['--listen', '127.0.0.1'],
    /^refgrant: --listen: "127\.0\.0\.1" is not an address: write /,
  ],
  'the port is too large': [
    () => ['--metrics-listen', ':65536'],
    /^refgrant: --metrics-listen: ":65536" is not an address/,
  ],
  'the certificate is missing': [
    () => ['--cert', 'gone.crt'],
    /^refgrant: cannot read the certificate: "gone\.crt": no such file or directory .*refgrant certs/,
  ],
  'the certificate is a folder': [
    () => ['--cert', 'grants'],
    /^refgrant: cannot read the certificate: "grants": is a folder and not a file/,
  ],
  'the certificate is not PEM': [() => ['--cert', 'none.pem'], /^refgrant: none\.pem does not hold usable PEM: /],
  'the certificate has expired': [() => ['--cert', 'expired.crt'], /^refgrant: .*expired/],
  'the chain is broken': [
    () => ['--cert', 'chain-broken.crt'],
    /^refgrant: chain-broken\.crt does not hold usable PEM/,
  ],
  'the key is missing': [
    () => ['--key', 'gone.key'],
    /^refgrant: cannot read the private key: "gone\.key": no such file/,
  ],
  'the key is not PEM': [() => ['--key', 'none.pem'], /^refgrant: none\.pem does not hold usable PEM: /],
  'the key belongs to another certificate': [
    () => ['--key', 'other.key'],
    /^refgrant: the key in other\.key does not belong/,
  ],
  'the authorities of clients are missing': [
    () => ['--client-ca', 'gone.crt'],
    /^refgrant: cannot read the authorities of clients: "gone\.crt": no such file.*--client-ca/,
  ],
  'the authorities of clients are not PEM': [
    () => ['--client-ca', 'none.pem'],
    /^refgrant: none\.pem does not hold usable PEM/,
  ],
  'one of the authorities of clients is broken': [
    () => ['--client-ca', 'ca-broken.crt'],
    /^refgrant: ca-broken\.crt does not hold usable PEM: /,
  ],
  'clients have names but no authority': [() => ['--client-name', 'a'], /^refgrant: --client-name needs --client-ca/],
  'the configuration is missing': [() => ['--config', 'gone.yaml'], /^refgrant: gone\.yaml: no such file or directory/],
  'the configuration is a folder': [() => ['--config', 'grants'], /^refgrant: grants: is a folder and not a file/],
  'the configuration is wrong': [() => ['--config', 'config-wrong.yaml'], /^refgrant: config-wrong\.yaml:3: mode /],
  'the configuration is broken': [() => ['--config', 'config-broken.yaml'], /^refgrant: config-broken\.yaml:\d: /],
  'the kubeconfig is missing': [
    () => ['--kubeconfig', 'gone'],
    /^refgrant: cannot use the kubeconfig: gone: no such file or directory .*--kubeconfig/,
  ],
  'the kubeconfig is broken': [() => ['--kubeconfig', 'kubeconfig-broken'], /^refgrant: cannot use the kubeconfig: /],
  'the kubeconfig is empty': [() => ['--kubeconfig', 'kubeconfig-empty'], /^refgrant: cannot use the kubeconfig: /],
  'the kubeconfig has no usable server': [
    () => ['--kubeconfig', 'kubeconfig-http'],
    /^refgrant: cannot use the kubeconfig: its server "not a url" is not an https:\/\/ address/,
  ],
  'the context is unknown': [
    () => ['--kubeconfig', kubeconfig, '--context', 'gone'],
    /^refgrant: cannot use the kubeconfig: the kubeconfig has no context "gone"/,
  ],
  'the folder of grants is missing': [
    () => ['--grants', 'gone'],
    /^refgrant: the folder of grants "gone" does not exist \(--grants\)/,
  ],
  'the folder of grants is a file': [
    () => ['--grants', 'tls.crt'],
    /^refgrant: the folder of grants "tls\.crt" is not a folder/,
  ],
  'a lifetime has no unit': [
    () => ['--certificate-lifetime', '7'],
    /^refgrant: option '--certificate-lifetime <duration>' cannot be '7': /,
  ],
  'an authority does not live long enough for a change over': [
    () => [...SELF_MANAGED, '--authority-lifetime', '3m'],
    /^refgrant: --authority-lifetime must be more than three times --propagation\n$/,
  ],
  'a certificate lives longer than its authority': [
    () => [...SELF_MANAGED, '--authority-lifetime', '1h'],
    /^refgrant: --certificate-lifetime must not be longer than --authority-lifetime\n$/,
  ],
  'a further name of the certificate is not one': [
    () => ['--host', 'https://a.example'],
    /^refgrant: option '--host <host...>' cannot be 'https:\/\/a\.example': /,
  ],
  'a flag is unknown': [() => ['--wrong'], /^refgrant: unknown option '--wrong'/],
  'a flag has a wrong value': [() => ['--drain', 'soon'], /^refgrant: option '--drain <seconds>' cannot be 'soon': /],
  'a drain is longer than the longest timer': [
    () => ['--drain', '1e9'],
    /^refgrant: option '--drain <seconds>' cannot be '1e9'/,
  ],
  'a drain never ends': [() => ['--drain', 'Infinity'], /^refgrant: option '--drain <seconds>' cannot be 'Infinity'/],
  'two sources are given': [
    () => ['--grants', 'grants', '--context', 'c'],
    /^refgrant: option '--grants <folder>' cannot be used with /,
  ],
}

suite('a start fails with exit code 2 and one line with the reason, if', { concurrency: 2 }, () => {
  for (const [title, [flags, says]] of Object.entries(failures)) {
    test(title, async () => {
      const { code, stdout, stderr } = await serve(flags())
      assert.deepEqual([code, stderr.trimEnd().split('\n').length], [2, 1], stderr)
      assert.match(stderr, says)
      assert.doesNotMatch(stdout, /"serving reviews"/)
    })
  }

  test('an environment variable has a wrong value', async () => {
    const { code, stderr } = await serve([], { env: { REFGRANT_LOG_LEVEL: 'loud' } })
    assert.equal(code, 2)
    assert.match(stderr, /REFGRANT_LOG_LEVEL/)
  })

  test('the system forbids the port', { skip: process.platform !== 'linux' && 'needs Linux' }, async () => {
    // A network of its own, in which ports below 1024 need a right that is taken away.
    const under = ['unshare', '--map-root-user', '--net', 'setpriv', '--bounding-set=-net_bind_service']
    const { code, stderr } = await serve(['--grants', 'grants', '--metrics-listen', '0.0.0.0:80'], { under })
    assert.equal(code, 2, stderr)
    assert.match(
      stderr,
      /^refgrant: cannot listen on 0\.0\.0\.0:80: permission denied: [^\n]* with --metrics-listen\n$/,
    )
  })

  test('a field of its own cannot be served', async (t) => {
    const own = await ownFake(t)
    const running = serve(['--config', 'own-row.yaml', '--kubeconfig', own.kubeconfig()])
    const group = { name: 'example.com', versions: [{ groupVersion: 'example.com/v1', version: 'v1' }] }
    ;(await own.expect('/apis')).answer({ kind: 'APIGroupList', groups: [group] })
    const resources = [{ name: 'policies', kind: 'Policy', namespaced: false }]
    ;(await own.expect('/apis/example.com/v1')).answer({ kind: 'APIResourceList', resources })
    const { code, stderr } = await running
    assert.equal(code, 2)
    assert.match(stderr, /^refgrant: the guarded field "spec\.backends\[\]" of "Policy" [^\n]*\n$/)
  })
})

suite('a signal ends a server', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`that still waits for the API server's discovery: ${signal}`, async (t) => {
      const own = await ownFake(t)
      const server = start(t, ['--config', 'own-row.yaml', '--kubeconfig', own.kubeconfig()])
      await own.expect('/apis')
      server.kill(signal)
      const { code, stdout } = await endOf(server)
      assert.equal(code, 0)
      assert.doesNotMatch(stdout, /"serving reviews"/)
    })

    test(`that waits for a credential plugin: ${signal}`, async (t) => {
      const own = await ownFake(t)
      const marker = path.join(folderWith({}), 'asked')
      const script = `require('fs').writeFileSync(${JSON.stringify(marker)}, String(process.pid)); setInterval(() => {}, 1000)`
      const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] }
      const user = { exec: { ...exec, interactiveMode: 'Never' } }
      const server = start(t, ['--config', 'own-row.yaml', '--kubeconfig', own.kubeconfig({ tester: user })])
      await until('the plugin is asked', async () => existsSync(marker) && readFileSync(marker, 'utf8') !== '')
      t.after(() => {
        try {
          process.kill(Number(readFileSync(marker, 'utf8')), 'SIGKILL')
        } catch {
          // The server ended it.
        }
      })
      server.kill(signal)
      assert.equal((await endOf(server)).code, 0)
    })

    test(`whose API server never answers: ${signal}`, async (t) => {
      const own = await ownFake(t)
      const server = start(t, ['--drain', '0', '--kubeconfig', own.kubeconfig()])
      await own.next()
      server.kill(signal)
      assert.equal((await endOf(server)).code, 0)
    })
  }
})

async function ownFake(t: TestContext): Promise<FakeApiServer> {
  const own = await FakeApiServer.start()
  t.after(() => own.close())
  return own
}

function start(t: TestContext, flags: readonly string[]): ChildProcess {
  const argv = [...TETHER, CLI, ...USUAL, ...configured(flags)]
  const server = spawn(process.execPath, argv, { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => server.kill('SIGKILL'))
  return server
}

async function endOf(server: ChildProcess): Promise<{ code: number | null; stdout: string }> {
  const [stdout, [code]] = await Promise.all([text(server.stdout as Readable), once(server, 'exit')])
  return { code, stdout }
}
