import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import { mock, suite, type TestContext, test } from 'node:test'
import timers from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { pino } from 'pino'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { grantResource } from '../../src/cluster/grant-resource.ts'
import { Reflector } from '../../src/cluster/reflector.ts'
import { type GrantKind, REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { ClusterRecorder } from '../harness/stand-ins/cluster-recorder.ts'
import {
  type Exchange,
  FakeApiServer,
  grantPage,
  grantsPath,
  storedGrant,
} from '../harness/stand-ins/fake-api-server.ts'
import { GrantMap } from '../harness/stand-ins/grant-map.ts'
import { runUntilEnd } from '../harness/stand-ins/running-reflector.ts'
import { until } from '../harness/until.ts'

const GRANTS = `${grantsPath('v1')}?limit=500`
const GROUP = '/apis/gateway.networking.k8s.io'
/** The supported versions of ReferenceGrant. */
const KNOWN = ['v1', 'v1beta1', 'v1alpha2']
const served = { v1: ['referencegrants', 'httproutes'] }

const watchFrom = (resourceVersion: string, { version = 'v1', seconds = 30 } = {}) =>
  `${grantsPath(version)}?watch=1&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${resourceVersion}`
const STREAM = `${grantsPath('v1')}?watch=1&allowWatchBookmarks=true&timeoutSeconds=30&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`
const event = (type: string, name: string, target: string, resourceVersion: string) => ({
  type,
  object: storedGrant(name, target, resourceVersion),
})
const bookmark = (resourceVersion: string) => ({
  type: 'BOOKMARK',
  object: { kind: 'ReferenceGrant', metadata: { resourceVersion } },
})
/** A grant that is too large to keep. */
const large = (type: string, name: string, resourceVersion: string) =>
  event(type, name, 'x'.repeat(300 * 1024), resourceVersion)
/** A grant with the annotation of the bookmark that ends a streamed list. */
const annotated = (type: string, name: string, target: string, resourceVersion: string) => {
  const { object } = event(type, name, target, resourceVersion) as { object: { metadata: object } }
  const annotations = { 'k8s.io/initial-events-end': 'true' }
  return { type, object: { ...object, metadata: { ...object.metadata, annotations } } }
}
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

// The reflector's pauses take time only on the test's clock or, with `endless`, last until the signal ends them.
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
async function start(t: TestContext, kind: GrantKind = REFERENCE_GRANT) {
  clock.now = 1_000_000
  pauses.length = 0
  endless = false
  // Pauses after failures take no time.
  t.mock.method(Math, 'random', () => 0)
  const server = await FakeApiServer.start()
  const store = new GrantMap()
  const counts = new ClusterRecorder()
  const reflector = new Reflector({
    resource: grantResource(kind),
    observer: counts,
    api: new Api(connectionFrom({ kubeconfig: server.kubeconfig() })),
    store,
    logger: pino({ level: 'silent' }),
    now: () => clock.now,
  })
  const { stop, ended } = runUntilEnd(t, reflector, server)
  /** Each grant that the store holds, and the Service that it permits. */
  const stored = () => store.targets
  return { server, reflector, counts, store, stored, stop, ended }
}

/** A reflector that has listed one grant, `first`, at version 10, with its watch from there. */
async function watching(t: TestContext) {
  const started = await start(t)
  await started.server.discover(served)
  const list = await started.server.expect(GRANTS)
  list.answer(grantPage('10', [storedGrant('first', 'payments', '7')]))
  return { ...started, watch: await started.server.expect(watchFrom('10')) }
}

/** A reflector that has asked for a streamed list. */
async function streaming(t: TestContext) {
  const started = await start(t)
  started.server.streams = true
  await started.server.discover(served)
  return { ...started, stream: await started.server.expect(STREAM) }
}

const first = { first: 'payments' }
const listsOf = (counts: Partial<ClusterRecorder['lists']>) => ({
  start: 1,
  unproven: 0,
  expired: 0,
  api: 0,
  incomplete: 0,
  ...counts,
})

/** Answers the requests for an API that is absent: its group has these versions and another one, or is absent too. */
async function answerAbsent(server: FakeApiServer, versions: Record<string, readonly string[]> = {}) {
  await server.discover(versions)
  const group = await server.expect(GROUP)
  const others = Object.keys(versions).length > 0 ? ['v3'] : []
  if (others.length > 0)
    group.answer({ versions: [...Object.keys(versions), ...others].map((version) => ({ version })) })
  else group.refuse(404)
  for (const version of [...KNOWN, ...others]) (await server.expect(`${grantsPath(version)}?limit=1`)).refuse(404)
}

suite('the reflector', { timeout: 300_000 }, () => {
  suite('lists', () => {
    test('page by page, in place, and deletes other objects once all pages have arrived', async (t) => {
      const { server, reflector, counts, stored, watch } = await watching(t)
      watch.send(event('ADDED', 'gone', 'x', '11'), failure(410))
      await server.discover(served)
      const page = await server.expect(GRANTS)
      page.answer(grantPage('20', [storedGrant('first', 'refunds', '17')], 'more&limit=1'))
      const last = await server.expect(`${GRANTS}&continue=more%26limit%3D1`)
      assert.deepEqual(stored(), { first: 'refunds', gone: 'x' })
      assert.equal(reflector.completeAt, 1_000_000)
      clock.now += 100
      last.answer(grantPage('20', [storedGrant('second', 'invoices', '18')]))
      await server.expect(watchFrom('20'))
      assert.deepEqual(stored(), { first: 'refunds', second: 'invoices' })
      assert.deepEqual(counts.lists, listsOf({ expired: 1 }))
    })

    test('and is complete as of the start of its request', async (t) => {
      const { server, reflector } = await start(t)
      clock.now += 500
      await server.discover(served)
      const list = await server.expect(GRANTS)
      assert.equal(reflector.completeAt, -Infinity)
      clock.now += 500
      list.answer(grantPage('10', []))
      await server.expect(watchFrom('10'))
      assert.equal(reflector.completeAt, 1_000_500)
    })

    test('from the beginning when the pages expire on the way', async (t) => {
      const { server, stored } = await start(t)
      await server.discover(served)
      const page = await server.expect(GRANTS)
      page.answer(grantPage('10', [storedGrant('gone', 'payments', '7')], 'more'))
      const expired = await server.expect(`${GRANTS}&continue=more`)
      expired.refuse(410)
      const again = await server.expect(GRANTS)
      assert.deepEqual(stored(), { gone: 'payments' })
      again.answer(grantPage('20', [storedGrant('second', 'invoices', '12')]))
      await server.expect(watchFrom('20'))
      assert.deepEqual(stored(), { second: 'invoices' })
      assert.deepEqual(pauses, [])
    })

    test('at most four times in a row before it pauses', async (t) => {
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

    for (const [title, breakOff] of Object.entries<(page: Exchange) => void>({
      'its connection breaks': (page) => page.write('{"items":[').cut(),
      'it ends too early': (page) => page.write('{"items":[').end(),
      'it is refused': (page) => page.refuse(500),
      'it is not a list': (page) => page.answer({ kind: 'Status' }),
    }))
      test(`and deletes nothing when ${title} half way; what it has set stays`, async (t) => {
        const { server, reflector, counts, stored, watch } = await watching(t)
        watch.send(failure(410))
        await server.discover(served)
        const page = await server.expect(GRANTS)
        page.answer(grantPage('20', [storedGrant('second', 'invoices', '12')], 'more'))
        breakOff(await server.expect(`${GRANTS}&continue=more`))
        await server.discover(served)
        const list = await server.expect(GRANTS)
        assert.deepEqual(stored(), { first: 'payments', second: 'invoices' })
        assert.equal(reflector.completeAt, 1_000_000)
        list.answer(grantPage('30', [storedGrant('third', 'refunds', '25')]))
        await server.expect(watchFrom('30'))
        assert.deepEqual(stored(), { third: 'refunds' })
        assert.deepEqual(counts.lists, listsOf({ expired: 1 }))
      })
  })

  suite('makes a streamed list, where the API server supports it,', () => {
    test('in place, as of the start of its request, and watches on', async (t) => {
      const { server, reflector, counts, stored, stream } = await streaming(t)
      clock.now += 500
      // Out of order, and with concurrent changes.
      stream.send(event('ADDED', 'third', 'refunds', '9'), event('ADDED', 'first', 'payments', '7'), bookmark('9'))
      stream.send(event('ADDED', 'gone', 'x', '8'), event('DELETED', 'gone', 'x', '11'))
      stream.send(event('ADDED', 'last', 'x', '8'))
      await until('it is taken', () => 'last' in stored())
      assert.deepEqual(stored(), { first: 'payments', third: 'refunds', last: 'x' })
      assert.equal(reflector.completeAt, -Infinity)
      stream.send(wholeList('12'), event('ADDED', 'second', 'invoices', '13'))
      await until('what came after it is taken', () => 'second' in stored())
      assert.equal(reflector.completeAt, 1_000_000)
      clock.now += 500
      stream.end()
      await server.expect(watchFrom('13', { seconds: 29 }))
      assert.deepEqual(pauses, [])
      assert.deepEqual(counts.lists, listsOf({}))
      assert.deepEqual(counts.watches, { timeout: 1, broken: 0, refused: 0 })
    })

    test('and deletes other objects once it is complete', async (t) => {
      const { server, counts, stored, stream } = await streaming(t)
      stream.send(event('ADDED', 'first', 'payments', '7'), event('ADDED', 'second', 'x', '7'), wholeList('10'))
      stream.send(failure(410))
      await server.discover(served)
      const next = await server.expect(STREAM)
      next.send(event('ADDED', 'second', 'y', '12'))
      await until('it is taken', () => stored().second === 'y')
      assert.deepEqual(stored(), { first: 'payments', second: 'y' })
      next.send(wholeList('20'))
      await until('it is whole', () => counts.lists.expired === 1)
      assert.deepEqual(stored(), { second: 'y' })
    })

    for (const [title, breakOff] of Object.entries<(stream: Exchange) => void>({
      'its connection breaks': (stream) => stream.cut(),
      'it ends': (stream) => stream.end(),
      'it reports an error': (stream) => stream.send(failure(500)),
      'it reports that its version is too old': (stream) => stream.send(failure(410)),
      'a grant has the annotation of its end': (stream) => stream.send(annotated('ADDED', 'own', 'x', '9')).cut(),
    }))
      test(`and deletes nothing when ${title} before it is complete, and makes a plain list next`, async (t) => {
        const { server, reflector, counts, stored, stream } = await streaming(t)
        stream.send(event('ADDED', 'first', 'payments', '7'), wholeList('10'), failure(410))
        await server.discover(served)
        const next = await server.expect(STREAM)
        next.send(event('ADDED', 'second', 'invoices', '12'), bookmark('12'))
        breakOff(next)
        await server.discover(served)
        const list = await server.expect(GRANTS)
        const { own, ...others } = stored()
        assert.deepEqual(others, { first: 'payments', second: 'invoices' })
        assert.equal(reflector.completeAt, 1_000_000)
        assert.deepEqual(counts.lists, listsOf({}))
        list.answer(grantPage('20', [storedGrant('second', 'invoices', '12')]))
        const watch = await server.expect(watchFrom('20'))
        assert.deepEqual(stored(), { second: 'invoices' })
        assert.deepEqual(counts.watches, { timeout: 0, broken: 0, refused: 1 })
        watch.send(failure(410))
        await server.discover(served)
        ;(await server.expect(STREAM)).send(wholeList('30'))
        await until('it is whole', () => counts.lists.expired === 2)
        assert.deepEqual(stored(), {})
      })

    test('and alternates with plain lists while they fail', async (t) => {
      const { server, counts, stream } = await streaming(t)
      stream.refuse(429)
      await server.discover(served)
      ;(await server.expect(GRANTS)).refuse(504)
      await server.discover(served)
      ;(await server.expect(STREAM)).send(wholeList('10'))
      await until('it is whole', () => counts.lists.start === 1)
    })

    for (const status of [400, 422])
      test(`but never again once one was refused with ${status}`, async (t) => {
        const { server, stream } = await streaming(t)
        stream.refuse(status)
        ;(await server.expect(GRANTS)).answer(grantPage('10', []))
        const watch = await server.expect(watchFrom('10'))
        assert.deepEqual(pauses, [])
        watch.send(failure(410))
        await server.discover(served)
        await server.expect(GRANTS)
      })

    test('and resumes the watch that breaks after it is complete, even with an error that would refuse a list', async (t) => {
      const { server, stored, stream } = await streaming(t)
      stream.send(event('ADDED', 'first', 'payments', '7'), wholeList('10'), failure(422))
      await server.expect(watchFrom('10'))
      assert.deepEqual(stored(), first)
    })
  })

  suite('discovers', () => {
    test('v1beta1 where v1 has no grants', async (t) => {
      const { server, stored } = await start(t)
      await server.discover({ v1: ['httproutes'], v1beta1: ['referencegrants'] })
      const list = await server.expect(`${grantsPath('v1beta1')}?limit=500`)
      list.answer(grantPage('10', [storedGrant('first', 'payments', '7')]))
      await server.expect(watchFrom('10', { version: 'v1beta1' }))
      assert.deepEqual(stored(), first)
    })

    for (const [title, versions] of Object.entries<Record<string, string[]>>({
      'the whole group is missing': {},
      'the group has no grants': { v1: ['httproutes'], v1beta1: ['gateways'] },
    }))
      test(`that there are no grants where ${title}, by two answers 2 s apart, and asks again every 5 s`, async (t) => {
        const { server, reflector, counts, stored, watch } = await watching(t)
        watch.refuse(404)
        pauses.length = 0
        await answerAbsent(server, versions)
        await until('it waits', () => pauses.length === 2)
        assert.deepEqual([reflector.absent, reflector.completeAt, stored()], [false, 1_000_000, first])
        await answerAbsent(server, versions)
        await until('it is known', () => reflector.absent)
        assert.equal(reflector.completeAt, 1_002_000)
        assert.deepEqual(stored(), {})
        await answerAbsent(server, versions)
        await until('it is known again', () => reflector.completeAt === 1_007_000)
        assert.ok(reflector.absent)
        assert.deepEqual(pauses.slice(0, 4), [0, 2_000, 5_000, 5_000])
        await server.discover(served)
        const list = await server.expect(GRANTS)
        assert.equal(reflector.absent, false)
        list.answer(grantPage('10', [storedGrant('first', 'payments', '7')]))
        await server.expect(watchFrom('10'))
        assert.equal(reflector.completeAt, 1_012_000)
        assert.deepEqual(stored(), first)
        assert.deepEqual(counts.lists, listsOf({ api: 3 }))
      })

    test('nothing where discovery fails at any step, and starts over', async (t) => {
      const { server, reflector, counts, stored, watch } = await watching(t)
      watch.refuse(404)
      const failures: ((exchange: Exchange) => void)[] = [
        ...[200, 400, 403, 429, 500, 503].map((status) => (exchange: Exchange) => exchange.answer({}, status)),
        (exchange) => exchange.write('<html>').end(),
        (exchange) => exchange.write('{"groups": [').end(),
        (exchange) => exchange.cut(),
      ]
      const resources = KNOWN.map((version) => `${grantsPath(version)}?limit=1`)
      for (const looked of [0, 1]) {
        for (const path of ['/apis', GROUP, ...resources]) {
          for (const fail of failures) {
            for (let look = 0; look < looked; look += 1) await answerAbsent(server)
            if (path !== '/apis') await server.discover({})
            for (const before of [GROUP, ...resources]) {
              if (path === '/apis' || path === before) break
              ;(await server.expect(before)).refuse(404)
            }
            fail(await server.expect(path))
          }
        }
      }
      ;(await server.expect('/apis')).refuse(404)
      const groups = [{ name: 'gateway.networking.k8s.io', versions: [{ version: 'v1' }] }]
      ;(await server.expect('/apis')).answer({ groups })
      ;(await server.expect(`${GROUP}/v1`)).refuse(404)
      const list = await server.expect('/apis')
      assert.deepEqual([reflector.absent, reflector.completeAt, stored()], [false, 1_000_000, first])
      assert.deepEqual(counts.lists, listsOf({}))
      list.cut()
      await answerAbsent(server)
      await answerAbsent(server)
      await until('it is known', () => reflector.absent)
      assert.deepEqual(stored(), {})
    })

    test('nothing where the API is served only in unsupported versions', async (t) => {
      const { server, reflector, stored, watch } = await watching(t)
      watch.refuse(404)
      for (let look = 0; look < 3; look += 1) {
        const group = { name: 'gateway.networking.k8s.io', versions: [{ version: 'v3' }] }
        ;(await server.expect('/apis')).answer({ groups: [group] })
        ;(await server.expect(GROUP)).answer(group)
        for (const version of KNOWN) (await server.expect(`${grantsPath(version)}?limit=1`)).refuse(404)
        ;(await server.expect(`${grantsPath('v3')}?limit=1`)).answer(grantPage('1', []))
      }
      await server.expect('/apis')
      assert.deepEqual([reflector.absent, stored()], [false, first])
    })

    test('that a kind of another group is absent by the answer of its group or of its resource', async (t) => {
      const kind = { group: 'grants.example.com', kind: 'Grant', plural: 'grants' }
      const { server, reflector } = await start(t, kind)
      const group = '/apis/grants.example.com'
      await server.discover({})
      ;(await server.expect(group)).refuse(404)
      await server.discover({})
      ;(await server.expect(group)).answer({ versions: [{ version: 'v7' }] })
      ;(await server.expect(`${group}/v7/grants?limit=1`)).refuse(404)
      await until('it is known', () => reflector.absent)
      await server.discover({})
      ;(await server.expect(group)).refuse(503)
      await server.expect('/apis')
      assert.equal(reflector.absent, false)
    })
  })

  suite('takes from a watch', () => {
    test('what was added, modified and deleted, but not a proof that this is all', async (t) => {
      const { reflector, stored, watch } = await watching(t)
      const steps: [event: object, stored: object][] = [
        [event('ADDED', 'second', 'invoices', '11'), { first: 'payments', second: 'invoices' }],
        [event('MODIFIED', 'first', 'refunds', '12'), { first: 'refunds', second: 'invoices' }],
        [event('DELETED', 'first', 'refunds', '13'), { second: 'invoices' }],
        [annotated('ADDED', 'third', 'x', '14'), { second: 'invoices', third: 'x' }],
      ]
      for (const [event, expected] of steps) {
        clock.now += 100
        watch.send(event)
        await until('the event has arrived', () => isDeepStrictEqual(stored(), expected))
        assert.equal(reflector.completeAt, 1_000_000)
      }
    })

    test('an event that arrives in pieces', async (t) => {
      const { server, stored, watch } = await watching(t)
      const line = Buffer.from(`${JSON.stringify(event('ADDED', 'second', 'Büro', '11'))}\n`)
      const within = line.indexOf('ü') + 1
      watch.send(event('ADDED', 'before', 'x', '10')).write(line.subarray(0, within))
      await until('what came before has arrived', () => 'before' in stored())
      assert.deepEqual(stored(), { ...first, before: 'x' })
      watch.write(line.subarray(within)).end()
      await server.expect(watchFrom('11'))
      assert.deepEqual(stored(), { ...first, before: 'x', second: 'Büro' })
    })

    test('that a grant is too large to keep, which makes only its namespace incomplete', async (t) => {
      const { server, store, stored, watch } = await watching(t)
      const elsewhere = { metadata: { namespace: 'other', name: 'o', resourceVersion: '9' }, spec: {} }
      watch.send({ type: 'ADDED', object: elsewhere }, large('ADDED', 'second', '11'), large('MODIFIED', 'first', '12'))
      watch.send(event('ADDED', 'third', 'x', '13')).end()
      await server.expect(watchFrom('13'))
      assert.deepEqual([...store.incomplete], ['billing'])
      assert.deepEqual(stored(), { o: undefined, third: 'x' }, 'what the first one permitted does not count any more')
    })

    test('that a grant that is too large was deleted', async (t) => {
      const { server, stored, watch } = await watching(t)
      watch.send(large('DELETED', 'first', '12')).end()
      await server.expect(watchFrom('12'))
      assert.deepEqual(stored(), {})
    })
  })

  suite('makes a list for an incomplete store', () => {
    test('when a watch ends, at most every 5 min, and is complete once a list has all objects', async (t) => {
      const { server, counts, store, stored, watch } = await watching(t)
      watch.send(large('ADDED', 'second', '10')).end()
      let watched = await server.expect(watchFrom('10'))
      let version = 10
      /** Makes a watch last its time, and prove the store complete up to 1.5 s before its end. */
      const last = async (lasting = 29_000) => {
        for (const pause of [lasting - 1_500, 1_500]) {
          version += 1
          watched.send(event('ADDED', `${version}`, 'x', `${version}`))
          await until('it has arrived', () => `${version}` in stored())
          clock.now += pause
        }
        watched.end()
      }
      for (let lasting = 30_000; clock.now < 1_300_000 - lasting; lasting = 29_000) {
        await last(lasting)
        watched = await server.expect(watchFrom(`${version}`, { seconds: 29 }))
      }
      assert.deepEqual(counts.lists, listsOf({}))
      await last()
      await server.discover(served)
      ;(await server.expect(GRANTS)).answer(grantPage('90', [large('', 'second', '10').object]))
      watched = await server.expect(watchFrom('90'))
      assert.deepEqual([...store.incomplete], ['billing'])
      watched.end()
      clock.now += 1_000
      watched = await server.expect(watchFrom('90', { seconds: 29 }))
      clock.now += 300_000
      watched.send(bookmark('91')).end()
      await server.discover(served)
      ;(await server.expect(GRANTS)).answer(grantPage('91', [storedGrant('second', 'x', '91')]))
      await server.expect(watchFrom('91'))
      assert.deepEqual([...store.incomplete], [])
    })
  })

  suite('is complete as of the end of a watch', () => {
    /** Returns completeAt, in ms, after a watch that begins at 0, has a duration of 30 s, and goes on like this. */
    const after = async (
      t: TestContext,
      steps: readonly (readonly [at: number, object: object])[],
      end: number,
      answered = 0,
    ) => {
      const { server, reflector, stored, watch } = await watching(t)
      clock.now = 1_000_000 + answered
      watch.send(event('ADDED', 'begun', 'x', '11'))
      await until('the answer has begun', () => 'begun' in stored())
      for (const [at, object] of steps) {
        clock.now = 1_000_000 + at
        watch.send(object, event('ADDED', `${at}`, 'x', '11'))
        await until('it has arrived', () => `${at}` in stored())
      }
      clock.now = 1_000_000 + end
      watch.end()
      await server.next()
      return reflector.completeAt - 1_000_000
    }

    test('less the time since its last event, if it lasted its time and something arrived in its last 5 s', async (t) => {
      assert.equal(await after(t, [[28_000, bookmark('11')]], 30_000), 28_000)
    })
    test('counted from its start, whenever its end arrives', async (t) => {
      assert.equal(await after(t, [[32_500, bookmark('11')]], 34_500), 28_000)
    })
    test('not if nothing arrived in its last 5 s', async (t) => {
      assert.equal(await after(t, [[24_999, bookmark('11')]], 30_000), 0)
    })
    test('not if nothing arrived at all', async (t) => {
      assert.equal(await after(t, [], 30_000), 0)
    })
    test('not if it ended early, as when the API server shuts down', async (t) => {
      assert.equal(await after(t, [[28_000, bookmark('11')]], 29_000), 0)
    })
    test('by what arrived before its last second, while more arrives', async (t) => {
      const steps = [27_500, 28_200, 28_600, 29_300, 29_900].map((at) => [at, bookmark('11')] as const)
      assert.equal(await after(t, steps, 30_000), 28_600)
    })
    test('not by what the network delayed together with an early end', async (t) => {
      assert.equal(
        await after(
          t,
          [
            [7_000, bookmark('11')],
            [31_000, bookmark('12')],
          ],
          31_000,
        ),
        0,
      )
    })
    test('not if the time from the beginning of its answer to its end is too short', async (t) => {
      assert.equal(await after(t, [[28_000, bookmark('11')]], 30_000, 1_001), 0)
    })
    test('less the time until its answer began', async (t) => {
      assert.equal(await after(t, [[28_000, bookmark('11')]], 30_000, 1_000), 27_000)
    })
    test('not by the end of the list that it began with, which may have been delayed', async (t) => {
      const { server, reflector, counts, stream } = await streaming(t)
      clock.now += 29_000
      stream.send(wholeList('12'))
      await until('it is whole', () => counts.lists.start === 1)
      clock.now += 1_000
      stream.end()
      await server.expect('/apis')
      assert.equal(reflector.completeAt, 1_000_000)
    })
  })

  suite('where everything that a watch sends arrives 60 s late', () => {
    test('a list is as old as its request, and another list follows at the end of its watch, which is not broken', async (t) => {
      const { server, reflector, counts, stored, stream } = await streaming(t)
      clock.now += 60_000
      stream.send(event('ADDED', 'first', 'payments', '7'), wholeList('12'), bookmark('13'))
      await until('it is whole', () => counts.lists.start === 1)
      assert.deepEqual(stored(), first)
      assert.equal(reflector.completeAt, 1_000_000)
      stream.end()
      await server.discover(served)
      await server.expect(STREAM)
      assert.deepEqual(counts.watches, { timeout: 1, broken: 0, refused: 0 })
    })

    for (const [title, objects] of Object.entries({
      'an event': [event('ADDED', 'second', 'x', '11')],
      'a bookmark': [bookmark('11')],
      'nothing but its end': [],
    }))
      test(`${title} proves nothing, and a list follows`, async (t) => {
        const { server, reflector, counts, watch } = await watching(t)
        clock.now += 90_000
        watch.send(...objects).end()
        await server.discover(served)
        assert.equal(reflector.completeAt, 1_000_000)
        ;(await server.expect(GRANTS)).answer(grantPage('20', []))
        await server.expect(watchFrom('20'))
        assert.equal(reflector.completeAt, 1_090_000)
        assert.deepEqual(counts.lists, listsOf({ unproven: 1 }))
      })
  })

  test('lists if a watch gets no answer: etcd may have been restored from a backup, with other objects', async (t) => {
    const { server, counts, stored, watch } = await watching(t)
    clock.now += 1_000
    watch.send(event('ADDED', 'second', 'invoices', '11')).cut()
    ;(await server.expect(watchFrom('11', { seconds: 29 }))).drop()
    await server.discover(served)
    ;(await server.expect(GRANTS)).answer(grantPage('11', [storedGrant('other', 'refunds', '11')]))
    await server.expect(watchFrom('11'))
    assert.deepEqual(stored(), { other: 'refunds' })
    assert.deepEqual(counts.lists, listsOf({ unproven: 1 }))
  })

  suite('resumes a watch after its last event, without a list,', () => {
    test('immediately when it ends', async (t) => {
      const { server, stored, watch } = await watching(t)
      clock.now += 1_000
      watch.send(event('ADDED', 'second', 'invoices', '11'), event('ADDED', 'third', 'refunds', '12')).end()
      await server.expect(watchFrom('12', { seconds: 29 }))
      assert.deepEqual(pauses, [])
      assert.deepEqual(stored(), { first: 'payments', second: 'invoices', third: 'refunds' })
    })

    test('from a version of any characters', async (t) => {
      const { server, watch } = await watching(t)
      const version = '1&watch=0#\n\u00e9'
      watch.send(bookmark(version)).cut()
      await server.expect(watchFrom(encodeURIComponent(version)))
    })

    test('for a shorter time, so that it ends before the store is stale', async (t) => {
      const { server, watch } = await watching(t)
      clock.now += 1_000
      watch.end()
      const next = await server.expect(watchFrom('10', { seconds: 29 }))
      clock.now += 19_000
      next.cut()
      await server.expect(watchFrom('10', { seconds: 10 }))
      assert.equal(pauses.length, 1)
    })

    for (const [title, objects, version] of [
      ['', [], '10'],
      [', whatever it brought', [event('ADDED', 'second', 'x', '11'), bookmark('12')], '12'],
    ] as const)
      test(`after a pause when it ends as soon as it has begun${title}`, async (t) => {
        const { server, watch } = await watching(t)
        clock.now += 999
        watch
          .begin(200)
          .send(...objects)
          .end()
        const next = await server.expect(watchFrom(version))
        next.send(...objects).end()
        await server.expect(watchFrom(version))
        assert.equal(pauses.length, 2)
      })

    const half = JSON.stringify(event('ADDED', 'third', 'refunds', '12')).slice(0, -20)
    for (const [title, breakOff] of Object.entries<(watch: Exchange) => void>({
      'its connection breaks within a line': (watch) => watch.write(half).cut(),
      'it ends within a line': (watch) => watch.write(half).end(),
      'it sends a line that is not JSON': (watch) => watch.write('{"type":\n').send(event('ADDED', 'third', 'x', '12')),
      'it sends something that is not an event': (watch) => watch.send([]),
      'it sends an event of an unknown type': (watch) => watch.send(event('RENAMED', 'third', 'x', '12')),
      'it sends a grant without a namespace': (watch) =>
        watch.send({ type: 'ADDED', object: { metadata: { name: 'x', resourceVersion: '12' } } }),
      'it reports an error of the server': (watch) => watch.send(failure(500)),
    }))
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

    test('when the server refuses it for a time, after the pause that the server asks for, at most 30 s', async (t) => {
      const { server, stored, watch } = await watching(t)
      watch.refuse(429, { 'retry-after': '7' })
      const again = await server.expect(watchFrom('10', { seconds: 23 }))
      assert.deepEqual(pauses, [7_000])
      again.refuse(500)
      const third = await server.expect(watchFrom('10', { seconds: 23 }))
      assert.deepEqual(pauses, [7_000, 0])
      assert.deepEqual(stored(), first)
      third.refuse(503, { 'retry-after': '99999999999' })
      await server.expect(watchFrom('10', { seconds: 5 }))
      assert.deepEqual(pauses, [7_000, 0, 30_000])
    })

    test('after pauses that stay short while each brings something, however often it breaks', async (t) => {
      const { server, watch } = await watching(t)
      t.mock.method(Math, 'random', () => 1)
      watch.send(bookmark('11')).cut()
      for (let version = 11; version < 15; version += 1) {
        const next = await server.next()
        next.send(bookmark(`${version + 1}`)).cut()
      }
      const last = await server.expect(watchFrom('15', { seconds: 26 }))
      last.cut()
      await server.expect(watchFrom('15', { seconds: 25 }))
      assert.deepEqual(pauses, [800, 800, 800, 800, 800, 1_600])
    })

    test('any number of times on one connection, without an accumulation of listeners', async (t) => {
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

  suite('lists again, after discovery, and updates everything', () => {
    for (const [title, [expire, reason]] of Object.entries<[(watch: Exchange) => void, 'expired' | 'api']>({
      'when a watch reports that its version is too old': [(watch) => watch.send(failure(410)), 'expired'],
      'when a watch from its version is refused as too old': [(watch) => watch.refuse(410), 'expired'],
      'when the watched version of the API is gone': [(watch) => watch.refuse(404), 'api'],
    }))
      test(title, async (t) => {
        const { server, reflector, counts, stored, watch } = await watching(t)
        clock.now += 100
        expire(watch)
        await server.discover({ v1beta1: ['referencegrants'] })
        const list = await server.expect(`${grantsPath('v1beta1')}?limit=500`)
        assert.deepEqual(stored(), first)
        assert.equal(reflector.completeAt, 1_000_000)
        list.answer(grantPage('30', [storedGrant('second', 'invoices', '25')]))
        await server.expect(watchFrom('30', { version: 'v1beta1' }))
        assert.deepEqual(stored(), { second: 'invoices' })
        assert.equal(reflector.completeAt, 1_000_100)
        assert.equal(counts.watches.refused, 1)
        assert.deepEqual(counts.lists, listsOf({ [reason]: 1 }))
      })

    test('but keeps its objects while the list fails', async (t) => {
      const { server, reflector, stored, watch } = await watching(t)
      watch.send(failure(410))
      await server.discover(served)
      const list = await server.expect(GRANTS)
      list.refuse(403)
      await server.expect('/apis')
      assert.deepEqual(stored(), first)
      assert.equal(reflector.completeAt, 1_000_000)
    })

    test('when a watch breaks, or is refused, after more than 20 s without proof', async (t) => {
      const { server, counts, watch } = await watching(t)
      clock.now += 20_000
      watch.refuse(500)
      const again = await server.expect(watchFrom('10', { seconds: 10 }))
      clock.now += 1
      again.cut()
      await server.discover(served)
      ;(await server.expect(GRANTS)).answer(grantPage('20', []))
      await server.expect(watchFrom('20'))
      assert.deepEqual(counts.watches, { timeout: 0, broken: 1, refused: 1 })
      assert.deepEqual(counts.lists, listsOf({ unproven: 1 }))
    })

    test('when a watch ends without a proof, since etcd may not report progress', async (t) => {
      const { server, reflector, counts, stored, watch } = await watching(t)
      clock.now += 30_000
      watch.end()
      await server.discover(served)
      ;(await server.expect(GRANTS)).answer(grantPage('20', [storedGrant('second', 'invoices', '12')]))
      await server.expect(watchFrom('20'))
      assert.deepEqual(stored(), { second: 'invoices' })
      assert.deepEqual(pauses, [])
      assert.equal(reflector.completeAt, 1_030_000)
      assert.deepEqual(counts.watches, { timeout: 1, broken: 0, refused: 0 })
      assert.deepEqual(counts.lists, listsOf({ unproven: 1 }))
    })
  })

  suite('times out, even if more arrives all the time,', () => {
    /** Sends these bytes repeatedly until the next request, with timeouts of this length, in ms, made short. */
    const drip = async (
      t: TestContext,
      server: FakeApiServer,
      limit: number,
      reach: () => Promise<Exchange>,
      bytes: string,
    ) => {
      const set = globalThis.setTimeout
      t.mock.method(globalThis, 'setTimeout', (act: () => void, ms: number) => set(act, ms === limit ? 500 : ms))
      const answer = await reach()
      const dripping = setInterval(() => answer.write(bytes), 20)
      t.after(() => clearInterval(dripping))
      const next = await server.next()
      clearInterval(dripping)
      return next.path
    }

    for (const [title, [begin, more]] of Object.entries({
      'blank lines': ['', '\n'],
      'an event that does not end': ['{"type":"ADDED","x":"', 'y'],
      bookmarks: ['', `${JSON.stringify(bookmark('10'))}\n`],
    } as const))
      test(`a watch that sends ${title}`, async (t) => {
        const { server, counts, watch } = await watching(t)
        watch.cut()
        const reach = async () => (await server.expect(watchFrom('10'))).begin(200).write(begin)
        assert.equal(await drip(t, server, 35_000, reach, more), watchFrom('10'))
        assert.equal(counts.watches.broken, 2)
      })

    test('a watch that began with a list', async (t) => {
      const { server, counts, stream } = await streaming(t)
      stream.cut()
      await server.discover(served)
      ;(await server.expect(GRANTS)).refuse(500)
      await server.discover(served)
      const reach = async () => (await server.expect(STREAM)).send(wholeList('10'))
      assert.equal(await drip(t, server, 35_000, reach, '\n'), watchFrom('10'))
      assert.equal(counts.watches.broken, 1)
    })

    test('a streamed list', async (t) => {
      const { server, stream } = await streaming(t)
      stream.cut()
      await server.discover(served)
      ;(await server.expect(GRANTS)).refuse(500)
      await server.discover(served)
      assert.equal(await drip(t, server, 300_000, () => server.expect(STREAM), '\n'), '/apis')
    })

    test('a list', async (t) => {
      const { server, reflector } = await start(t)
      await server.discover(served)
      const page = async () => (await server.expect(GRANTS)).write('{"items":[')
      assert.equal(await drip(t, server, 300_000, page, ' '), '/apis')
      assert.equal(reflector.completeAt, -Infinity)
    })
  })

  suite('ends with its signal, without a timer left,', () => {
    const timersNow = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length

    for (const [title, reach] of Object.entries<(t: TestContext) => Promise<Awaited<ReturnType<typeof start>>>>({
      'while it waits for discovery': async (t) => {
        const started = await start(t)
        await started.server.expect('/apis')
        return started
      },
      'while it lists': async (t) => {
        const started = await start(t)
        await started.server.discover(served)
        ;(await started.server.expect(GRANTS)).write('{"items":[')
        return started
      },
      'during a streamed list': async (t) => {
        const started = await streaming(t)
        started.stream.send(event('ADDED', 'first', 'payments', '7'))
        await until('it has arrived', () => 'first' in started.stored())
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
      'between the two answers that prove the API absent': async (t) => {
        const started = await start(t)
        endless = true
        await answerAbsent(started.server)
        await until('it pauses', () => pauses.length === 1)
        return started
      },
      'while it asks a second time': async (t) => {
        const started = await start(t)
        await answerAbsent(started.server)
        await started.server.discover({})
        await started.server.expect(GROUP)
        return started
      },
    }))
      test(title, async (t) => {
        const { server, stop, ended } = await reach(t)
        const before = [server.asked.length, pauses.length]
        stop.abort()
        await ended
        assert.deepEqual([server.asked.length, pauses.length], before)
        assert.equal(timersNow(), 0)
      })
  })
})
