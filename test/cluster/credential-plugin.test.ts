import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { issueAuthority, issueClient } from '../../src/certificates/issue.ts'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'
import { until } from '../harness/until.ts'
import { A_DAY } from '../harness/validities.ts'

const V1 = 'client.authentication.k8s.io/v1'
const V1BETA1 = 'client.authentication.k8s.io/v1beta1'

/** What a plugin prints. */
const credential = (status: object, apiVersion = V1) => JSON.stringify({ kind: 'ExecCredential', apiVersion, status })

/** Starts an API server, and returns how requests with a plugin reach it. The plugin counts its runs in the file `runs`. */
async function start(t: TestContext) {
  const server = await FakeApiServer.start()
  t.after(() => server.close())
  server.respond = (exchange) =>
    exchange.answer({ authorization: exchange.headers.authorization, client: exchange.clientName })
  const plugin = (body: string, name = 'plugin') => {
    const file = server.file(name, `#!/bin/sh\necho run >> '${path.join(server.folder, 'runs')}'\n${body}\n`)
    chmodSync(file, 0o755)
    return file
  }
  const kubeconfig = (exec: object, user: object = {}, cluster: object = {}) => {
    const config = JSON.parse(
      readFileSync(
        server.kubeconfig({ tester: { exec: { apiVersion: V1, interactiveMode: 'Never', ...exec }, ...user } }),
        'utf8',
      ),
    )
    Object.assign(config.clusters[0].cluster, cluster)
    return server.file('kubeconfig', JSON.stringify(config))
  }
  const apiWith = (...args: Parameters<typeof kubeconfig>) =>
    new Api(connectionFrom({ kubeconfig: kubeconfig(...args) }))
  const asked = (api: Api) => api.get('/version', AbortSignal.timeout(60_000))
  const runs = () => {
    const file = path.join(server.folder, 'runs')
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
  }
  const ask = (...args: Parameters<typeof kubeconfig>) => asked(apiWith(...args))
  return { server, plugin, apiWith, asked, ask, runs }
}

/** Keeps what is written to standard error. */
function standardError(t: TestContext): () => string {
  const write = t.mock.method(process.stderr, 'write', () => true)
  return () => write.mock.calls.map(({ arguments: [text] }) => String(text)).join('')
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

suite('a credential plugin', { timeout: 300_000 }, () => {
  test('of EKS gets its arguments and variables', async (t) => {
    const { plugin, ask } = await start(t)
    const command = plugin(`printf '${credential({ token: '%s' }, V1BETA1)}' "$AWS_PROFILE-$1-$2-$3"`)
    const args = ['eks', 'get-token', '--cluster-name']
    const env = [{ name: 'AWS_PROFILE', value: 'dev' }]
    const exec = { apiVersion: V1BETA1, command, args, env, interactiveMode: undefined, provideClusterInfo: false }
    assert.deepEqual(await ask(exec), bearer('dev-eks-get-token---cluster-name'))
  })

  test('of GKE is told of the cluster if it wants that, and by the version that it speaks', async (t) => {
    const { server, plugin, ask } = await start(t)
    const seen = path.join(server.folder, 'seen')
    const told = async (exec: object, apiVersion: string, cluster: object = {}) => {
      const command = plugin(
        `printf '%s' "$KUBERNETES_EXEC_INFO" > '${seen}'; echo '${credential({ token: 't' }, apiVersion)}'`,
      )
      await ask({ apiVersion, command, args: null, env: null, installHint: 'Install it', ...exec }, {}, cluster)
      return JSON.parse(readFileSync(seen, 'utf8'))
    }
    const authority = Buffer.from(server.ca).toString('base64')
    const info = { server: server.address, 'certificate-authority-data': authority, config: null }
    assert.deepEqual(await told({ provideClusterInfo: true }, V1BETA1), {
      ...{ kind: 'ExecCredential', apiVersion: V1BETA1 },
      spec: { cluster: info, interactive: false },
    })
    const spec = { interactive: false }
    assert.deepEqual(await told({ interactiveMode: 'IfAvailable' }, V1), {
      kind: 'ExecCredential',
      apiVersion: V1,
      spec,
    })
    server.file('ca.crt', server.ca)
    const extension = { audience: 'x' }
    const more = {
      ...{ 'certificate-authority': 'ca.crt', 'certificate-authority-data': undefined, 'tls-server-name': '127.0.0.1' },
      extensions: [
        { name: 'client.authentication.k8s.io/exec', extension },
        { name: 'other', extension: {} },
      ],
    }
    const { cluster } = (await told({ provideClusterInfo: true }, V1, more)).spec
    assert.deepEqual(cluster, { ...info, 'tls-server-name': '127.0.0.1', config: extension })
  })

  test('in a path is relative to the kubeconfig, and without one is looked up', async (t) => {
    const { plugin, ask } = await start(t)
    plugin(`echo '${credential({ token: 'relative' })}'`, 'bin/plugin')
    assert.deepEqual(await ask({ command: './bin/plugin' }), bearer('relative'))
    const args = ['-c', `echo '${credential({ token: 'looked up' })}'`]
    assert.deepEqual(await ask({ command: 'sh', args }), bearer('looked up'))
  })

  test('may print a client certificate, also beside a token', async (t) => {
    const { plugin, ask } = await start(t)
    const { cert, key } = issueClient(issueAuthority('users', A_DAY), 'alice', A_DAY)
    const status = { clientCertificateData: cert, clientKeyData: key }
    const print = (more: object) => plugin(`cat <<'END'\n${credential({ ...status, ...more })}\nEND`)
    assert.deepEqual(await ask({ command: print({}) }), { client: 'alice' })
    assert.deepEqual(await ask({ command: print({ token: 't' }) }), { ...bearer('t'), client: 'alice' })
  })

  test('runs once for requests at the same time, and again when its credentials expire or are refused', async (t) => {
    const { server, plugin, apiWith, asked, runs } = await start(t)
    const valid = apiWith({
      command: plugin(`echo '${credential({ token: 'a', expirationTimestamp: '2999-01-01T00:00:00Z' })}'`),
    })
    await Promise.all([asked(valid), asked(valid)])
    await asked(valid)
    assert.equal(runs(), 1)
    server.respond = (exchange) => exchange.refuse(401)
    await assert.rejects(asked(valid), /HTTP 401/)
    server.respond = (exchange) => exchange.answer({})
    await asked(valid)
    assert.equal(runs(), 2)
    const expired = apiWith({
      command: plugin(`echo '${credential({ token: 'a', expirationTimestamp: '2020-01-01T00:00:00Z' })}'`),
    })
    await asked(expired)
    await asked(expired)
    assert.equal(runs(), 4)
  })

  test('does not run if the kubeconfig has other credentials', async (t) => {
    const { plugin, ask, runs } = await start(t)
    const command = plugin('exit 1')
    assert.deepEqual(await ask({ command }, { token: 'mine' }), bearer('mine'))
    const basic = { authorization: `Basic ${Buffer.from('jane:pass').toString('base64')}` }
    assert.deepEqual(await ask({ command }, { username: 'jane', password: 'pass' }), basic)
    const { cert, key } = issueClient(issueAuthority('users', A_DAY), 'alice', A_DAY)
    const data = (text: string) => Buffer.from(text).toString('base64')
    const certificate = { 'client-certificate-data': data(cert), 'client-key-data': data(key) }
    assert.deepEqual(await ask({ command }, certificate), { client: 'alice' })
    assert.equal(runs(), 0)
  })

  test('that is missing is named, with what the kubeconfig says about its installation', async (t) => {
    const { ask } = await start(t)
    const message =
      'the credential plugin no-such-plugin cannot be run: no such file or directory: install it, or correct exec of user "tester" of the kubeconfig\nbrew install it'
    await assert.rejects(ask({ command: 'no-such-plugin', installHint: '\nbrew install it\n' }), { message })
  })

  test('that fails is named, and shows why, without control characters', async (t) => {
    const { plugin, ask } = await start(t)
    const shown = standardError(t)
    const command = plugin("printf '::error::log in\\033[31m first\\nwith aws #' >&2; printf '#[error]x' >&2; exit 255")
    await assert.rejects(ask({ command }), { message: `the credential plugin ${command} failed with exit code 255` })
    assert.equal(shown(), `${command}: ::error::log in\\u{1b}[31m first\n${command}: with aws #\\u{23}[error]x\n`)
    const killed = plugin('kill -TERM $$')
    await assert.rejects(ask({ command: killed }), { message: `the credential plugin ${command} was ended by SIGTERM` })
  })

  test('that asks on a terminal keeps what it has written of a line', async (t) => {
    const { server, plugin, ask } = await start(t)
    const { isTTY } = process.stderr
    process.stderr.isTTY = true
    t.after(() => {
      process.stderr.isTTY = isTTY
    })
    const shown = standardError(t)
    const go = path.join(server.folder, 'go')
    const command = plugin(
      `printf 'Enter ' >&2; until [ -e '${go}' ]; do sleep 0.02; done; printf 'the code: ' >&2; exit 1`,
    )
    const failed = assert.rejects(ask({ command }))
    await until('a part of the line is shown', () => shown().includes('Enter '))
    writeFileSync(go, '')
    await failed
    assert.equal(shown(), '\r\x1b[KEnter the code: ')
  })

  const status = { token: 't' }
  const PRINTS: [what: string, printed: string, problem: RegExp][] = [
    ['nothing', '', /printed no ExecCredential on standard output/],
    ['junk', 'token: t', /printed no ExecCredential/],
    ['null', 'null', /printed no ExecCredential/],
    ['another kind', JSON.stringify({ kind: 'Status', apiVersion: V1, status }), /printed no ExecCredential/],
    [
      'another version',
      credential(status, V1BETA1),
      /printed apiVersion "client.*v1beta1", and exec of user "tester" of the kubeconfig has client.*v1$/,
    ],
    ['no status', JSON.stringify({ kind: 'ExecCredential', apiVersion: V1 }), /printed neither a token nor/],
    ['an empty token', credential({ token: '' }), /printed neither a token nor/],
    ['a number as token', credential({ token: 1 }), /printed neither a token nor/],
    [
      'a certificate without a key',
      credential({ clientCertificateData: 'x' }),
      /only one of a client certificate and its key/,
    ],
    [
      'an expiry that is no time',
      credential({ ...status, expirationTimestamp: 'soon' }),
      /"soon", which is not a time/,
    ],
  ]
  for (const [what, printed, problem] of PRINTS)
    test(`that prints ${what} is an error, and not a request without credentials`, async (t) => {
      const { server, plugin, ask } = await start(t)
      await assert.rejects(ask({ command: plugin(`cat <<'END'\n${printed}\nEND`) }), problem)
      assert.deepEqual(server.asked, [])
    })

  test('that prints without an end is ended', async (t) => {
    const { plugin, ask } = await start(t)
    await assert.rejects(ask({ command: plugin('exec cat /dev/zero') }), /printed more than 1048576 bytes/)
  })

  test('that hangs is ended when no request waits for it any more', async (t) => {
    const { server, plugin, apiWith } = await start(t)
    const id = path.join(server.folder, 'id')
    const api = apiWith({ command: plugin(`echo $$ > '${id}.new'; mv '${id}.new' '${id}'; exec sleep 600`) })
    const [one, two] = [new AbortController(), new AbortController()]
    const answers = [api.get('/version', one.signal), api.get('/version', two.signal)]
    await until('the plugin runs', () => existsSync(id))
    const lives = () => existsSync(`/proc/${readFileSync(id, 'utf8').trim()}`)
    one.abort()
    await assert.rejects(answers[0] as Promise<unknown>, { name: 'AbortError' })
    assert.ok(lives())
    two.abort()
    await assert.rejects(answers[1] as Promise<unknown>, { name: 'AbortError' })
    await until('the plugin is gone', () => !lives())
  })

  test('that hangs does not outlast the time limit', async (t) => {
    const { plugin, ask } = await start(t)
    const set = globalThis.setTimeout
    t.mock.method(globalThis, 'setTimeout', (act: () => void, ms: number) => set(act, ms === 30_000 ? 100 : ms))
    await assert.rejects(ask({ command: plugin('exec sleep 600') }), {
      message: '/version: no credentials (check the credential plugin of the kubeconfig) within 30 s',
    })
  })

  const REFUSED: [what: string, exec: object, problem: RegExp][] = [
    ['no command', {}, /exec of user "tester" of the kubeconfig has no command/],
    [
      'an old version',
      { command: 'x', apiVersion: 'client.authentication.k8s.io/v1alpha1' },
      /v1alpha1", not .* update the plugin and the kubeconfig/,
    ],
    ['no interactiveMode for v1', { command: 'x', interactiveMode: undefined }, /needs interactiveMode/],
    ['another interactiveMode', { command: 'x', interactiveMode: 'Sometimes' }, /needs interactiveMode/],
    [
      'interactiveMode Always without a terminal',
      { command: 'x', interactiveMode: 'Always' },
      /standard input is not a terminal/,
    ],
    ['args that are no list', { command: 'x', args: 'a b' }, /has args that are not a list of texts/],
    [
      'a variable without a name',
      { command: 'x', env: [{ value: 'a' }] },
      /has env that is not a list of names and values/,
    ],
  ]
  for (const [what, exec, problem] of REFUSED)
    test(`with ${what} is refused before it runs`, async (t) => {
      const { apiWith } = await start(t)
      assert.throws(() => apiWith(exec), problem)
    })
})
