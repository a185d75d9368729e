import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { UNOBSERVED } from '../../src/cluster/observer.ts'
import { Reflector } from '../../src/cluster/reflector.ts'
import type { Name, Resource } from '../../src/cluster/resource.ts'
import type { Store } from '../../src/cluster/store.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'
import { runUntilEnd } from '../harness/stand-ins/running-reflector.ts'
import { until } from '../harness/until.ts'

/** The object that a test follows: a namespace with one of its labels. */
interface Team {
  readonly name: string
  readonly team: string | undefined
}

const namespaces: Resource<Team> = {
  group: '',
  kind: 'Namespace',
  plural: 'namespaces',
  scope: 'Cluster',
  versions: ['v1'],
  shape: { metadata: { name: 'whole', labels: { team: 'whole' } } },
  most: 1_000,
  parse: (object) => {
    const { name, labels } = (object as { metadata: { name: string; labels?: { team?: string } } }).metadata
    return { name, team: labels?.team }
  },
}

/** A store that keeps objects in a map. */
class Teams implements Store<Team> {
  readonly incomplete = new Set<string>()
  readonly known = new Map<string, string | undefined>()
  #listed = new Set<string>()

  set({ name, team }: Team): void {
    this.known.set(name, team)
    this.#listed.add(name)
  }

  delete({ name }: Name): void {
    this.known.delete(name)
  }

  miss(namespace: string): void {
    this.incomplete.add(namespace)
  }

  beginList(): void {
    this.#listed = new Set()
  }

  sweep(): Iterable<void> {
    for (const name of this.known.keys()) if (!this.#listed.has(name)) this.known.delete(name)
    return []
  }
}

const namespace = (name: string, team?: string, resourceVersion = '1') => ({
  metadata: { name, resourceVersion, labels: { team, other: 'x' }, annotations: { long: 'x'.repeat(2_000) } },
})

async function start(t: TestContext) {
  const server = await FakeApiServer.start()
  const store = new Teams()
  const reflector = new Reflector({
    api: new Api(connectionFrom({ kubeconfig: server.kubeconfig() })),
    resource: namespaces,
    store,
    logger: pino({ level: 'silent' }),
    observer: UNOBSERVED,
    now: () => performance.now(),
  })
  runUntilEnd(t, reflector, server)
  return { server, store }
}

test('the reflector follows cluster-scoped objects of the core group', { timeout: 300_000 }, async (t) => {
  const { server, store } = await start(t)
  ;(await server.expect('/api/v1')).answer({ resources: [{ name: 'namespaces' }, { name: 'namespaces/status' }] })
  const list = await server.expect('/api/v1/namespaces?limit=500')
  list.answer({ metadata: { resourceVersion: '5' }, items: [namespace('shop', 'a'), namespace('billing', 'b')] })
  const watch = await server.next()
  assert.match(watch.path, /^\/api\/v1\/namespaces\?watch=1.*&resourceVersion=5$/)
  watch.send(
    { type: 'MODIFIED', object: namespace('shop', 'c', '6') },
    { type: 'DELETED', object: namespace('billing', 'b', '7') },
    { type: 'ADDED', object: namespace('store', undefined, '8') },
    { type: 'ADDED', object: namespace('large', 'x'.repeat(2_000), '9') },
  )
  await until('all has arrived', () => store.incomplete.size > 0)
  assert.deepEqual(Object.fromEntries(store.known), { shop: 'c', store: undefined })
  assert.deepEqual([...store.incomplete], [''])
})
