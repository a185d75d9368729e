import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { issueAuthority, issueClient } from '../../src/certificates/issue.ts'
import { Api } from '../../src/cluster/api.ts'
import { type ConnectionChoice, connectionFrom } from '../../src/cluster/connection.ts'
import { auditLogEnd, identitiesOf } from '../harness/control-plane/audit-log.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { environment } from '../harness/environment.ts'
import { folderWith, newFolder } from '../harness/folders.ts'
import { httpProxy, socksProxy } from '../harness/network/proxies.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'
import { startRefgrant } from '../harness/program/refgrant.ts'
import { run } from '../harness/program/run.ts'
import { A_DAY } from '../harness/validities.ts'

const users = issueAuthority('users', A_DAY)

let cluster: Cluster
/** Tokens of two accounts. Of these, `boss` may do everything. */
let boss: string
let guest: string
/** A folder with files to which kubeconfigs refer. */
let folder: string

before(async () => {
  folder = newFolder()
  const file = (name: string, content: string, mode = 0o600) => {
    writeFileSync(path.join(folder, name), content)
    chmodSync(path.join(folder, name), mode)
  }
  file('users.crt', users.cert)
  cluster = await startCluster({ apiServerFlags: [`--client-ca-file=${path.join(folder, 'users.crt')}`] })
  const { api, ca } = cluster.controlPlane
  const account = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: 'shop' },
  })
  await cluster.namespaces('shop', 'refgrant-system')
  await api.apply(account('boss'), account('guest'), {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'boss' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'boss', namespace: 'shop' }],
  })
  boss = await api.token('shop', 'boss')
  guest = await api.token('shop', 'guest')
  const alice = issueClient(users, 'alice', A_DAY)
  for (const [name, content] of Object.entries({ ca, boss: `${boss}\n`, guest, empty: '\n', alice: alice.cert }))
    file(name, content)
  file('alice.key', alice.key)
  const credential = (status: object) =>
    JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status })
  const plugin = (name: string, body: string) => file(name, `#!/bin/sh\n${body}\n`, 0o755)
  plugin('plugin', `printf '%s\\n' "$KUBERNETES_EXEC_INFO" >> '${folder}/info'; echo '${credential({ token: boss })}'`)
  const certificate = { clientCertificateData: alice.cert, clientKeyData: alice.key }
  plugin('certificate-plugin', `cat <<'END'\n${credential(certificate)}\nEND`)
  plugin('failing-plugin', 'exit 3')
  plugin('junk-plugin', 'echo junk')
})
after(() => cluster?.controlPlane.stop())

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** The parts of a kubeconfig in which a case differs from a plain one. */
interface Case {
  readonly user?: object
  readonly cluster?: object
  readonly choice?: ConnectionChoice
  /** Changes the text of the kubeconfig. */
  readonly text?: (text: string) => string
}

function kubeconfigOf(
  { user = { token: boss }, cluster: more = {}, text = (same) => same }: Case,
  name = 'kubeconfig',
) {
  const { server, ca } = cluster.controlPlane
  const file = path.join(folder, name)
  const config = {
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': base64(ca), ...more } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(file, text(stringify(config)))
  return file
}

const optionsOf = ({ context, as, asGroup = [], asUid, asUserExtra = {} }: ConnectionChoice) => [
  ...(context === undefined ? [] : ['--context', context]),
  ...(as === undefined ? [] : ['--as', as]),
  ...asGroup.flatMap((group) => ['--as-group', group]),
  ...(asUid === undefined ? [] : ['--as-uid', asUid]),
  ...Object.entries(asUserExtra).flatMap(([key, values]) =>
    values.flatMap((value) => ['--as-user-extra', `${key}=${value}`]),
  ),
]

/** Returns who the API server says that kubectl is, and why kubectl refuses. */
async function ofKubectl(choice: ConnectionChoice) {
  const file = choice.kubeconfig === undefined ? [] : ['--kubeconfig', choice.kubeconfig]
  const argv = ['auth', 'whoami', '-o', 'json', ...file, ...optionsOf(choice)]
  const { code, stdout, stderr } = await run(cluster.controlPlane.kubectl, argv)
  return code === 0 ? { who: JSON.parse(stdout).status.userInfo } : { refusal: stderr }
}

/** Returns the same of refgrant. */
async function ofRefgrant(choice: ConnectionChoice): Promise<{ who?: unknown; refusal?: string }> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const write = { method: 'POST', path, contentType: 'application/json', body: review } as const
  try {
    const answer = await new Api(connectionFrom(choice)).write(write, AbortSignal.timeout(60_000))
    return { who: (answer as { status: { userInfo: unknown } }).status.userInfo }
  } catch (error) {
    return { refusal: (error as Error).message }
  }
}

const username = (who: unknown) => (who as { username?: string } | undefined)?.username

async function isSame(choice: ConnectionChoice, expected: string): Promise<void> {
  const [kubectl, ours] = [await ofKubectl(choice), await ofRefgrant(choice)]
  assert.equal(username(ours.who), expected, ours.refusal)
  assert.deepEqual(ours.who, kubectl.who, kubectl.refusal)
}

async function bothRefuse(choice: ConnectionChoice, reason: RegExp): Promise<void> {
  const [kubectl, ours] = [await ofKubectl(choice), await ofRefgrant(choice)]
  assert.match(ours.refusal ?? JSON.stringify(ours.who), reason)
  assert.ok(kubectl.refusal, JSON.stringify(kubectl.who))
}

const BOSS = 'system:serviceaccount:shop:boss'
const GUEST = 'system:serviceaccount:shop:guest'
const jane = {
  as: 'jane',
  'as-groups': ['dev', 'a,b', 'größe'],
  'as-uid': '42',
  'as-user-extra': { 'example.com/why': ['on call', 'ü'], 'a(b)%c|d': ['x'], team: ['red'] },
}
const exec = (command: string, more: object = {}) => ({
  exec: { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never', command, ...more },
})
const oidc = (config: object) => ({ 'auth-provider': { name: 'oidc', config } })
const issuer = { 'idp-issuer-url': 'https://127.0.0.1:1', 'client-id': 'x' }
const own = (user: object) => () => ({ user: { token: boss, ...user } })

const SAME: [title: string, of: () => Case, username: string][] = [
  ['a token', () => ({}), BOSS],
  ['a token file', () => ({ user: { tokenFile: 'boss' } }), BOSS],
  ['a token file beside a token', () => ({ user: { tokenFile: 'guest', token: boss } }), GUEST],
  ['a token file that is missing beside a token', () => ({ user: { tokenFile: 'gone', token: boss } }), BOSS],
  [
    'a client certificate in files',
    () => ({ user: { 'client-certificate': 'alice', 'client-key': 'alice.key' } }),
    'alice',
  ],
  ['a client key that no certificate belongs to', () => ({ user: { token: guest, 'client-key': 'gone' } }), GUEST],
  ['an impersonation', own(jane), 'jane'],
  [
    'an impersonation by options',
    () => ({ choice: { as: 'joe', asGroup: ['qa', 'b'], asUid: '7', asUserExtra: { k: ['v=w', 'u'] } } }),
    'joe',
  ],
  ['another user', () => ({ ...own(jane)(), choice: { as: 'joe' } }), 'joe'],
  ['other groups', () => ({ ...own(jane)(), choice: { asGroup: ['qa'] } }), 'jane'],
  ['another UID', () => ({ ...own(jane)(), choice: { asUid: '7' } }), 'jane'],
  [
    'more and other extra values',
    () => ({ ...own(jane)(), choice: { asUserExtra: { team: ['blue'], more: ['x'] } } }),
    'jane',
  ],
  ['empty options', () => ({ ...own(jane)(), choice: { as: '', asUid: '', asGroup: [] } }), 'jane'],
  ['a plugin', () => ({ user: exec('./plugin') }), BOSS],
  ['a plugin with a client certificate', () => ({ user: exec('./certificate-plugin') }), 'alice'],
  ['a plugin beside a token', () => ({ user: { ...exec('./failing-plugin'), token: guest } }), GUEST],
  [
    'a plugin beside a client certificate',
    () => ({ user: { ...exec('./failing-plugin'), 'client-certificate': 'alice', 'client-key': 'alice.key' } }),
    'alice',
  ],
  ['a valid ID token', () => ({ user: oidc({ ...issuer, 'id-token': boss }) }), BOSS],
  ['an ID token beside a token', () => ({ user: { ...oidc({ ...issuer, 'id-token': boss }), token: guest } }), GUEST],
  [
    'an authority in a file',
    () => ({ cluster: { 'certificate-authority-data': '', 'certificate-authority': 'ca' } }),
    BOSS,
  ],
  [
    'no verification',
    () => ({ cluster: { 'certificate-authority-data': '', 'insecure-skip-tls-verify': true } }),
    BOSS,
  ],
  ['tls-server-name', () => ({ cluster: { 'tls-server-name': 'kubernetes.default.svc' } }), BOSS],
  ['tls-server-name with an address', () => ({ cluster: { 'tls-server-name': '10.0.0.1' } }), BOSS],
  [
    'a merge key of YAML',
    () => ({
      text: (text) => `x: &base\n  token: ${guest}\n${text.replace(/user:\n +token: .*/, 'user:\n      <<: *base')}`,
    }),
    GUEST,
  ],
]

const REFUSED: [title: string, of: () => Case, reason: RegExp][] = [
  ['groups without a user', own({ 'as-groups': ['dev'] }), /need its name: add --as/],
  ['extra values without a user', own({ 'as-user-extra': { a: ['b'] } }), /need its name: add --as/],
  ['groups by an option without a user', () => ({ choice: { asGroup: ['dev'] } }), /need its name: add --as/],
  ['a UID by an option without a user', () => ({ choice: { asUid: '7' } }), /need its name: add --as/],
  [
    'a user name and a password',
    () => ({ user: { username: 'jane', password: 'x' } }),
    /User "system:anonymous" cannot/,
  ],
  ['a token and a user name', own({ username: 'jane' }), /user "u" of the kubeconfig has a token and a user name/],
  ['a token file that is missing', () => ({ user: { tokenFile: 'gone' } }), /the token file .*gone: no such file/],
  ['a token file that is empty', () => ({ user: { tokenFile: 'empty' } }), /the token file .*empty: is empty/],
  ['a token that is a number', () => ({ user: { token: 123 } }), /token is not a text: put it in quotes/],
  ['a UID that is a number', own({ as: 'jane', 'as-uid': 42 }), /as-uid is not a text: put it in quotes/],
  ['groups that are no list', own({ as: 'jane', 'as-groups': 'dev' }), /as-groups is not a list of texts/],
  [
    'extra values that are no lists',
    own({ as: 'jane', 'as-user-extra': { a: 'b' } }),
    /as-user-extra is not a map of lists/,
  ],
  ['a user without credentials', () => ({ user: {} }), /user "u" of the kubeconfig has no credentials/],
  ['a certificate without a key', () => ({ user: { 'client-certificate': 'alice' } }), /without a client-key/],
  [
    'a certificate twice',
    () => ({
      user: { 'client-certificate': 'alice', 'client-certificate-data': base64(users.cert), 'client-key': 'alice.key' },
    }),
    /client-certificate and client-certificate-data: remove one/,
  ],
  [
    'a certificate that is not PEM',
    () => ({ user: { 'client-certificate': 'boss', 'client-key': 'alice.key' } }),
    /the certificates of the kubeconfig cannot be used/,
  ],
  [
    'an authority twice',
    () => ({ cluster: { 'certificate-authority': 'ca' } }),
    /certificate-authority and certificate-authority-data/,
  ],
  [
    'an authority that is missing',
    () => ({ cluster: { 'certificate-authority-data': '', 'certificate-authority': 'gone' } }),
    /gone: no such file/,
  ],
  [
    'an authority that is not PEM',
    () => ({ cluster: { 'certificate-authority-data': base64('x') } }),
    /has no PEM certificate/,
  ],
  [
    'another authority',
    () => ({ cluster: { 'certificate-authority-data': base64(users.cert) } }),
    /self-signed certificate|unable to verify/,
  ],
  [
    'the authorities of the system',
    () => ({ cluster: { 'certificate-authority-data': '' } }),
    /self-signed certificate|unable to verify/,
  ],
  [
    'an authority, and no verification',
    () => ({ cluster: { 'insecure-skip-tls-verify': true } }),
    /insecure-skip-tls-verify and a certificate-authority/,
  ],
  ['another tls-server-name', () => ({ cluster: { 'tls-server-name': 'other.example' } }), /other\.example/],
  [
    'a proxy-url of another scheme',
    () => ({ cluster: { 'proxy-url': 'socks4://127.0.0.1:1' } }),
    /proxy-url of the kubeconfig is not the URL of a proxy/,
  ],
  ['a server without a scheme', () => ({ cluster: { server: '127.0.0.1:1' } }), /is not an https:\/\/ address/],
  [
    'a server with a password',
    () => ({ cluster: { server: 'https://user:secret@127.0.0.1:1' } }),
    /its server has a user name or a password/,
  ],
  ['a plugin that fails', () => ({ user: exec('./failing-plugin') }), /failing-plugin failed with exit code 3/],
  ['a plugin that prints junk', () => ({ user: exec('./junk-plugin') }), /printed no ExecCredential/],
  [
    'a plugin that is missing',
    () => ({ user: exec('./gone', { installHint: 'get it' }) }),
    /cannot be run: .*\nget it/,
  ],
  [
    'a plugin of another version',
    () => ({ user: exec('./plugin', { apiVersion: 'client.authentication.k8s.io/v1beta1' }) }),
    /printed apiVersion "client.authentication.k8s.io\/v1"/,
  ],
  [
    'a plugin of an old version',
    () => ({ user: exec('./plugin', { apiVersion: 'client.authentication.k8s.io/v1alpha1' }) }),
    /update the plugin/,
  ],
  [
    'a plugin without interactiveMode',
    () => ({ user: exec('./plugin', { interactiveMode: undefined }) }),
    /needs interactiveMode/,
  ],
  [
    'a plugin that needs a terminal',
    () => ({ user: exec('./plugin', { interactiveMode: 'Always' }) }),
    /standard input is not a terminal/,
  ],
  [
    'a plugin and auth-provider',
    () => ({ user: { ...exec('./plugin'), ...oidc(issuer) } }),
    /has exec and auth-provider/,
  ],
  [
    'auth-provider gcp',
    () => ({ user: { 'auth-provider': { name: 'gcp' } } }),
    /install gke-gcloud-auth-plugin and run gcloud/,
  ],
  ['auth-provider gcp beside a token', own({ 'auth-provider': { name: 'gcp' } }), /install gke-gcloud-auth-plugin/],
  ['auth-provider azure', () => ({ user: { 'auth-provider': { name: 'azure' } } }), /kubelogin convert-kubeconfig/],
  [
    'an unknown auth-provider',
    () => ({ user: { 'auth-provider': { name: 'other' } } }),
    /auth-provider "other", which refgrant does not know/,
  ],
  ['no ID token', () => ({ user: oidc(issuer) }), /without a valid id-token: run kubectl auth whoami/],
  [
    'an expired ID token',
    () => ({ user: oidc({ ...issuer, 'id-token': `a.${base64('{"exp":1}')}.c` }) }),
    /has expired: run kubectl auth whoami/,
  ],
  [
    'no issuer of an ID token',
    () => ({ user: oidc({ 'client-id': 'x', 'id-token': boss }) }),
    /without idp-issuer-url/,
  ],
  ['a user that does not exist', () => ({ text: (text) => text.replace('user: u', 'user: gone') }), /no user "gone"/],
  ['a context that does not exist', () => ({ choice: { context: 'gone' } }), /no context "gone"/],
  [
    'a current context that does not exist',
    () => ({ text: (text) => text.replace('current-context: x', 'current-context: gone') }),
    /no current context: choose one/,
  ],
  [
    'no current context',
    () => ({ text: (text) => text.replace('current-context: x', '') }),
    /no current context: choose one/,
  ],
  [
    'a cluster that does not exist',
    () => ({ text: (text) => text.replace('cluster: c', 'cluster: gone') }),
    /no cluster "gone", which the context names/,
  ],
  [
    'two users with one name',
    () => ({ text: (text) => text.replace('users:\n', `users:\n  - name: u\n    user:\n      token: ${guest}\n`) }),
    /users has "u" twice/,
  ],
  ['a file that is no kubeconfig', () => ({ text: () => 'hello' }), /is not a kubeconfig/],
]

suite('refgrant has the identity of kubectl by', { timeout: 300_000 }, () => {
  for (const [title, of, expected] of SAME)
    test(title, async () => {
      const one = of()
      await isSame({ ...one.choice, kubeconfig: kubeconfigOf(one) }, expected)
    })

  test('several files of KUBECONFIG, of which the first with a name counts', async (t) => {
    const names = (context: string) => (text: string) => text.replace('current-context: x', context)
    const second = kubeconfigOf({ user: { token: guest } }, 'second')
    const first = kubeconfigOf({ text: names('') }, 'first')
    const third = kubeconfigOf(
      { user: { token: guest }, text: (text) => text.replaceAll(/\b([ux])$/gm, '$1$1') },
      'third',
    )
    const empty = kubeconfigOf({ text: () => '' }, 'empty-file')
    const files = [path.join(folder, 'gone'), empty, first, second, third]
    environment(t, { KUBECONFIG: files.join(path.delimiter), KUBERNETES_SERVICE_HOST: undefined })
    await isSame({}, BOSS)
    await isSame({ context: 'xx' }, GUEST)
    environment(t, { KUBECONFIG: [second, first].join(path.delimiter) })
    await isSame({}, GUEST)
  })

  test('KUBECONFIG, also in a Pod', async (t) => {
    environment(t, { KUBECONFIG: kubeconfigOf({}), KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' })
    await isSame({}, BOSS)
  })

  test('each kind of proxy', async (t) => {
    const secure = ['crt', 'key'].map((end) =>
      readFileSync(path.join(cluster.controlPlane.folder, `apiserver.${end}`), 'utf8'),
    )
    const [cert = '', key = ''] = secure
    const proxies = {
      http: await httpProxy(),
      socks5: await socksProxy(),
      https: await httpProxy({ secure: { cert, key } }),
    }
    t.after(() => Object.values(proxies).forEach((proxy) => void proxy.close()))
    for (const [scheme, proxy] of Object.entries(proxies)) {
      const cluster = { 'proxy-url': `${scheme}://${proxy.address}` }
      await isSame({ kubeconfig: kubeconfigOf({ user: { token: boss, ...jane }, cluster }) }, 'jane')
      assert.equal(proxy.asked.length, 2)
    }
  })
})

test('a plugin gets the same of refgrant as of kubectl', async () => {
  const options = { provideClusterInfo: true, args: ['a'], env: [{ name: 'B', value: 'c' }] }
  const extensions = [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'x' } }]
  writeFileSync(path.join(folder, 'info'), '')
  for (const more of [{}, { extensions }, { 'tls-server-name': 'kubernetes.default.svc', 'disable-compression': true }])
    await isSame({ kubeconfig: kubeconfigOf({ user: exec('./plugin', options), cluster: more }) }, BOSS)
  const told = readFileSync(path.join(folder, 'info'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  assert.equal(told.length, 6)
  for (const index of [0, 2, 4]) assert.deepEqual(told[index + 1], told[index])
})

suite('refgrant refuses as kubectl does', { timeout: 300_000 }, () => {
  for (const [title, of, reason] of REFUSED)
    test(title, async () => {
      const one = of()
      await bothRefuse({ ...one.choice, kubeconfig: kubeconfigOf(one) }, reason)
    })
})

suite('the identity of a command is that of its kubeconfig and its options:', { timeout: 300_000 }, () => {
  const impersonating = { ...jane, 'as-groups': ['system:masters'], 'as-user-extra': { team: ['red'] } }
  const expected = {
    username: 'jane',
    uid: '42',
    groups: ['system:masters', 'system:authenticated'],
    extra: { team: ['red'] },
  }

  async function only(t: TestContext, act: (kubeconfig: string) => Promise<unknown>, extra: object = {}) {
    const kubeconfig = kubeconfigOf({ user: { token: boss, ...impersonating } }, 'impersonating')
    environment(t, { KUBECONFIG: undefined })
    const since = await auditLogEnd(cluster.controlPlane)
    await act(kubeconfig)
    const seen = await identitiesOf(cluster.controlPlane, since)
    assert.notEqual(seen.length, 0)
    for (const one of seen)
      assert.deepEqual(one, { user: BOSS, as: { ...expected, extra: { team: ['red'], ...extra } } })
  }

  const files = () => folderWith({ 'route.yaml': ROUTE })
  const COMMANDS: [command: string[], codes: number[]][] = [
    [['audit'], [0]],
    [['explain', '--from', 'HTTPRoute/shop', '--to', 'Service/billing/payments'], [1]],
    [['grant', '--live', 'route.yaml'], [0]],
    [['check', '--live', 'route.yaml'], [1]],
    [['manifests', '--diff'], [1]],
    [
      ['probe', '--namespace', 'shop', '--wait', '0'],
      [0, 1],
    ],
  ]
  for (const [command, codes] of COMMANDS)
    test(command.slice(0, 2).join(' '), (t) =>
      only(
        t,
        async (kubeconfig) => {
          const argv = [
            ...command,
            '--kubeconfig',
            kubeconfig,
            '--as-user-extra',
            'why=a=b',
            '--as-user-extra',
            'why=c',
          ]
          const { code, stderr } = await refgrant(argv, { cwd: files() })
          assert.ok(codes.includes(code), `${code}: ${stderr}`)
        },
        { why: ['a=b', 'c'] },
      ),
    )

  test('serve', (t) =>
    only(t, async (kubeconfig) => {
      await (await startRefgrant({ grants: ['--kubeconfig', kubeconfig] })).stop()
    }))
})
