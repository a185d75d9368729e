import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { proxyFor } from '../../src/cluster/proxy.ts'
import { environment } from '../harness/environment.ts'
import { httpProxy, socksProxy, type TestProxy } from '../harness/network/proxies.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'
import { A_DAY } from '../harness/validities.ts'

/** The servers and values of NO_PROXY for which golang.org/x/net/http/httpproxy v0.60.0 uses the proxy, or not. */
const RULES: [server: string, noProxy: string, isProxied: boolean][] = [
  ['https://api.example:6443', '', true],
  ['https://api.example:6443', '*', false],
  ['https://api.example:6443', 'example', false],
  ['https://api.example:6443', '.example', false],
  ['https://api.example:6443', '*.example', false],
  ['https://api.example:6443', 'api.example', false],
  ['https://api.example:6443', 'pi.example', true],
  ['https://api.example:6443', 'API.Example , other', false],
  ['https://api.example:6443', '.api.example', true],
  ['https://api.example:6443', '*.api.example', true],
  ['https://api.example:6443', 'api.example:6443', false],
  ['https://api.example:6443', 'api.example:443', true],
  ['https://api.example', 'api.example:443', false],
  ['https://api.example:6443', 'example:6443', false],
  ['https://api.example:6443', ':6443', true],
  ['https://api.example:6443', ',', true],
  ['https://api.example:6443', 'api.example:', false],
  ['https://api.example.:6443', 'api.example', true],
  ['https://api.example:6443', '.', true],
  ['https://10.1.2.3:6443', '10.0.0.0/8', false],
  ['https://10.1.2.3:6443', '10.0.0.0/33', true],
  ['https://10.1.2.3:6443', '10.1.2.3', false],
  ['https://10.1.2.3:6443', '10.1.2.3:6443', false],
  ['https://10.1.2.3:6443', '10.1.2.3:443', true],
  ['https://10.1.2.3:6443', '10.1.3.0/24', true],
  ['https://10.1.2.3:6443', '.2.3', true],
  ['https://10.1.2.3:6443', '::/0', true],
  ['https://10.1.2.3:6443', '::ffff:10.1.2.3', false],
  ['https://[2001:db8::1]:6443', '2001:db8::/32', false],
  ['https://[2001:db8::1]:6443', '2001:db9::/32', true],
  ['https://[2001:db8::1]:6443', '2001:db8::1', false],
  ['https://[2001:db8::1]:6443', '2001:0db8:0::1', false],
  ['https://[2001:db8::1]:6443', '[2001:db8::1]', true],
  ['https://[2001:db8::1]:6443', '[2001:db8::1]:6443', false],
  ['https://[2001:db8::1]:6443', '[2001:db8::1]:443', true],
  ['https://[2001:db8::1]:6443', '0.0.0.0/0', true],
  ['https://[::ffff:10.1.2.3]:6443', '10.0.0.0/8', false],
  ['https://localhost:6443', '', false],
  ['https://127.1.2.3:6443', '', false],
  ['https://[::1]:6443', '', false],
]

suite('HTTPS_PROXY and NO_PROXY', () => {
  for (const [server, noProxy, isProxied] of RULES)
    test(`${server} is ${isProxied ? '' : 'not '}reached by the proxy with NO_PROXY=${noProxy}`, (t) => {
      environment(t, { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: noProxy, no_proxy: undefined })
      assert.equal(proxyFor(new URL(server), undefined) !== undefined, isProxied)
    })

  test('may be in lower case, without a scheme, and do not concern a proxy-url', (t) => {
    const server = new URL('https://api.example')
    environment(t, { HTTPS_PROXY: undefined, https_proxy: 'proxy:3128', NO_PROXY: undefined, no_proxy: undefined })
    assert.equal(proxyFor(server, undefined)?.url.href, 'http://proxy:3128/')
    environment(t, { NO_PROXY: '*', HTTP_PROXY: 'http://other' })
    assert.equal(proxyFor(server, undefined), undefined)
    assert.equal(proxyFor(server, 'socks5://mine')?.url.href, 'socks5://mine')
    assert.equal(proxyFor(new URL('https://127.0.0.1'), 'http://mine')?.url.href, 'http://mine/')
  })

  test('that is no URL of a proxy is an error without its password', (t) => {
    environment(t, { HTTPS_PROXY: 'ftp://me:secret@proxy', NO_PROXY: undefined, no_proxy: undefined })
    const words = 'is not the URL of a proxy, http://, https:// or socks5://HOST:PORT'
    const server = new URL('https://api.example')
    assert.throws(() => proxyFor(server, undefined), { message: `HTTPS_PROXY ${words}` })
    for (const url of ['socks4://proxy', 'proxy:3128', 'http://'])
      assert.throws(() => proxyFor(server, url), { message: `proxy-url of the kubeconfig ${words}` })
  })

  test('with a user or a password that is not escaped is an error without the password', (t) => {
    const server = new URL('https://api.example')
    for (const [login, wrong] of Object.entries({
      'me:%zz': 'password',
      '%:secret': 'user name',
      'me:%ff': 'password',
    })) {
      const message = `has a ${wrong} with a % that is not an escape of UTF-8: write %25 for a %`
      environment(t, { HTTPS_PROXY: `http://${login}@proxy`, NO_PROXY: undefined, no_proxy: undefined })
      assert.throws(() => proxyFor(server, undefined), { message: `HTTPS_PROXY ${message}` })
      const refused = { message: `proxy-url of the kubeconfig ${message}` }
      assert.throws(() => proxyFor(server, `socks5://${login}@proxy`), refused)
    }
    assert.deepEqual(proxyFor(server, 'http://me:100%25@proxy')?.login, { userId: 'me', password: '100%' })
  })
})

/** Starts an API server behind a proxy, as the kubeconfig names it. */
async function behind(t: TestContext, proxy: TestProxy, url: string, address?: string) {
  t.after(() => proxy.close())
  const server = await FakeApiServer.start()
  t.after(() => server.close())
  server.respond = (exchange) => exchange.answer({ authorization: exchange.headers.authorization })
  const config = JSON.parse(readFileSync(server.kubeconfig(), 'utf8'))
  Object.assign(config.clusters[0].cluster, { 'proxy-url': url.replace('PROXY', proxy.address) })
  if (address !== undefined) Object.assign(config.clusters[0].cluster, { server: address })
  const kubeconfig = server.file('proxied', JSON.stringify(config))
  const api = new Api(connectionFrom({ kubeconfig }))
  return { server, api, kubeconfig, ask: () => api.get('/version', AbortSignal.timeout(60_000)) }
}

const reached = { authorization: 'Bearer secret' }

suite('a proxy', { timeout: 300_000 }, () => {
  test('by HTTP keeps the connection for the next request, and cannot read the token', async (t) => {
    const proxy = await httpProxy()
    const { server, ask } = await behind(t, proxy, 'http://PROXY')
    assert.deepEqual([await ask(), await ask()], [reached, reached])
    assert.deepEqual(proxy.asked, [new URL(server.address).host])
    assert.ok(proxy.passed().length > 0)
    assert.doesNotMatch(proxy.passed(), /secret|Bearer|version/)
  })

  test('by SOCKS5 passes on, and cannot read the token', async (t) => {
    const proxy = await socksProxy()
    const { server, ask } = await behind(t, proxy, 'socks5://PROXY')
    assert.deepEqual(await ask(), reached)
    assert.deepEqual(proxy.asked, [new URL(server.address).host])
    assert.doesNotMatch(proxy.passed(), /secret|Bearer|version/)
  })

  test('by HTTPS is verified by the authority of the cluster', async (t) => {
    const authority = issueAuthority('proxies', A_DAY)
    const proxy = await httpProxy({ secure: issueServer(authority, ['127.0.0.1'], A_DAY) })
    const { server, ask, kubeconfig } = await behind(t, proxy, 'https://PROXY')
    await assert.rejects(ask(), /the proxy "https:\/\/127\.0\.0\.1:\d+" \(proxy-url of the kubeconfig\): .*certificate/)
    const config = JSON.parse(readFileSync(kubeconfig, 'utf8'))
    const both = Buffer.from(server.ca + authority.cert).toString('base64')
    Object.assign(config.clusters[0].cluster, { 'certificate-authority-data': both })
    const trusting = new Api(connectionFrom({ kubeconfig: server.file('both', JSON.stringify(config)) }))
    assert.deepEqual(await trusting.get('/version', AbortSignal.timeout(60_000)), reached)
    assert.doesNotMatch(proxy.passed(), /secret|Bearer|version/)
  })

  for (const [scheme, start] of [
    ['http', httpProxy],
    ['socks5', socksProxy],
  ] as const) {
    test(`by ${scheme} takes a user name and a password, which no message shows`, async (t) => {
      const right = await behind(t, await start({ login: 'me:p@ss' }), `${scheme}://me:p%40ss@PROXY`)
      assert.deepEqual(await right.ask(), reached)
      const wrong = await behind(t, await start({ login: 'me:p@ss' }), `${scheme}://me:wrong@PROXY`)
      await assert.rejects(wrong.ask(), ({ message }: Error) => {
        assert.match(message, new RegExp(`the proxy "${scheme}://127\\.0\\.0\\.1:\\d+" \\(proxy-url`))
        assert.doesNotMatch(message, /wrong/)
        return true
      })
    })

    test(`by ${scheme} that refuses is named`, async (t) => {
      const { ask, server } = await behind(t, await start({ manner: 'refuse' }), `${scheme}://PROXY`)
      await assert.rejects(
        ask(),
        /^Error: the proxy ".*" \(proxy-url of the kubeconfig\): .*(HTTP 403 Forbidden|NotAllowed)/,
      )
      assert.deepEqual(server.asked, [])
    })

    test(`by ${scheme} that hangs does not outlast the time limit`, async (t) => {
      const proxy = await start({ manner: 'hang' })
      const { ask } = await behind(t, proxy, `${scheme}://PROXY`)
      const set = globalThis.setTimeout
      const short = (act: () => void, ms: number) => set(act, ms === 30_000 ? 200 : ms)
      t.mock.method(globalThis, 'setTimeout', short)
      await assert.rejects(ask(), /no answer in 30000 ms|no connection in 30000 ms|timed out/)
    })

    test(`by ${scheme} gets names as they are, and addresses of IPv6`, async (t) => {
      const proxy = await start({ manner: 'refuse' })
      const named = await behind(t, proxy, `${scheme}://PROXY`, 'https://only-the-proxy-knows.invalid:6443')
      await assert.rejects(named.ask())
      const address = await behind(t, proxy, `${scheme}://PROXY`, 'https://[2001:db8::1]:6443')
      await assert.rejects(address.ask())
      const six = scheme === 'http' ? '[2001:db8::1]' : '2001:0db8:0000:0000:0000:0000:0000:0001'
      assert.deepEqual(proxy.asked, ['only-the-proxy-knows.invalid:6443', `${six}:6443`])
    })
  }

  test('that leads elsewhere gets no request', async (t) => {
    const other = await FakeApiServer.start()
    t.after(() => other.close())
    for (const [start, scheme] of [
      [httpProxy, 'http'],
      [socksProxy, 'socks5'],
    ] as const) {
      const stranger = await behind(t, await start({ target: new URL(other.address) }), `${scheme}://PROXY`)
      await assert.rejects(stranger.ask(), /certificate/)
      const { server, ask } = await behind(t, await start({ target: new URL(other.address) }), `${scheme}://PROXY`)
      await assert.rejects(ask(), /certificate/)
      assert.deepEqual([server.asked, other.asked], [[], []])
    }
  })

  test('leads to the server whose certificate has the tls-server-name', async (t) => {
    const { server } = await behind(t, await httpProxy(), 'http://PROXY')
    const named = (cluster: object) => {
      const config = JSON.parse(readFileSync(server.kubeconfig(), 'utf8'))
      Object.assign(config.clusters[0].cluster, { server: 'https://api.invalid:6443', ...cluster })
      const api = new Api(connectionFrom({ kubeconfig: server.file('named', JSON.stringify(config)) }))
      return api.get('/version', AbortSignal.timeout(60_000))
    }
    const proxy = await socksProxy({ target: new URL(server.address) })
    t.after(() => proxy.close())
    const through = { 'proxy-url': `socks5://${proxy.address}` }
    await assert.rejects(named(through), /api\.invalid/)
    assert.deepEqual(await named({ ...through, 'tls-server-name': '127.0.0.1' }), reached)
    await assert.rejects(named({ ...through, 'tls-server-name': 'other.example' }), /other\.example/)
  })

  test('that cannot be reached is named, and not the server', async (t) => {
    const gone = await httpProxy()
    const { ask } = await behind(t, gone, 'http://PROXY')
    gone.close()
    await assert.rejects(ask(), /^Error: the proxy ".*" \(proxy-url of the kubeconfig\): connection refused/)
  })
})
