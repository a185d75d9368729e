import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { type Certificate, issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { Api } from '../../src/cluster/api.ts'
import { type ConnectionChoice, connectionFrom, isInPod } from '../../src/cluster/connection.ts'
import { environment } from '../harness/environment.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'
import { A_DAY } from '../harness/validities.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const identity = (name: string) => issueServer(issueAuthority('users', A_DAY), [name], A_DAY)

async function start(t: TestContext) {
  const server = await FakeApiServer.start()
  t.after(() => server.close())
  return server
}

/** Sends a request over one connection with each call, and returns the user that the server saw. */
function asker(server: FakeApiServer, choice: ConnectionChoice) {
  const api = new Api(connectionFrom(choice))
  return async () => {
    const answer = api.get('/version', AbortSignal.timeout(60_000))
    const exchange = await Promise.race([server.next(), answer as Promise<never>])
    exchange.answer({ path: exchange.path })
    assert.deepEqual(await answer, { path: '/version' })
    return { authorization: exchange.headers.authorization, client: exchange.clientName }
  }
}

/** Sends a request, and returns the headers by which the server learns of an impersonation. */
async function impersonated(server: FakeApiServer, choice: ConnectionChoice) {
  const answer = new Api(connectionFrom(choice)).get('/version', AbortSignal.timeout(60_000))
  const exchange = await Promise.race([server.next(), answer as Promise<never>])
  exchange.answer({})
  await answer
  return Object.fromEntries(Object.entries(exchange.headers).filter(([name]) => name.startsWith('impersonate-')))
}

suite('an impersonation', { timeout: 300_000 }, () => {
  const user = {
    token: 'secret',
    as: 'jane',
    'as-groups': ['dev', 'ops'],
    'as-uid': '42',
    'as-user-extra': { 'example.com/reason': ['on call', 'ü'] },
  }
  const whole = {
    'impersonate-user': 'jane',
    'impersonate-group': 'dev, ops',
    'impersonate-uid': '42',
    'impersonate-extra-example.com%2freason': `on call, ${Buffer.from('ü').toString('latin1')}`,
  }

  test('of a kubeconfig is sent with all its parts', async (t) => {
    const server = await start(t)
    assert.deepEqual(await impersonated(server, { kubeconfig: server.kubeconfig({ tester: user }) }), whole)
  })

  test('of options replaces those parts that they name', async (t) => {
    const server = await start(t)
    const kubeconfig = server.kubeconfig({ tester: user })
    const asUserExtra = { reason: ['drill'] }
    assert.deepEqual(await impersonated(server, { kubeconfig, as: 'joe', asGroup: ['qa'], asUserExtra }), {
      ...whole,
      'impersonate-user': 'joe',
      'impersonate-group': 'qa',
      'impersonate-extra-reason': 'drill',
    })
    const plain = server.kubeconfig({ tester: { token: 'secret' } })
    assert.deepEqual(await impersonated(server, { kubeconfig: plain, as: 'joe', asGroup: [], asUid: '7' }), {
      'impersonate-user': 'joe',
      'impersonate-uid': '7',
    })
    assert.deepEqual(await impersonated(server, { kubeconfig: plain, asGroup: [] }), {})
  })

  test('without a user is an error, and not a request by other rights', async (t) => {
    const server = await start(t)
    const { as: _, ...rest } = user
    const refused = (choice: ConnectionChoice) => assert.throws(() => connectionFrom(choice), /need its name: add --as/)
    refused({ kubeconfig: server.kubeconfig({ tester: rest }) })
    refused({ kubeconfig: server.kubeconfig({ tester: { token: 'secret' } }), asGroup: ['dev'] })
  })

  test('of another user of the kubeconfig does not count', async (t) => {
    const server = await start(t)
    const kubeconfig = server.kubeconfig({ tester: { token: 'secret' }, other: user })
    assert.deepEqual(await impersonated(server, { kubeconfig }), {})
  })
})

suite('a connection', { timeout: 300_000 }, () => {
  test('follows a token file that ends with a newline', async (t) => {
    const server = await start(t)
    server.file('token', 'secret\n')
    const ask = asker(server, { kubeconfig: server.kubeconfig({ tester: { tokenFile: 'token' } }) })
    assert.equal((await ask()).authorization, 'Bearer secret')
  })

  test('says that a token cannot be sent, and does not show it or the password in an address', async (t) => {
    const server = await start(t)
    const kubeconfig = server.kubeconfig({ tester: { token: 'hid\nden' } })
    await assert.rejects(new Api(connectionFrom({ kubeconfig })).get('/version', AbortSignal.timeout(60_000)), {
      message: 'the token of the user has a character that cannot be sent, such as a line end: write it again',
    })
    for (const address of ['https://a:hidden@b', 'http://a:hidden@b', '//a:hidden@b']) {
      server.file('address', readFileSync(kubeconfig, 'utf8').replace(server.address, address))
      const message = 'its server has a user name or a password: write them as username and password of the user'
      assert.throws(() => connectionFrom({ kubeconfig: path.join(server.folder, 'address') }), { message })
    }
  })

  test('prefers a token file to a token', async (t) => {
    const server = await start(t)
    server.file('token', 'fresh')
    const ask = asker(server, { kubeconfig: server.kubeconfig({ tester: { token: 'stale', tokenFile: 'token' } }) })
    assert.equal((await ask()).authorization, 'Bearer fresh')
  })

  test('reports an empty kubeconfig', async (t) => {
    const server = await start(t)
    server.file('empty', '\n')
    const kubeconfig = path.join(server.folder, 'empty')
    assert.throws(() => connectionFrom({ kubeconfig }), { message: `${kubeconfig}: is empty` })
  })

  test('names the place of what is not YAML, without its text, which may be a token', async (t) => {
    const server = await start(t)
    const warnings: Error[] = []
    const listen = (warning: Error) => warnings.push(warning)
    process.on('warning', listen)
    t.after(() => process.off('warning', listen))
    const said = (token: string) => {
      server.file('broken', `users:\n- name: u\n  user:\n    token: ${token}\n`)
      const kubeconfig = path.join(server.folder, 'broken')
      try {
        connectionFrom({ kubeconfig })
      } catch (error) {
        return inspect(error).replace(kubeconfig, 'FILE')
      }
      return ''
    }
    assert.match(said('hidden: x'), /FILE: is not valid YAML: see line 4, column 12\n/)
    for (const token of ['hidden: x', '"hidden', '*hidden', '!hidden x', '{}} hidden', '"\\hidden"'])
      assert.doesNotMatch(said(token), /hidden/)
    await new Promise(setImmediate)
    assert.deepEqual(warnings, [])
  })

  test('treats an empty KUBECONFIG as unset', async (t) => {
    const server = await start(t)
    server.file('home/.kube/token', 'from home')
    server.kubeconfig({ tester: { tokenFile: 'token' } }, 'home/.kube/config')
    const home = path.join(server.folder, 'home')
    environment(t, { HOME: home, KUBECONFIG: '', KUBERNETES_SERVICE_HOST: undefined })
    assert.equal((await asker(server, {})()).authorization, 'Bearer from home')
  })

  test('skips files of KUBECONFIG that do not exist', async (t) => {
    const server = await start(t)
    const files = ['/nowhere/kubeconfig', server.kubeconfig()]
    environment(t, { KUBECONFIG: files.join(path.delimiter), KUBERNETES_SERVICE_HOST: undefined })
    assert.equal((await asker(server, {})()).authorization, 'Bearer secret')
  })

  test('prefers the first of two files', async (t) => {
    const server = await start(t)
    const other = server.kubeconfig({ tester: { token: 'of the second' } }, 'second')
    environment(t, {
      KUBECONFIG: [server.kubeconfig(), other].join(path.delimiter),
      KUBERNETES_SERVICE_HOST: undefined,
    })
    assert.equal((await asker(server, {})()).authorization, 'Bearer secret')
  })

  test('names the files of KUBECONFIG if none of them exists', (t) => {
    environment(t, {
      KUBECONFIG: ['/nowhere/a', '/nowhere/b'].join(path.delimiter),
      KUBERNETES_SERVICE_HOST: undefined,
    })
    const message = 'KUBECONFIG names /nowhere/a, /nowhere/b, and no such file exists: correct it, or use --kubeconfig'
    assert.throws(() => connectionFrom({}), { message })
  })

  test('needs no home folder in a Pod, whose user may have none', (t) => {
    t.mock.method(os, 'homedir', () => {
      throw new Error('uv_os_homedir returned ENOENT')
    })
    syncBuiltinESMExports()
    t.after(() => {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    })
    environment(t, { HOME: undefined, KUBECONFIG: undefined, KUBERNETES_SERVICE_HOST: '10.0.0.1' })
    assert.equal(isInPod({}), true)
  })

  test('needs a kubeconfig', (t) => {
    environment(t, { HOME: '/nowhere', KUBECONFIG: undefined, KUBERNETES_SERVICE_HOST: undefined })
    assert.throws(() => connectionFrom({}), /no kubeconfig was found: name one with --kubeconfig/)
  })

  test('does not break a request in flight when the client certificate is renewed', async (t) => {
    const server = await start(t)
    const write = ({ cert, key }: Certificate) => {
      server.file('alice.crt', cert)
      server.file('alice.key', key)
    }
    write(identity('alice'))
    const user = { 'client-certificate': 'alice.crt', 'client-key': 'alice.key' }
    const api = new Api(connectionFrom({ kubeconfig: server.kubeconfig({ tester: user }) }))
    const before = api.get('/before', AbortSignal.timeout(60_000))
    const exchange = await server.expect('/before')
    write(identity('alice, renewed'))
    const after = api.get('/after', AbortSignal.timeout(60_000))
    ;(await server.expect('/after')).answer({ is: 'after' })
    exchange.answer({ is: 'before' })
    assert.deepEqual(await Promise.all([before, after]), [{ is: 'before' }, { is: 'after' }])
  })

  test('sends the token of the kubeconfig to a server that its authority verifies', async (t) => {
    const server = await start(t)
    const ask = asker(server, { kubeconfig: server.kubeconfig({ tester: { token: 'secret' } }) })
    assert.deepEqual(await ask(), { authorization: 'Bearer secret', client: undefined })
  })

  test('sends nothing to a server that its authority does not verify', async (t) => {
    const [server, other] = [await start(t), await start(t)]
    const config = readFileSync(server.kubeconfig(), 'utf8').replace(base64(server.ca), base64(other.ca))
    const api = new Api(connectionFrom({ kubeconfig: server.file('other-authority', config) }))
    await assert.rejects(api.get('/version', AbortSignal.timeout(60_000)), /certificate/)
    assert.deepEqual(server.asked, [])
  })

  test('follows a token file, whose path is relative to the kubeconfig', async (t) => {
    const server = await start(t)
    server.file('tokens/mine', 'one')
    const ask = asker(server, { kubeconfig: server.kubeconfig({ tester: { tokenFile: 'tokens/mine' } }) })
    assert.equal((await ask()).authorization, 'Bearer one')
    // Immediately, and whatever the clock shows: the API server may refuse the first token from now on.
    server.file('tokens/mine', 'two')
    assert.equal((await ask()).authorization, 'Bearer two')
  })

  test('uses the user of the context, and its token file', async (t) => {
    const server = await start(t)
    for (const name of ['one', 'two']) server.file(name, `of user ${name}`)
    const kubeconfig = server.kubeconfig({ one: { tokenFile: 'one' }, two: { tokenFile: 'two' } })
    assert.equal((await asker(server, { kubeconfig })()).authorization, 'Bearer of user one')
    assert.equal((await asker(server, { kubeconfig, context: 'two' })()).authorization, 'Bearer of user two')
  })

  test('presents the client certificate of the kubeconfig', async (t) => {
    const server = await start(t)
    const { cert, key } = identity('alice')
    const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) }
    const ask = asker(server, { kubeconfig: server.kubeconfig({ tester: user }) })
    assert.deepEqual(await ask(), { authorization: undefined, client: 'alice' })
  })

  test('presents a renewed client certificate from the next request on', async (t) => {
    const server = await start(t)
    const write = ({ cert, key }: Certificate) => {
      server.file('alice.crt', cert)
      server.file('alice.key', key)
    }
    write(identity('alice'))
    const user = { 'client-certificate': 'alice.crt', 'client-key': 'alice.key' }
    const ask = asker(server, { kubeconfig: server.kubeconfig({ tester: user }) })
    assert.equal((await ask()).client, 'alice')
    write(identity('alice, renewed'))
    assert.equal((await ask()).client, 'alice, renewed')
  })

  test('removes trailing slashes from the address', async (t) => {
    const server = await start(t)
    const config = readFileSync(server.kubeconfig(), 'utf8').replace(
      server.address,
      'https://api.example:6443/prefix///',
    )
    assert.equal(
      connectionFrom({ kubeconfig: server.file('slashes', config) }).server,
      'https://api.example:6443/prefix',
    )
  })
})

suite('without a kubeconfig named', { timeout: 300_000 }, () => {
  test('that of KUBECONFIG is used, with its token file', async (t) => {
    const server = await start(t)
    server.file('token', 'from a file')
    const kubeconfig = server.kubeconfig({ tester: { tokenFile: 'token' } })
    environment(t, { KUBECONFIG: kubeconfig, KUBERNETES_SERVICE_HOST: undefined })
    assert.equal((await asker(server, {})()).authorization, 'Bearer from a file')
  })

  test('that of the home folder is used, with its token file', async (t) => {
    const server = await start(t)
    server.file('home/.kube/token', 'from home')
    server.kubeconfig({ tester: { tokenFile: 'token' } }, 'home/.kube/config')
    const home = path.join(server.folder, 'home')
    environment(t, { HOME: home, KUBECONFIG: undefined, KUBERNETES_SERVICE_HOST: undefined })
    assert.equal((await asker(server, {})()).authorization, 'Bearer from home')
  })
})

suite('a kubeconfig that cannot be used is a clear error:', () => {
  test('an unknown context', async (t) => {
    const server = await start(t)
    assert.throws(() => connectionFrom({ kubeconfig: server.kubeconfig(), context: 'elsewhere' }), {
      message: 'the kubeconfig has no context "elsewhere"',
    })
  })

  const contexts = [{ name: 'here', context: { cluster: 'gone', user: 'tester' } }]
  const current = { users: [], contexts, 'current-context': 'here' }
  for (const [title, config, message] of [
    [
      'no current context',
      { clusters: [], users: [], contexts },
      'the kubeconfig has no current context: choose one with --context',
    ],
    [
      'a current context whose cluster is missing',
      { ...current, clusters: [] },
      'the kubeconfig has no cluster "gone", which the context names: add it, or use --context',
    ],
    [
      'a cluster without a server',
      { ...current, clusters: [{ name: 'gone', cluster: {} }] },
      'cluster "gone" of the kubeconfig has no server: add it, or use --context',
    ],
  ] as const) {
    test(title, async (t) => {
      const server = await start(t)
      assert.throws(() => connectionFrom({ kubeconfig: server.file('config', JSON.stringify(config)) }), { message })
    })
  }

  test('a client certificate that does not exist, with its field and its user', async (t) => {
    const server = await start(t)
    const kubeconfig = server.kubeconfig({ tester: { 'client-certificate': '/nowhere/c.crt', 'client-key': 'c.key' } })
    await assert.rejects(connectionFrom({ kubeconfig }).requestOptions(AbortSignal.timeout(60_000)), {
      message: 'client-certificate of user "tester" of the kubeconfig is /nowhere/c.crt: no such file or directory',
    })
  })

  test('a file that does not exist', () => {
    assert.throws(
      () => connectionFrom({ kubeconfig: '/nowhere/kubeconfig' }),
      /\/nowhere\/kubeconfig: no such file or directory/,
    )
  })
})
