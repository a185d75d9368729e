import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { type ListOptions, listPages } from '../../src/cluster/list.ts'
import { type Exchange, FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'
import { A_DAY } from '../harness/validities.ts'

const SHAPE = { metadata: { name: 'whole', namespace: 'whole' }, spec: 'whole' } as const
const GRANTS = '/grants?limit=500'

async function start(t: TestContext, user: object = { token: 'secret' }) {
  const server = await FakeApiServer.start()
  t.after(() => server.close())
  const api = new Api(connectionFrom({ kubeconfig: server.kubeconfig({ tester: user }) }))
  /** Lists all grants: the objects since the list began, how often it began, and the bytes received. */
  const list = async (options: Partial<ListOptions> = {}) => {
    let taken: { item: unknown; whole: boolean }[] = []
    let begun = 0
    let bytes = 0
    const sink = {
      begin: () => {
        begun += 1
        taken = []
      },
      take: (item: unknown, whole: boolean) => taken.push({ item, whole }),
    }
    const listed = await listPages(api, '/grants', SHAPE, sink, AbortSignal.timeout(20_000), {
      most: 1_000,
      received: (more) => {
        bytes += more
      },
      ...options,
    })
    return { ...listed, taken, begun, bytes }
  }
  return { server, api, list }
}

/** The answer to the expected request, written in pieces of 16 KiB. */
function send(exchange: Exchange, text: string): number {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += 16_384) exchange.write(bytes.subarray(at, at + 16_384))
  exchange.end()
  return bytes.length
}

const item = (name: string, spec: unknown = { to: [] }) => ({ metadata: { name, namespace: 'billing' }, spec })
const page = (items: readonly unknown[], next = '') =>
  JSON.stringify({ kind: 'List', metadata: { resourceVersion: '7', continue: next }, items })
const whole = (one: unknown) => ({ item: one, whole: true })

suite('a list', { timeout: 300_000 }, () => {
  test('of 60 grants of 1.36 MiB is counted in full, and only their names and specs are kept', async (t) => {
    const { server, list } = await start(t)
    const listed = list()
    const labels = Object.fromEntries(Array.from({ length: 110_000 }, (_, key) => [`k${key}`, 'v']))
    const { metadata, spec } = item('large')
    const grant = Buffer.from(JSON.stringify({ metadata: { ...metadata, labels }, spec, status: [labels.k1] }))
    assert.ok(grant.length > 1.36 * 1024 * 1024)
    const exchange = await server.expect(GRANTS)
    exchange.write('{"items":[').write(grant)
    for (let sent = 1; sent < 60; sent += 1) exchange.write(',').write(grant)
    exchange.write('],"metadata":{"resourceVersion":"7"}}').end()
    const { taken, bytes, resourceVersion } = await listed
    assert.equal(resourceVersion, '7')
    assert.equal(taken.length, 60)
    assert.ok(bytes > 60 * grant.length)
    assert.ok(taken.every(({ whole }) => whole))
    assert.equal(JSON.stringify(taken.map(({ item }) => item)).length, 60 * JSON.stringify(item('large')).length + 61)
  })

  test('with an object that is too large has the name of that object, and all others', async (t) => {
    const { server, list } = await start(t)
    const listed = list()
    const text = page([item('a'), item('large', { to: ['x'.repeat(100_000)] }), item('b')])
    send(await server.expect(GRANTS), text)
    const { taken, bytes } = await listed
    assert.deepEqual(taken, [
      whole(item('a')),
      { item: { metadata: item('large').metadata }, whole: false },
      whole(item('b')),
    ])
    assert.equal(bytes, text.length)
  })

  test('has undefined in place of an element that is not an object', async (t) => {
    const { server, list } = await start(t)
    const listed = list()
    send(await server.expect(GRANTS), page([null, item('a'), {}]))
    assert.deepEqual((await listed).taken, [whole(undefined), whole(item('a')), whole({})])
  })

  test('restarts when its pages expire, and counts their bytes', async (t) => {
    const { server, list } = await start(t)
    const listed = list()
    const first = send(await server.expect(GRANTS), page([item('gone')], 'more'))
    ;(await server.expect(`${GRANTS}&continue=more`)).refuse(410)
    const second = send(await server.expect(GRANTS), page([item('a')], 'and more'))
    const third = send(await server.expect(`${GRANTS}&continue=and%20more`), page([item('b')]))
    assert.deepEqual(await listed, {
      resourceVersion: '7',
      bytes: first + second + third,
      taken: [whole(item('a')), whole(item('b'))],
      begun: 2,
    })
  })

  test('that is empty has nothing', async (t) => {
    const { server, list } = await start(t)
    for (const items of ['[]', 'null']) {
      const listed = list()
      send(await server.expect(GRANTS), `{"metadata":{"resourceVersion":"7"},"items":${items}}`)
      assert.deepEqual((await listed).taken, [])
    }
  })

  for (const [title, text] of Object.entries({
    'has no items': '{"metadata":{"resourceVersion":"7"}}',
    'has an object for its items': '{"metadata":{"resourceVersion":"7"},"items":{}}',
    'has no resource version': '{"metadata":{},"items":[]}',
    'is a Status': '{"kind":"Status","metadata":{},"status":"Success"}',
    'has a token that is not a string': '{"metadata":{"resourceVersion":"7","continue":1},"items":[]}',
    'has a token that is too long': page([], 'x'.repeat(2_000)),
    'is null': 'null',
  })) {
    test(`that ${title} is an error, and not an empty list`, async (t) => {
      const { server, list } = await start(t)
      const listed = list()
      send(await server.expect(GRANTS), text)
      await assert.rejects(listed, { message: `${GRANTS}: the answer is not a list` })
    })
  }

  test('that breaks off, ends early or is not JSON is an error', async (t) => {
    const { server, list } = await start(t)
    const half = page([item('a'), item('b')]).slice(0, -30)
    let listed = list()
    ;(await server.expect(GRANTS)).write(half).cut()
    await assert.rejects(listed, { code: 'ECONNRESET' })
    listed = list()
    send(await server.expect(GRANTS), half)
    await assert.rejects(listed, {
      message: `${GRANTS}: the answer is not JSON: it ends too early, after ${half.length} bytes`,
    })
    listed = list()
    send(await server.expect(GRANTS), '{"items":[<html>')
    await assert.rejects(listed, { message: `${GRANTS}: the answer is not JSON: byte 10: a value or ] was expected` })
  })

  test('of empty pages, each of which names another, fails at the third in a row', async (t) => {
    const { server, list } = await start(t)
    const listed = list()
    send(await server.expect(GRANTS), page([], 'a'))
    send(await server.expect(`${GRANTS}&continue=a`), page([], 'b'))
    send(await server.expect(`${GRANTS}&continue=b`), page([item('a')], 'c'))
    for (const [token, next] of ['cd', 'de', 'ef'])
      send(await server.expect(`${GRANTS}&continue=${token}`), page([], next))
    await assert.rejects(listed, { message: `${GRANTS}&continue=e: the list does not end: 3 pages in a row are empty` })
  })

  test('whose page names itself as the next page is an error', async (t) => {
    const { server, list } = await start(t)
    const listed = list()
    send(await server.expect(GRANTS), page([item('a')], 'again'))
    send(await server.expect(`${GRANTS}&continue=again`), page([item('a')], 'again'))
    await assert.rejects(listed, {
      message: `${GRANTS}&continue=again: the list does not end: a page names itself as the next page`,
    })
  })

  test('has at most 100,000 pages', async () => {
    let pages = 0
    const project: Api['project'] = async (_path, keep) => {
      pages += 1
      keep.document({ metadata: { resourceVersion: '7', continue: `${pages}` }, items: 1 }, true, {} as never)
    }
    const sink = { begin: () => {}, take: () => {} }
    const options = { most: 1_000 }
    const listed = listPages({ project } as Api, '/grants', SHAPE, sink, new AbortController().signal, options)
    await assert.rejects(listed, { message: /the list does not end: it has 100000 pages$/ })
    assert.equal(pages, 100_000)
  })

  test('throws what its sink throws', async (t) => {
    const { server, api } = await start(t)
    const sink = {
      begin: () => {},
      take: () => {
        throw new Error('no more')
      },
    }
    const listed = listPages(api, '/grants', SHAPE, sink, AbortSignal.timeout(10_000), { most: 1_000 })
    send(await server.expect(GRANTS), page([item('a')]))
    await assert.rejects(listed, { message: 'no more' })
  })

  test('on its own connection opens a new one, closes it, and sends the same credentials', async (t) => {
    const { cert, key } = issueServer(issueAuthority('users', A_DAY), ['alice'], A_DAY)
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const certificate = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) }
    const { server, list } = await start(t, { ...certificate, token: 'secret' })
    const ports: unknown[] = []
    for (const ownConnection of [false, true, true, false]) {
      const listed = list({ ownConnection })
      const exchange = await server.expect(GRANTS)
      send(exchange, page([]))
      await listed
      const { authorization, connection } = exchange.headers
      assert.deepEqual([authorization, exchange.clientName], ['Bearer secret', 'alice'])
      assert.equal(connection, ownConnection ? 'close' : 'keep-alive')
      ports.push(exchange.clientPort)
    }
    const [pooled, ...others] = ports
    assert.equal(new Set(ports).size, 3)
    assert.equal(others.at(-1), pooled)
  })
})
