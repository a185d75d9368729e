import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import path from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import tls from 'node:tls'
import { issueAuthority } from '../../src/certificates/issue.ts'
import { readConfig } from '../../src/config/read.ts'
import { apiServerCount, failuresOf } from '../harness/control-plane/api-server-counts.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { applyRegistration } from '../harness/control-plane/guarded-cluster.ts'
import { folderWith } from '../harness/folders.ts'
import { TcpProxy } from '../harness/network/tcp-proxy.ts'
import { route } from '../harness/objects/objects.ts'
import { type Refgrant, type RefgrantOptions, startRefgrant } from '../harness/program/refgrant.ts'
import { reference, review, route as routeBody } from '../harness/traffic/reviews.ts'
import { until } from '../harness/until.ts'
import { A_DAY } from '../harness/validities.ts'

/**
 * Each row of the table in docs/failure-policy.md, under both policies, by a real API server: the expected outcome, the
 * texts and the metrics come from the page.
 */

const PAGE = 'docs/failure-policy.md'

/** Rows that other tests are about, by the title of the test. Where no call fails, the policy does not matter. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, title: string]>> = {
  'being upgraded, with two replicas': [
    'test/node/refgrant.test.ts',
    'judges each write while it is upgraded, the first one after the upgrade included',
  ],
  'being drained': [
    'test/end-to-end/faults-replicas.test.ts',
    'both replicas are replaced under load, one after the other, and no review fails',
  ],
  'killed, out of memory for example': [
    'test/end-to-end/faults-kill.test.ts',
    'refgrant is killed again and again while routes are applied',
  ],
}

/** How long the API server waits for an answer here, in s; 5 by default. */
const TIMEOUT = 2

type Policy = 'Ignore' | 'Fail'

/** What the page says about one state of refgrant. */
interface Row {
  readonly outcomes: Readonly<Record<Policy, string>>
  /** The metrics and paths by which it is seen. */
  readonly signs: readonly string[]
}

/** The rows of the page, by what refgrant is. */
function rowsOf(page: string): Map<string, Row> {
  const [, table = ''] = page.split('| refgrant is | under Ignore | under Fail | how to see it |\n|---|---|---|---|\n')
  const lines = (table.split('\n\n')[0] ?? '').split('\n')
  return new Map(
    lines.map((line) => {
      const [, is = '', ignore = '', fail = '', seen = ''] = line.split('|').map((cell) => cell.trim())
      const signs = [...seen.matchAll(/`((?:refgrant|apiserver)_\w+(?:\{.*?\})?|\/readyz\?verbose)`/g)]
      const [state = ''] = is.split(':')
      return [state, { outcomes: { Ignore: ignore, Fail: fail }, signs: signs.map(([, sign]) => sign as string) }]
    }),
  )
}

const rows = rowsOf(readFileSync(PAGE, 'utf8'))

/** refgrant in one of the states, and what shows it. */
interface State {
  /** What the API server calls. */
  readonly url: string
  /** The authorities that the API server verifies it with; its own by default. */
  readonly authority?: string
  /** Brings it into the state again, which lasts some seconds. */
  readonly renew?: () => Promise<unknown>
  /** Whether each sign of the page is seen. */
  readonly seen: Readonly<Record<string, () => Promise<boolean>>>
}

let cluster: Cluster
let ca: string

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('shop')
  ca = path.join(cluster.certs, 'ca.crt')
})
after(() => cluster?.controlPlane.stop())

const configuration = path.join(
  folderWith({
    'refgrant.yaml': `apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\ntimeoutSeconds: ${TIMEOUT}\n`,
  }),
  'refgrant.yaml',
)

/** Registers what the API server calls. */
const register = (url: string, policy: Policy, authority = ca) =>
  applyRegistration(cluster.controlPlane, { url }, authority, ['--failure-policy', policy, '--config', configuration])

const at = (server: Server) => `https://127.0.0.1:${(server.address() as AddressInfo).port}/validate`

async function start(context: TestContext, options: Partial<RefgrantOptions> = {}): Promise<Refgrant> {
  const refgrant = await startRefgrant({
    certs: cluster.certs,
    grants: ['--kubeconfig', cluster.account],
    more: ['--config', configuration],
    ...options,
  })
  context.after(() => refgrant.process.kill('SIGKILL'))
  return refgrant
}

/** A proxy before the API server, and a kubeconfig of refgrant that leads through it. */
async function proxied(context: TestContext): Promise<{ proxy: TcpProxy; kubeconfig: string }> {
  const { controlPlane } = cluster
  const proxy = await TcpProxy.start(controlPlane)
  context.after(() => proxy.close())
  const token = await controlPlane.api.token('refgrant-system', 'refgrant')
  return { proxy, kubeconfig: await controlPlane.kubeconfigFor('proxied', token, proxy.server) }
}

/** The state of each row. */
const STATES: Readonly<Record<string, (context: TestContext) => Promise<State>>> = {
  down: async () => ({ url: 'https://127.0.0.1:1/validate', seen: {} }),
  'slow, or cut off by the network': async (context) => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    context.after(() => silent.close())
    const waited = () =>
      apiServerCount(
        cluster.controlPlane.api,
        'apiserver_admission_webhook_admission_duration_seconds_sum',
        'name="deny.refgrant.dev"',
      )
    const before = await waited()
    return {
      url: at(silent),
      seen: {
        apiserver_admission_webhook_admission_duration_seconds: async () => (await waited()) >= before + TIMEOUT,
      },
    }
  },
  overloaded: async (context) => {
    const { proxy, kubeconfig } = await proxied(context)
    const refgrant = await start(context, { grants: ['--kubeconfig', kubeconfig] })
    proxy.hole()
    return {
      url: refgrant.url,
      renew: () => occupy(context, refgrant),
      seen: { refgrant_reviews_shed_total: async () => (await refgrant.metric('refgrant_reviews_shed_total')) > 0 },
    }
  },
  'not synced, and cannot read grants': async (context) => {
    const { proxy, kubeconfig } = await proxied(context)
    proxy.refuse(true)
    const refgrant = await start(context, { grants: ['--kubeconfig', kubeconfig], waitFor: 'listening' })
    const failed = 'refgrant_reviews_total{decision="failed"}'
    return {
      url: refgrant.url,
      seen: {
        [failed]: async () => (await refgrant.metric('refgrant_reviews_total', 'decision="failed"')) > 0,
        refgrant_knowledge_age_seconds: async () => (await refgrant.health('/metrics')).includes('_age_seconds +Inf'),
      },
    }
  },
  'serving a certificate that the API server rejects': async (context) => {
    const refgrant = await start(context)
    const expiry = 'refgrant_certificate_expiry_timestamp_seconds'
    return {
      url: refgrant.url,
      authority: path.join(folderWith({ 'ca.crt': issueAuthority('another', A_DAY).cert }), 'ca.crt'),
      seen: {
        refgrant_drift: async () => (await refgrant.metric('refgrant_drift')) > 0,
        '/readyz?verbose': async () => /^\[!\]registration: .*caBundle/m.test(await refgrant.health('/readyz?verbose')),
        [expiry]: async () => (await refgrant.metric(expiry)) > 0,
      },
    }
  },
}

/** Connections that occupy a server, and reviews on each: more at once, and it closes the connection. */
const OCCUPYING = { connections: 250, reviews: 4 }

/** The most reviews in flight (src/server/capacity.ts). */
const MOST = OCCUPYING.connections * OCCUPYING.reviews

/** Sends a server as many reviews as it takes, which all wait for a read, unless it has them. */
async function occupy(context: TestContext, refgrant: Refgrant): Promise<void> {
  const { hostname, port } = new URL(refgrant.url)
  const inFlight = () => refgrant.metric('refgrant_reviews_in_flight')
  if ((await inFlight()) === MOST) return
  await until('nothing is in flight', async () => (await inFlight()) === 0)
  const body = review(routeBody(reference('payments', 'billing')))
  const head = `POST /validate/deny?timeout=30s HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`
  const request = `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  for (let opened = 0; opened < OCCUPYING.connections; opened += 1) {
    const socket = tls.connect({ host: hostname, port: Number(port), ca: refgrant.ca })
    socket.on('error', () => {}).resume()
    socket.write(request.repeat(OCCUPYING.reviews))
    context.after(() => socket.destroy())
  }
  await until('as many are in flight as may be', async () => (await inFlight()) === MOST)
}

const object = JSON.stringify(route({ name: 'checkout', backends: [['payments', 'billing']] }))
const write = () => cluster.kubectl(['create', '--dry-run=server', '-f', '-'], object)
const ENTRY = 'deny.refgrant.dev'

/** How a write ends that refgrant does not judge, as the page says, and how the API server counts it. */
const ENDS: Readonly<Record<Policy, { readonly says: RegExp; readonly counted: 'allowed' | 'refused' }>> = {
  Ignore: { says: /^writes pass/, counted: 'allowed' },
  Fail: { says: /^writes are refused/, counted: 'refused' },
}

/** Tries a write, and returns whether it ends as the page says; asserts that the API server counts it so. */
async function endsAsDocumented(policy: Policy, cell: string): Promise<boolean> {
  const { says, counted } = ENDS[policy]
  assert.match(cell, says)
  const texts = [...cell.matchAll(/`([^`]+?)(?: …)?`/g)].map(([, text]) => text as string)
  const { api } = cluster.controlPlane
  const sent = () => apiServerCount(api, 'apiserver_admission_webhook_request_total', `name="${ENTRY}"`, 'code="503"')
  const [before, sentBefore] = [await failuresOf(api, ENTRY), await sent()]
  const { code, stderr } = await write()
  const isRefused = stderr.includes(`failed calling webhook "${ENTRY}"`) && texts.some((text) => stderr.includes(text))
  if (policy === 'Ignore' ? code !== 0 : !isRefused) return false
  assert.deepEqual(await failuresOf(api, ENTRY), { ...before, [counted]: before[counted] + 1 })
  assert.equal(await sent(), sentBefore + 1)
  return true
}

suite(`as ${PAGE} says, when refgrant is`, () => {
  for (const [state, make] of Object.entries(STATES))
    test(state, async (context) => {
      const { outcomes, signs } = rows.get(state) as Row
      const { url, authority, renew, seen } = await make(context)
      assert.deepEqual(Object.keys(seen).toSorted(), signs.toSorted())
      for (const policy of ['Fail', 'Ignore'] as const) {
        await register(url, policy, authority)
        // The API server goes by a registration a moment after it was written.
        await until(`a write ends as documented under ${policy}`, async () => {
          await renew?.()
          return endsAsDocumented(policy, outcomes[policy])
        })
      }
      for (const [sign, isSeen] of Object.entries(seen)) await until(`${sign} shows it`, isSeen)
    })
})

test('a write does not pass because its user leaves no time to judge it', async (context) => {
  const { proxy, kubeconfig } = await proxied(context)
  const refgrant = await start(context, { grants: ['--kubeconfig', kubeconfig] })
  await register(refgrant.url, 'Ignore')
  const { api } = cluster.controlPlane
  const crossing = route({ name: 'hurried', backends: [['payments', 'billing']] })
  const isCalled = async () => (await api.create(crossing, '?dryRun=All')).status === 403
  await until('the API server calls refgrant', isCalled)
  proxy.hole()
  const { status, body } = await api.create(crossing, '?timeout=1s')
  assert.deepEqual([status, body.reason], [504, 'Timeout'])
  assert.equal((await api.request('GET', await api.pathOf(crossing))).status, 404)
  assert.equal((await api.create(crossing, '?dryRun=All')).status, 201, 'with the usual time, it passes unjudged')
})

test(`each row of ${PAGE} has a test`, () => {
  assert.deepEqual([...rows.keys()].toSorted(), [...Object.keys(STATES), ...Object.keys(ELSEWHERE)].toSorted())
  for (const [file, title] of Object.values(ELSEWHERE)) assert.ok(readFileSync(file, 'utf8').includes(title), title)
})

test('it has the default timeout', () => {
  assert.match(rows.get('slow, or cut off by the network')?.outcomes.Ignore ?? '', / \(5 s\)$/)
  assert.equal(readConfig(undefined).timeoutSeconds, 5)
})
