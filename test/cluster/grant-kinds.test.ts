import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { admit } from '../../src/admission/admit.ts'
import type { ReviewRequest } from '../../src/admission/review.ts'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { ClusterGrants } from '../../src/cluster/grants.ts'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { type GrantKind, REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { type Exchange, FakeApiServer, grantPage, storedGrant } from '../harness/stand-ins/fake-api-server.ts'
import { lookUpsIn } from '../harness/stand-ins/grant-source.ts'
import { defaultSettings } from '../harness/stand-ins/settings.ts'
import { until } from '../harness/until.ts'

const GROUP = 'gateway.networking.k8s.io'
const OWN = 'example.com'
const permit: GrantKind = { group: OWN, kind: 'Permit', plural: 'permits' }
const shield = { group: OWN, kind: 'Shield', plural: 'shields' }
const row = { from: shield, path: 'spec.backend', to: { group: '', kind: 'Service' }, grantKind: permit }
const coverage = new Coverage([...guardedFields, row], undefined, [REFERENCE_GRANT, permit])

/** Serves ReferenceGrants, one of which permits `payments`, and refuses lists of Permits. */
function respond(exchange: Exchange): unknown {
  const { path } = exchange
  const [place = ''] = path.split('?')
  const group = (name: string) => ({ name, versions: [{ version: 'v1' }] })
  if (place === '/apis') return exchange.answer({ groups: [group(GROUP), group(OWN)] })
  if (place === `/apis/${GROUP}/v1`) return exchange.answer({ resources: [{ name: 'referencegrants' }] })
  if (place === `/apis/${OWN}/v1`) return exchange.answer({ resources: [{ name: 'permits' }] })
  if (place.endsWith('/permits')) return exchange.refuse(403)
  if (path.includes('watch=1')) return exchange.begin(200)
  return exchange.answer(grantPage('1', [storedGrant('shop', 'payments', '1')]))
}

async function start(t: TestContext, { kinds = coverage.grantKinds, burst = 20 } = {}) {
  const server = await FakeApiServer.start()
  server.respond = respond
  const grants = new ClusterGrants({
    api: new Api(connectionFrom({ kubeconfig: server.kubeconfig() })),
    logger: pino({ level: 'silent' }),
    now: () => performance.now(),
    kinds,
    limits: {
      knowledgeAge: 40_000,
      eachNamespace: { burst, perSecond: 0 },
      allNamespaces: { burst: 0, perSecond: 0 },
    },
  })
  const stop = new AbortController()
  t.after(() => {
    stop.abort()
    server.close()
  })
  const decide = async (request: Pick<ReviewRequest, 'kind' | 'object'>) => {
    const whole = {
      uid: '1',
      name: 'checkout',
      namespace: 'shop',
      operation: 'CREATE',
      userInfo: {},
      ...request,
    } as const
    const decision = await admit(whole, { ...defaultSettings, coverage }, lookUpsIn(grants))
    return decision.outcome === 'undecided' ? decision.why : decision.outcome
  }
  const route = (name: string) =>
    decide({
      kind: { group: GROUP, version: 'v1', kind: 'HTTPRoute' },
      object: { spec: { rules: [{ backendRefs: [{ name, namespace: 'billing' }] }] } },
    })
  const guarded = () =>
    decide({
      kind: { group: OWN, version: 'v1', kind: 'Shield' },
      object: { spec: { backend: { name: 'payments', namespace: 'billing' } } },
    })
  return { server, grants, stop, route, guarded }
}

test('a kind of grants that cannot be listed fails only the reviews for which it counts', {
  timeout: 300_000,
}, async (t) => {
  const { server, route, guarded } = await start(t)
  assert.equal(await route('payments'), 'permitted')
  assert.equal(await route('ledger'), 'refused')
  assert.ok(!server.asked.some((path) => path.includes(OWN)), 'grants that do not count are not read')
  assert.equal(await guarded(), 'the API server answered HTTP 403')
})

test('a kind of grants that was never listed does not make others stale', {
  timeout: 300_000,
}, async (t) => {
  const { server, grants, stop, route, guarded } = await start(t)
  const ended = grants.run(stop.signal)
  await until('the ReferenceGrants are cached', () => grants.size === 1)
  assert.equal(await route('payments'), 'permitted')
  assert.ok(!server.asked.some((path) => path.includes('/namespaces/')), 'the cache permits')
  assert.equal(await guarded(), 'the API server answered HTTP 403')
  assert.equal(grants.age, Infinity, 'the oldest knowledge is told')
  stop.abort()
  await ended
})

test('a kind that is not watched gives no verdict', { timeout: 300_000 }, async (t) => {
  const { route, guarded } = await start(t, { kinds: [REFERENCE_GRANT] })
  assert.equal(await route('ledger'), 'refused')
  assert.equal(await guarded(), 'refgrant does not watch kind Permit yet: restart the server')
})

test('if the budget is exhausted, failed reads of a kind do not count for another', { timeout: 300_000 }, async (t) => {
  const { grants, stop, route, guarded } = await start(t, { burst: 1 })
  const ended = grants.run(stop.signal)
  await until('the ReferenceGrants are cached', () => grants.size === 1)
  assert.equal(await guarded(), 'the API server answered HTTP 403')
  assert.equal(await route('ledger'), 'refused')
  assert.match(await guarded(), /^the last fresh reads failed/)
  stop.abort()
  await ended
})
