import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import { mock, suite, type TestContext, test } from 'node:test'
import timers from 'node:timers/promises'
import { pino } from 'pino'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { Reflector } from '../../src/cluster/reflector.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { until } from '../harness/api-client.ts'
import { type Exchange, FakeApiServer, grantPage, grantsPath, storedGrant } from '../harness/fake-api-server.ts'
import { GrantMap } from '../harness/grant-map.ts'

const GRANTS = `${grantsPath('v1')}?limit=500`
const served = { v1: ['referencegrants', 'httproutes'] }

const watchFrom = (resourceVersion: string, version = 'v1') =>
  `${grantsPath(version)}?watch=1&allowWatchBookmarks=true&timeoutSeconds=30&resourceVersion=${resourceVersion}`
const streamFrom = (version = 'v1') =>
  `${grantsPath(version)}?watch=1&allowWatchBookmarks=true&timeoutSeconds=30&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`
const event = (type: string, name: string, target: string, resourceVersion: string) => ({
  type,
  object: storedGrant(name, target, resourceVersion),
})
const bookmark = (resourceVersion: string) => ({
  type: 'BOOKMARK',
  object: { kind: 'ReferenceGrant', metadata: { resourceVersion } },
})
const wholeList = (resourceVersion: string) => ({
  type: 'BOOKMARK',
  object: {
    kind: 'ReferenceGrant',
    metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } },
  },
})
const failure = (code: number) => ({
  type: 'ERROR',
  object: { kind: 'Status', metadata: {}, code, message: 'as scripted' },
})

// The reflector's pauses take no time but on the test's clock, or else last until the signal ends them.
const clock = { now: 0 }
const pauses: number[] = []
let endless = false
const pause = timers.setTimeout
mock.method(timers, 'setTimeout', (ms: number, value: unknown, options?: { signal: AbortSignal }) => {
  pauses.push(ms)
  clock.now += ms
  return pause(endless ? 1_000_000 : 0, value, options)
})
syncBuiltinESMExports()

/** A reflector that runs against a fake API server. */
async function start(t: TestContext) {
  clock.now = 1_000_000
  pauses.length = 0
  endless = false
  const server = await FakeApiServer.start()
  const store = new GrantMap()
  const reflector = new Reflector({
    kind: REFERENCE_GRANT,
    api: new Api(connectionFrom({ kubeconfig: server.kubeconfig() })),
    store,
    logger: pino({ level: 'silent' }),
    now: () => clock.now,
  })
  const stop = new AbortController()
  const ended = reflector.run(stop.signal)
  t.after(async () => {
    stop.abort()
    await ended
    server.close()
  })
  /** Each grant that the store holds, and the Service that it permits. */
  const stored = () => store.targets
  return { server, reflector, stored, stop, ended }
}

/** A reflector that has listed one grant, `first`, at version 10, with its watch from there. */
async function watching(t: TestContext) {
  const started = await start(t)
  await started.server.discover(served)
  const list = await started.server.expect(GRANTS)
  list.answer(grantPage('10', [storedGrant('first', 'payments', '7')]))
  return { ...started, watch: await started.server.expect(watchFrom('10')) }
}

const first = { first: 'payments' }

suite('the reflector', { timeout: 30_000 }, () => {
  suite('lists', () => {
    test('page by page, takes all pages at once, and watches from where the list ended', async (t) => {
      const { server, reflector, stored } = await start(t)
      await server.discover(served)
      const page = await server.expect(GRANTS)
      page.answer(grantPage('10', [storedGrant('first', 'payments', '7')], 'more&limit=1'))
      const last = await server.expect(`${GRANTS}&continue=more%26limit%3D1`)
      assert.deepEqual(stored(), {})
      assert.equal(reflector.completeAt, -Infinity)
      last.answer(grantPage('11', [storedGrant('second', 'invoices', '8')]))
      await server.expect(watchFrom('11'))
      assert.deepEqual(stored(), { first: 'payments', second: 'invoices' })
      assert.deepEqual(pauses, [])
    })

    test('and is complete as of the moment when it began to ask', async (t) => {
      const { server, reflector } = await start(t)
      clock.now += 500
      await server.discover(served)
      const list = await server.expect(GRANTS)
      clock.now += 500
      list.answer(grantPage('10', []))
      await server.expect(watchFrom('10'))
      assert.equal(reflector.completeAt, 1_000_000)
    })

    test('from the beginning when the pages expire on the way', async (t) => {
      const { server, stored } = await start(t)
      await server.discover(served)
      const page = await server.expect(GRANTS)
      page.answer(grantPage('10', [storedGrant('gone', 'payments', '7')], 'more'))
      const expired = await server.expect(`${GRANTS}&continue=more`)
      expired.refuse(410)
      const again = await server.expect(GRANTS)
      again.answer(grantPage('20', [storedGrant('second', 'invoices', '12')]))
      await server.expect(watchFrom('20'))
      assert.deepEqual(stored(), { second: 'invoices' })
      assert.deepEqual(pauses, [])
    })

    test('at most four times in a row before it takes a pause', async (t) => {
      const { server, reflector } = await start(t)
      await server.discover(served)
      for (let attempt = 0; attempt < 4; attempt += 1) {
        const expired = await server.expect(GRANTS)
        assert.deepEqual(pauses, [])
        expired.refuse(410)
      }
      await server.expect('/apis')
      assert.equal(pauses.length, 1)
      assert.equal(reflector.completeAt, -Infinity)
    })
  })

  suite('lists by a stream, where the API server has that,', () => {
    /** A reflector that has asked for a streamed list. */
    async function streaming(t: TestContext) {
      const started = await start(t)
      started.server.streams = true
      await started.server.discover(served)
      return { ...started, stream: await started.server.expect(streamFrom()) }
    }

    test('takes it when it is whole, as of the moment when it was asked for, and watches on', async (t) => {
      const { server, reflector, stored, stream } = await streaming(t)
      clock.now += 500
      // In no order, and with what happens meanwhile.
      stream.send(event('ADDED', 'third', 'refunds', '9'), event('ADDED', 'first', 'payments', '7'), bookmark('9'))
      stream.send(event('ADDED', 'gone', 'x', '8'), event('DELETED', 'gone', 'x', '11')).write('\n')
      await until('what it sent is on its way', () => reflector.completeAt === -Infinity && server.asked.length === 3)
      stream.send(wholeList('12'))
      await until('it is whole', () => reflector.completeAt === 1_000_000)
      assert.deepEqual(stored(), { first: 'payments', third: 'refunds' })
      stream.send(event('ADDED', 'second', 'invoices', '13'))
      await until('the event has arrived', () => reflector.completeAt === 1_000_500)
      stream.end()
      await server.expect(watchFrom('13'))
      assert.deepEqual(stored(), { first: 'payments', second: 'invoices', third: 'refunds' })
      assert.deepEqual(pauses, [])
      assert.equal(reflector.lists.start, 1)
      assert.equal(reflector.watches.timeout, 1)
    })

    for (const [title, breakOff] of Object.entries<(stream: Exchange) => void>({
      'its connection breaks': (stream) => stream.cut(),
      'it ends': (stream) => stream.end(),
      'it reports an error': (stream) => stream.send(failure(500)),
      'it is refused for now': (stream) => stream.refuse(429),
    })) {
      test(`takes nothing of it when ${title} before it is whole, and makes a plain one next`, async (t) => {
        const { server, reflector, stored, stream } = await streaming(t)
        if (!title.includes('refused')) stream.send(event('ADDED', 'first', 'payments', '7'), bookmark('9'))
        breakOff(stream)
        await server.discover(served)
        const list = await server.expect(GRANTS)
        assert.deepEqual(stored(), {})
        assert.equal(reflector.completeAt, -Infinity)
        list.answer(grantPage('10', [storedGrant('first', 'payments', '7')]))
        const watch = await server.expect(watchFrom('10'))
        assert.deepEqual(reflector.watches, { timeout: 0, broken: 0, refused: 0 })
        watch.send(failure(410))
        await server.discover(served)
        ;(await server.expect(streamFrom())).send(wholeList('20'))
        await until('it is whole', () => reflector.lists.expired === 1)
        assert.deepEqual(stored(), {})
      })
    }

    test('and keeps what it has while the next one breaks half way', async (t) => {
      const { server, stored, stream } = await streaming(t)
      stream.send(event('ADDED', 'first', 'payments', '7'), wholeList('10'), failure(410))
      await server.discover(served)
      const next = await server.expect(streamFrom())
      next.send(event('ADDED', 'second', 'invoices', '12')).cut()
      await server.discover(served)
      const list = await server.expect(GRANTS)
      assert.deepEqual(stored(), first)
      list.answer(grantPage('20', [storedGrant('second', 'invoices', '12')]))
      await server.expect(watchFrom('20'))
      assert.deepEqual(stored(), { second: 'invoices' })
    })

    for (const status of [400, 422]) {
      test(`and never again once one was refused with ${status}`, async (t) => {
        const { server, stream } = await streaming(t)
        stream.refuse(status)
        ;(await server.expect(GRANTS)).answer(grantPage('10', []))
        const watch = await server.expect(watchFrom('10'))
        assert.deepEqual(pauses, [])
        watch.send(failure(410))
        await server.discover(served)
        await server.expect(GRANTS)
      })
    }
  })

  suite('discovers', () => {
    test('v1beta1 where v1 has no grants', async (t) => {
      const { server, stored } = await start(t)
      await server.discover({ v1: ['httproutes'], v1beta1: ['referencegrants'] })
      const list = await server.expect(`${grantsPath('v1beta1')}?limit=500`)
      list.answer(grantPage('10', [storedGrant('first', 'payments', '7')]))
      await server.expect(watchFrom('10', 'v1beta1'))
      assert.deepEqual(stored(), first)
    })

    for (const [title, versions] of Object.entries<Record<string, string[]>>({
      'the whole group is missing': {},
      'the group has no grants': { v1: ['httproutes'], v1beta1: ['gateways'] },
    })) {
      test(`that there are no grants where ${title}, and asks again after 5 s`, async (t) => {
        const { server, reflector, stored } = await start(t)
        await server.discover(versions)
        await until('it is synced', () => reflector.completeAt === 1_000_000)
        assert.deepEqual(stored(), {})
        await server.discover(served)
        assert.deepEqual(pauses, [5_000])
        const list = await server.expect(GRANTS)
        list.answer(grantPage('10', [storedGrant('first', 'payments', '7')]))
        await server.expect(watchFrom('10'))
        assert.equal(reflector.completeAt, 1_005_000)
        assert.deepEqual(stored(), first)
      })
    }

    test('nothing where discovery fails', async (t) => {
      const { server, reflector, stored } = await start(t)
      const failures: (() => Promise<void>)[] = [
        async () => (await server.expect('/apis')).refuse(503),
        async () => (await server.expect('/apis')).refuse(404),
        async () => (await server.expect('/apis')).answer('no list of groups'),
        async () => (await server.expect('/apis')).write('{"groups": [').end(),
        async () => (await server.expect('/apis')).cut(),
        async () => {
          const groups = [{ name: 'gateway.networking.k8s.io', versions: [{ version: 'v1' }] }]
          ;(await server.expect('/apis')).answer({ groups })
          ;(await server.expect('/apis/gateway.networking.k8s.io/v1')).refuse(404)
        },
      ]
      for (const fail of failures) await fail()
      await server.discover(served)
      const list = await server.expect(GRANTS)
      assert.equal(pauses.length, failures.length)
      assert.equal(reflector.completeAt, -Infinity)
      list.answer(grantPage('10', [storedGrant('first', 'payments', '7')]))
      await server.expect(watchFrom('10'))
      assert.deepEqual(stored(), first)
    })
  })

  suite('takes from a watch', () => {
    test('what was added, modified and deleted, each as of its arrival', async (t) => {
      const { reflector, stored, watch } = await watching(t)
      const steps: [event: object, stored: object][] = [
        [event('ADDED', 'second', 'invoices', '11'), { first: 'payments', second: 'invoices' }],
        [event('MODIFIED', 'first', 'refunds', '12'), { first: 'refunds', second: 'invoices' }],
        [event('DELETED', 'first', 'refunds', '13'), { second: 'invoices' }],
      ]
      for (const [event, expected] of steps) {
        clock.now += 100
        watch.send(event)
        await until('the event has arrived', () => reflector.completeAt === clock.now)
        assert.deepEqual(stored(), expected)
      }
    })

    test('from a bookmark only that nothing is missing', async (t) => {
      const { server, reflector, stored, watch } = await watching(t)
      clock.now += 100
      watch.send(bookmark('15'))
      await until('the bookmark has arrived', () => reflector.completeAt === clock.now)
      assert.deepEqual(stored(), first)
      watch.end()
      await server.expect(watchFrom('15'))
    })

    test('an event that arrives in pieces', async (t) => {
      const { reflector, stored, watch } = await watching(t)
      const line = Buffer.from(`${JSON.stringify(event('ADDED', 'second', 'Büro', '11'))}\n`)
      const within = line.indexOf('ü') + 1
      clock.now += 100
      watch.send(bookmark('10')).write(line.subarray(0, within))
      await until('the bookmark has arrived', () => reflector.completeAt === clock.now)
      assert.deepEqual(stored(), first)
      watch.write(line.subarray(within))
      await until('the event has arrived', () => 'second' in stored())
      assert.deepEqual(stored(), { first: 'payments', second: 'Büro' })
    })

    test('nothing about its freshness when it begins', async (t) => {
      const { server, reflector, watch } = await watching(t)
      clock.now += 2_000
      watch.end()
      await server.expect(watchFrom('10'))
      assert.equal(reflector.completeAt, 1_000_000)
    })
  })

  suite('resumes a watch after its last event, without a list,', () => {
    test('at once when it ends', async (t) => {
      const { server, stored, watch } = await watching(t)
      watch.send(event('ADDED', 'second', 'invoices', '11'), event('ADDED', 'third', 'refunds', '12')).end()
      await server.expect(watchFrom('12'))
      assert.deepEqual(pauses, [])
      assert.deepEqual(stored(), { first: 'payments', second: 'invoices', third: 'refunds' })
    })

    test('at once when it ends after a while with nothing to say', async (t) => {
      const { server, watch } = await watching(t)
      clock.now += 1_000
      watch.end()
      await server.expect(watchFrom('10'))
      assert.deepEqual(pauses, [])
    })

    test('after a pause when it ends as soon as it began', async (t) => {
      const { server, watch } = await watching(t)
      clock.now += 999
      watch.end()
      await server.expect(watchFrom('10'))
      assert.equal(pauses.length, 1)
    })

    const half = JSON.stringify(event('ADDED', 'third', 'refunds', '12')).slice(0, -20)
    for (const [title, breakOff] of Object.entries<(watch: Exchange) => void>({
      'its connection breaks within a line': (watch) => watch.write(half).cut(),
      'it ends within a line': (watch) => watch.write(half).end(),
      'it sends a line that is no JSON': (watch) => watch.write('{"type":\n').send(event('ADDED', 'third', 'x', '12')),
      'it sends something that is no event': (watch) => watch.send([]),
      'it reports an error of the server': (watch) => watch.send(failure(500)),
    })) {
      test(`when ${title}`, async (t) => {
        const { server, stored, watch } = await watching(t)
        watch.send(event('ADDED', 'second', 'invoices', '11'))
        breakOff(watch)
        const next = await server.expect(watchFrom('11'))
        assert.deepEqual(stored(), { first: 'payments', second: 'invoices' })
        next.send(event('ADDED', 'third', 'refunds', '12'))
        await until('the event has arrived', () => 'third' in stored())
        assert.deepEqual(stored(), { first: 'payments', second: 'invoices', third: 'refunds' })
      })
    }

    test('when the server refuses it for now, and not before the server asks', async (t) => {
      const { server, stored, watch } = await watching(t)
      watch.refuse(429, { 'retry-after': '7' })
      const again = await server.expect(watchFrom('10'))
      assert.deepEqual(pauses, [7_000])
      again.refuse(500)
      await server.expect(watchFrom('10'))
      assert.ok(pauses.length === 2 && Number(pauses[1]) < 7_000)
      assert.deepEqual(stored(), first)
    })

    test('after pauses that stay short while each brings something, however often they break', async (t) => {
      t.mock.method(Math, 'random', () => 1)
      const { server, watch } = await watching(t)
      watch.send(bookmark('11')).cut()
      for (let version = 11; version < 15; version += 1) {
        const next = await server.expect(watchFrom(`${version}`))
        next.send(bookmark(`${version + 1}`)).cut()
      }
      const last = await server.expect(watchFrom('15'))
      last.cut()
      await server.expect(watchFrom('15'))
      assert.deepEqual(pauses, [800, 800, 800, 800, 800, 1_600])
    })

    test('but by a list when the watch has proved nothing for long: etcd need not report progress', async (t) => {
      const { server, reflector, stored, watch } = await watching(t)
      clock.now += 30_000
      watch.end()
      await server.discover(served)
      const begun = clock.now
      ;(await server.expect(GRANTS)).answer(grantPage('20', [storedGrant('second', 'invoices', '12')]))
      await server.expect(watchFrom('20'))
      assert.deepEqual(stored(), { second: 'invoices' })
      assert.deepEqual(pauses, [])
      assert.equal(reflector.completeAt, begun)
      assert.deepEqual(reflector.watches, { timeout: 1, broken: 0, refused: 0 })
      assert.deepEqual(reflector.lists, { start: 1, unproven: 1, expired: 0, api: 0, stuck: 0 })
    })

    test('as often as need be on one connection, and nothing piles up on it', async (t) => {
      const warnings: string[] = []
      const note = (warning: Error) => warnings.push(warning.message)
      process.on('warning', note)
      t.after(() => process.off('warning', note))
      const { server, watch } = await watching(t)
      watch.send(bookmark('11')).end()
      for (let version = 11; version < 40; version += 1) {
        const next = await server.expect(watchFrom(`${version}`))
        next.send(bookmark(`${version + 1}`)).end()
      }
      await server.expect(watchFrom('40'))
      assert.deepEqual(warnings, [])
    })
  })

  suite('lists again, after discovery, and replaces everything', () => {
    for (const [title, [expire, reason]] of Object.entries<[(watch: Exchange) => void, 'expired' | 'api']>({
      'when a watch reports that its version is too old': [(watch) => watch.send(failure(410)), 'expired'],
      'when a watch from its version is refused as too old': [(watch) => watch.refuse(410), 'expired'],
      'when the watched version of the API is gone': [(watch) => watch.refuse(404), 'api'],
    })) {
      test(title, async (t) => {
        const { server, reflector, stored, watch } = await watching(t)
        expire(watch)
        await server.discover({ v1beta1: ['referencegrants'] })
        const list = await server.expect(`${grantsPath('v1beta1')}?limit=500`)
        assert.deepEqual(stored(), first)
        assert.equal(reflector.completeAt, 1_000_000)
        list.answer(grantPage('30', [storedGrant('second', 'invoices', '25')]))
        await server.expect(watchFrom('30', 'v1beta1'))
        assert.deepEqual(stored(), { second: 'invoices' })
        assert.equal(reflector.completeAt, clock.now)
        assert.ok(clock.now > 1_000_000)
        assert.equal(reflector.watches.refused, 1)
        assert.equal(reflector.lists[reason], 1)
      })
    }

    test('with nothing when the API is no longer served', async (t) => {
      const { server, reflector, stored, watch } = await watching(t)
      watch.refuse(404)
      await server.discover({})
      await until('it is synced', () => reflector.completeAt > 1_000_000)
      assert.deepEqual(stored(), {})
    })

    test('but keeps what it has while the list fails', async (t) => {
      const { server, reflector, stored, watch } = await watching(t)
      watch.send(failure(410))
      await server.discover(served)
      const list = await server.expect(GRANTS)
      list.refuse(403)
      await server.expect('/apis')
      assert.deepEqual(stored(), first)
      assert.equal(reflector.completeAt, 1_000_000)
    })

    test('when watches have failed for more than a minute', async (t) => {
      const { server, reflector, watch } = await watching(t)
      clock.now += 60_000
      watch.refuse(500)
      const again = await server.expect(watchFrom('10'))
      clock.now += 1
      again.cut()
      await server.discover(served)
      ;(await server.expect(GRANTS)).answer(grantPage('20', []))
      await server.expect(watchFrom('20'))
      assert.deepEqual(reflector.watches, { timeout: 0, broken: 1, refused: 1 })
      assert.equal(reflector.lists.unproven, 1)
    })
  })

  suite('ends with its signal', () => {
    for (const [title, reach] of Object.entries<(t: TestContext) => Promise<Awaited<ReturnType<typeof start>>>>({
      'while it waits for an answer': async (t) => {
        const started = await start(t)
        await started.server.expect('/apis')
        return started
      },
      'while it watches': watching,
      'in a pause after a failure': async (t) => {
        const started = await watching(t)
        endless = true
        started.watch.refuse(500)
        await until('it pauses', () => pauses.length === 1)
        return started
      },
      'in the pause of a cluster without grants': async (t) => {
        const started = await start(t)
        endless = true
        await started.server.discover({})
        await until('it pauses', () => pauses.length === 1)
        return started
      },
    })) {
      test(title, async (t) => {
        const { server, stop, ended } = await reach(t)
        const before = [server.asked.length, pauses.length]
        stop.abort()
        await ended
        assert.deepEqual([server.asked.length, pauses.length], before)
      })
    }
  })
})
