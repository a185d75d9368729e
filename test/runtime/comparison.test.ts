import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { pino } from 'pino'
import type { Api } from '../../src/cluster/api.ts'
import { ApiError } from '../../src/cluster/api-error.ts'
import { registrationOf } from '../../src/config/config.ts'
import { readConfig } from '../../src/config/read.ts'
import { rbac } from '../../src/manifests/rbac.ts'
import { type WebhookClient, webhookConfiguration } from '../../src/manifests/webhook.ts'
import { compare, type Wanted } from '../../src/runtime/comparison.ts'
import { DriftWatch } from '../../src/runtime/drift-watch.ts'
import { driftLines, toleratedLines } from '../../src/wording/drift.ts'
import { type Issued, issue } from '../harness/stand-ins/certificates.ts'

const registration = registrationOf(readConfig(undefined))
const authority = issue({ name: 'authority', ca: true })
const server = issue({ name: 'server', by: authority, hosts: ['refgrant.refgrant-system.svc'], ips: ['127.0.0.1'] })
const stranger = issue({ name: 'stranger', ca: true })

// biome-ignore lint/suspicious/noExplicitAny: what the API server holds may have any shape
type Live = any

/** An API server that answers so, with the clock of this machine. */
const apiWith = (find: Api['find']) => ({ find, clock: { now: Date.now } }) as unknown as Api

/** An API server with the objects of the manifests, with a change. */
function holding(client: WebhookClient, change: (live: Live) => void = () => {}): Api {
  const live = structuredClone(webhookConfiguration(registration, client)) as Live
  change(live)
  const roles = rbac(registration.coverage.grantKinds, undefined).filter(({ kind }) => kind === 'ClusterRole')
  const find = async (path: string) => (path.includes('/clusterroles/') ? roles[0] : live)
  return apiWith(find)
}

async function drift(api: Api, wanted: Partial<Wanted> = {}) {
  const comparisons = await compare(api, { registration, client: {}, ...wanted }, AbortSignal.timeout(10_000))
  return { lines: comparisons.flatMap(driftLines), tolerated: comparisons.flatMap(toleratedLines) }
}

const lines = async (...all: Parameters<typeof drift>) => (await drift(...all)).lines
const entries = ['deny', 'warn', 'audit', 'advisory']
const trusting = (one: Issued) => ({ caBundle: one.cert })
const served = server.cert

suite('the served certificate, compared with a live registration', () => {
  test('is trusted by a Service and by a URL', async () => {
    assert.deepEqual(await lines(holding(trusting(authority)), { served }), [])
    assert.deepEqual(await lines(holding({ ...trusting(authority), url: 'https://127.0.0.1:8443' }), { served }), [])
  })

  test('is not trusted by entries with other authorities', async () => {
    const found = await lines(holding(trusting(stranger)), { served })
    assert.equal(found.length, entries.length)
    for (const [index, entry] of entries.entries())
      assert.ok(
        found[index]?.startsWith(
          `ValidatingWebhookConfiguration refgrant: webhooks[${entry}.refgrant.dev].clientConfig.caBundle does not verify the served certificate: `,
        ),
        found[index],
      )
  })

  const bundles: Record<string, unknown> = { absent: undefined, empty: '', null: null }
  for (const [title, caBundle] of Object.entries(bundles))
    test(`is not trusted by the one entry whose authorities are ${title}`, async () => {
      const api = holding(trusting(authority), ({ webhooks }) => {
        webhooks[0].clientConfig.caBundle = caBundle
      })
      const [line, ...others] = await lines(api, { served })
      assert.match(line ?? '', /webhooks\[deny\.refgrant\.dev\]\.clientConfig\.caBundle is empty, /)
      assert.deepEqual(others, [])
    })

  test('is not trusted by garbage in base64 or by invalid base64', async () => {
    for (const caBundle of [Buffer.from('garbage').toString('base64'), '%%%%', 7]) {
      const api = holding(trusting(authority), ({ webhooks }) => {
        webhooks[0].clientConfig.caBundle = caBundle
      })
      assert.match((await lines(api, { served })).join(), /caBundle (holds no certificate|is empty)/)
    }
  })

  test('is not valid for another Service or another host', async () => {
    const api = holding(trusting(authority), ({ webhooks }) => {
      webhooks[0].clientConfig.service.namespace = 'other'
      webhooks[1].clientConfig = {
        ...webhooks[1].clientConfig,
        service: undefined,
        url: 'https://localhost/validate/warn',
      }
    })
    const found = await lines(api, { served })
    assert.match(found.join('\n'), /deny.*clientConfig names host "refgrant\.other\.svc", but/)
    assert.match(
      found.join('\n'),
      /warn\.refgrant\.dev\]\.clientConfig names host "localhost", but the served certificate/,
    )
    assert.equal(found.length, 3)
  })

  test('is not compared if no certificate is served', async () => {
    assert.deepEqual(await lines(holding(trusting(stranger))), [])
  })

  test('is compared with registrations of any shape', async () => {
    const each = (change: object) => (live: Live) => {
      for (const one of live.webhooks) Object.assign(one, change)
    }
    const shapes: ((live: Live) => void)[] = [
      (live) => Object.assign(live, { webhooks: undefined }),
      (live) => Object.assign(live, { webhooks: [null, 7, {}] }),
      each({ clientConfig: undefined }),
      each({ clientConfig: null }),
      each({ clientConfig: { service: 7, url: 7 } }),
    ]
    for (const shape of shapes) assert.ok((await lines(holding(trusting(authority), shape), { served })).length >= 4)
  })
})

suite('a value of --url or --ca', () => {
  test('is compared', async () => {
    const client = { url: 'https://a.example', caBundle: authority.cert }
    assert.deepEqual(await lines(holding(client), { client }), [])
    const other = await lines(holding({ url: 'https://b.example', caBundle: stranger.cert }), { client })
    assert.equal(other.length, 2 * entries.length)
    assert.match(
      other.join('\n'),
      /url is "https:\/\/b\.example\/validate\/deny", but the configuration says "https:\/\/a\./,
    )
    assert.match(other.join('\n'), /caBundle holds "CN=stranger" .*, and --ca holds "CN=authority" /)
  })

  test('matches certificates in another order, with other text around them', async () => {
    const live = { caBundle: `# first\n${stranger.cert}${authority.cert}` }
    assert.deepEqual(await lines(holding(live), { client: { caBundle: authority.cert + stranger.cert } }), [])
  })
})

test('the terms that AKS adds are reported, and are not drift', async () => {
  const api = holding(trusting(authority), ({ webhooks }) => {
    for (const one of webhooks)
      one.namespaceSelector = {
        matchExpressions: [
          ...(one.namespaceSelector?.matchExpressions ?? []),
          { key: 'control-plane', operator: 'NotIn', values: ['true'] },
          { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
        ],
      }
  })
  const { lines, tolerated } = await drift(api, { served })
  assert.deepEqual(lines, [])
  assert.equal(tolerated.length, entries.length)
  assert.equal(
    tolerated[0],
    "ValidatingWebhookConfiguration refgrant: webhooks[deny.refgrant.dev].namespaceSelector has terms that AKS's admissions enforcer adds; this is not drift",
  )
})

suite('a server that compares periodically', () => {
  const never = new AbortController().signal
  const watch = (api: Api, write: (line: string) => void, told: (fields: number | undefined) => void = () => {}) => {
    const logger = pino({ level: 'info', base: null }, { write })
    return new DriftWatch({ api, wanted: () => ({ registration, client: {}, served }), logger, observe: told })
  }

  test('logs a difference once, and that it is gone', async () => {
    const log: string[] = []
    const told: (number | undefined)[] = []
    const apis = [holding(trusting(stranger)), holding(trusting(stranger)), holding(trusting(authority))]
    const api = apiWith((path, signal) => (apis[0] as Api).find(path, signal))
    const drifting = watch(
      api,
      (line) => log.push(line),
      (fields) => told.push(fields),
    )
    while (apis.length > 0) {
      await drifting.compare(never)
      apis.shift()
    }
    assert.deepEqual(told, [4, 4, 0])
    assert.deepEqual(
      log.map((line) => JSON.parse(line).differences.length),
      [4, 0],
    )
  })

  test('logs a failure once while comparisons fail', async () => {
    const log: string[] = []
    const told: (number | undefined)[] = []
    let fails = true
    const good = holding(trusting(authority))
    const find = async (path: string, signal: AbortSignal) => {
      if (fails) throw new ApiError(path, 403, 'no')
      return good.find(path, signal)
    }
    const drifting = watch(
      apiWith(find),
      (line) => log.push(line),
      (fields) => told.push(fields),
    )
    for (const now of [true, true, false, true]) {
      fails = now
      await drifting.compare(never)
    }
    assert.deepEqual(told, [undefined, undefined, 0, undefined])
    assert.deepEqual(
      log.map((line) => JSON.parse(line).msg.split(' ')[0]),
      ['cannot', 'no', 'cannot'],
    )
  })

  test('reports the time of the last comparison beside the differences', async () => {
    let fails = true
    const good = holding(trusting(authority))
    const find = async (path: string, signal: AbortSignal) => {
      if (fails) throw new ApiError(path, 403, 'no')
      return good.find(path, signal)
    }
    const drifting = watch(apiWith(find), () => {})
    const detail = () => drifting.remarks()[0]?.detail
    await drifting.compare(never)
    assert.equal(detail(), 'not compared')
    fails = false
    await drifting.compare(never)
    assert.match(detail() ?? '', /^compared \d+\.\d s ago$/)
    fails = true
    await drifting.compare(never)
    assert.match(detail() ?? '', /^cannot compare; last compared \d+\.\d s ago$/)
  })

  test('aborts a comparison in progress when it stops, without a log entry', async () => {
    const log: string[] = []
    const asked = Promise.withResolvers<void>()
    const find = (_path: string, signal: AbortSignal) => {
      asked.resolve()
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const drifting = watch(apiWith(find), (line) => log.push(line))
    const stop = new AbortController()
    const running = drifting.run(stop.signal)
    await asked.promise
    stop.abort()
    await running
    assert.deepEqual(log, [])
  })
})
