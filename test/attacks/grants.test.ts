import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import {
  added,
  type Content,
  content,
  grantOf,
  grantsOf,
  largestSpec,
  longSpec,
  neighbours,
  specFrom,
} from '../harness/stand-ins/generated-cluster.ts'
import { numbered, reference, repeated, review, route } from '../harness/traffic/reviews.ts'
import { until, untilCounted } from '../harness/until.ts'
import { attacked } from './attacked-cluster.ts'
import { atOnce, closeAll, connectTls, head, openAll, send } from './send.ts'
import { permitted, type Victim } from './siege.ts'

const largest = (namespace: string) => (index: number) =>
  grantOf(namespace, `grant-${index}`, { spec: largestSpec(index) })
const spread = (index: number) => largest(`namespace-${index}`)(index)

const ready = async (victim: Victim) => {
  await until('the server is ready', async () => (await victim.health('/readyz')) === 'ok\n')
}

/** Largest grants, each in a namespace of its own, that are cached at least: some 6,000 fit into 256 MiB. */
const FIT = 5_000

const synced = (count: number) => async (victim: Victim) => {
  await ready(victim)
  const known = await victim.metric('refgrant_grants')
  assert.ok(known >= Math.min(count + 1, FIT), `${known} grants are known`)
}

suite('grants of 16 x 16', () => {
  // What is kept of one namespace may have a bound.
  for (const [title, make, known] of [
    ['in one namespace', largest('target'), () => ready],
    ['each in a namespace of its own', spread, synced],
  ] as const) {
    for (const count of [1_000, 10_000]) {
      const name = `${count} largest grants ${title}`
      test(`${name}, at the start`, { timeout: 300_000 }, (context) =>
        attacked(context, `${name}, at the start`, content(count, make), { ready: false }, known(count)),
      )
    }
  }

  test('plain ones, each in one of 300,000 namespaces, at the start', { timeout: 600_000 }, (context) => {
    const plain = (index: number) => grantOf(`namespace-${index}`, 'grant')
    return attacked(
      context,
      'a plain grant in each of 300,000 namespaces, at the start',
      content(300_000, plain),
      { ready: false },
      async (victim, cluster) => {
        await untilCounted('pages of the list are asked for', 600, () => cluster.asked('limit=500'))
        await ready(victim)
      },
    )
  })

  test('1,000, at the start, by a list that is streamed', { timeout: 300_000 }, (context) =>
    attacked(
      context,
      '1000 largest grants, streamed',
      content(1_000, spread, { streams: true }),
      { ready: false },
      synced(1_000),
    ),
  )

  test('10,000, while it runs', { timeout: 300_000 }, (context) => {
    const count = 10_000
    const watch = function* () {
      for (let index = 0; index < count; index += 1) yield added(spread(index))
    }
    const quiet = content(0, spread)
    return attacked(
      context,
      `${count} largest grants, by a watch`,
      quiet,
      { passes: false },
      async (victim, cluster) => {
        cluster.content = { ...quiet, watch }
        cluster.endWatches()
        await untilCounted('grants are known', FIT, () => victim.metric('refgrant_grants'))
      },
    )
  })

  test('10,000, again and again, in lists after watches that are too old', { timeout: 300_000 }, (context) => {
    const count = 10_000
    const gone = '{"type":"ERROR","object":{"kind":"Status","metadata":{},"code":410,"message":"too old"}}\n'
    const tooOld = content(count, spread, { watch: () => [gone] })
    return attacked(
      context,
      `${count} largest grants, in three lists`,
      tooOld,
      { ready: false },
      async (victim, cluster) => {
        await until('three lists were made', () => cluster.asked('limit=') >= (3 * count) / 500)
        cluster.content = content(count, spread)
        await synced(count)(victim)
      },
    )
  })
})

/** A review that needs a fresh read, and what else is in its object. */
function refusedIn(namespace: string, values = ''): string {
  const backendRefs = `[${reference('payments', `${namespace}-vault`)}]`
  return review(`{"spec":{"rules":[{"backendRefs":${backendRefs}}],"more":[${values}]}}`, { namespace })
}

suite('fresh reads', () => {
  /** Reviews of one tenant at once, and how many in all. */
  const TENANT = { atOnce: 20, all: 400 }

  test('of 300 largest grants, by 20 at once that are refused', { timeout: 300_000 }, (context) => {
    // Grants that no watch tells of, so that each review of these needs a fresh read; each from another namespace, so
    // that none needs more of them than its own share, however long it takes.
    const newcomers = Array.from({ length: 6 }, (_, index) => `new-${index}`)
    const list: Content['list'] = (namespace) => {
      if (namespace === undefined) return grantsOf([neighbours], 300, largest('target'))
      if (namespace === 'target') return grantsOf([], 300, largest('target'))
      return grantsOf(
        namespace.startsWith('new-') ? [grantOf(namespace, 'shop', { spec: specFrom(`${namespace}-shop`) })] : [],
        0,
        spread,
      )
    }
    const asked = newcomers.map((namespace) =>
      review(route(reference('payments', namespace)), { namespace: `${namespace}-shop` }),
    )
    const refused = review(route(numbered((index) => reference(`service-${index}`, 'target'), 16)), {
      namespace: 'tenant',
    })
    const siege = { neighbours: [permitted, ...asked] }
    return attacked(context, 'fresh reads of 300 largest grants', { list }, siege, async (victim) => {
      let left = TENANT.all
      await atOnce(TENANT.atOnce, async () => {
        while (left-- > 0) {
          const answer = await send(victim, '/validate/deny?timeout=10s', refused)
          if (answer?.status === 200) assert.equal(JSON.parse(answer.body).response.allowed, false)
        }
      })
    })
  })

  test('of 200 namespaces of one tenant, full of grants, by 16 reviews at once', { timeout: 300_000 }, (context) => {
    const newcomers = Array.from({ length: 6 }, (_, index) => `new-${index}`)
    const list: Content['list'] = (namespace) => {
      if (namespace?.startsWith('full-')) return grantsOf([], 100, largest(namespace))
      const isNew = namespace?.startsWith('new-') === true
      return grantsOf(
        [isNew ? grantOf(namespace, 'shop', { spec: specFrom(`${namespace}-shop`) }) : neighbours],
        0,
        spread,
      )
    }
    const asked = newcomers.map((namespace) =>
      review(route(reference('payments', namespace)), { namespace: `${namespace}-shop` }),
    )
    const refused = (index: number) => {
      const change = { namespace: `tenant-${index}`, uid: `tenant-${index}` }
      return review(route(reference('vault', `full-${index}`)), change)
    }
    const siege = { neighbours: [permitted, ...asked] }
    return attacked(context, '200 namespaces of one tenant, full of grants', { list }, siege, async (victim) => {
      let left = 200
      await atOnce(16, async () => {
        while (left-- > 0) await send(victim, '/validate/deny?timeout=10s', refused(left))
      })
    })
  })

  // How much is in a review beside its references.
  for (const [title, count] of [
    ['small', 1],
    ['large', 110_000],
  ] as const) {
    const name = `fresh reads of eight namespaces full of long names, by 20 ${title} reviews at once`
    test(name, { timeout: 300_000 }, (context) => attackWithLongNames(context, name, count))
  }

  function attackWithLongNames(context: TestContext, name: string, count: number): Promise<void> {
    // Each name is kept as it is written: 240 characters of four bytes.
    const wide = (namespace: string) => (index: number) =>
      grantOf(namespace, `grant-${index}`, { spec: longSpec(index, '\u{1f600}'.repeat(240)) })
    const list: Content['list'] = (namespace) => {
      // As many as are cached, and more.
      if (namespace === undefined) return grantsOf([neighbours], 4_608, (index) => wide(`namespace-${index}`)(index))
      if (namespace.startsWith('fat-')) return grantsOf([], 170, wide(namespace))
      return grantsOf(namespace === 'billing' ? [neighbours] : [], 0, spread)
    }
    const values = repeated(JSON.stringify('x'.repeat(20)), count)
    const refused = (call: number) => {
      const references = numbered((index) => reference('payments', `fat-${call % TENANT.atOnce}-${index}`), 8)
      const object = `{"spec":{"rules":[{"backendRefs":[${references}]}],"more":[${values}]}}`
      return review(object, { namespace: `tenant-${call % TENANT.atOnce}` })
    }
    return attacked(context, name, { list }, {}, async (victim) => {
      const silent = await openAll(2_400, () => connectTls(victim))
      let left = 100
      await atOnce(TENANT.atOnce, async () => {
        while (left-- > 0) await send(victim, '/validate/deny?timeout=10s', refused(left))
      })
      const reads = await victim.metric('refgrant_fresh_reads_total{result="started"}')
      assert.ok(reads >= 8, `${reads} fresh reads were made`)
      closeAll(silent)
    })
  }

  const silent: Content['list'] = (namespace) =>
    namespace === undefined ? grantsOf([neighbours], 0, spread) : undefined

  test('that are not answered, by 600 reviews at once', { timeout: 300_000 }, (context) =>
    attacked(context, '600 reviews that wait for fresh reads', { list: silent }, {}, async (victim) => {
      await atOnce(600, (index) => send(victim, '/validate/deny?timeout=10s', refusedIn(`tenant-${index % 50}`)))
    }),
  )

  test('that are not answered, by the largest reviews', { timeout: 300_000 }, (context) => {
    const large = refusedIn('tenant', repeated(JSON.stringify('\u0100'.repeat(8)), 119_000))
    return attacked(context, 'the largest reviews wait for fresh reads', { list: silent }, {}, async (victim) => {
      await atOnce(20, () => send(victim, '/validate/deny?timeout=10s', large))
    })
  })

  test('that are not answered, while grants of their namespace are created', { timeout: 300_000 }, (context) => {
    const references = route(numbered((index) => reference(`payments-${index}`, 'tenant-vault'), 9_000))
    const name = '40 reviews with 9,000 references wait while 500 grants of their namespace are created'
    return attacked(context, name, { list: silent }, {}, async (victim, cluster) => {
      const sent = atOnce(40, () =>
        send(victim, '/validate/deny?timeout=10s', review(references, { namespace: 'tenant' })),
      )
      await until('a fresh read is in flight', () => cluster.asked('/namespaces/tenant-vault/') > 0)
      const spec = JSON.stringify({
        ...JSON.parse(specFrom('tenant')),
        to: [{ group: '', kind: 'Service', name: 'other' }],
      })
      for (let at = 0; at < 500; at += 1) cluster.tell(added(grantOf('tenant-vault', `grant-${at}`, { spec })))
      await until('they are cached', async () => (await victim.metric('refgrant_grants')) > 500)
      await sent
    })
  })

  test('for clients that have gone', { timeout: 300_000 }, (context) =>
    attacked(context, 'fresh reads for clients that have gone', { list: silent }, {}, async (victim) => {
      let left = 2_000
      await atOnce(20, async () => {
        while (left-- > 0) {
          const socket = await connectTls(victim)
          const body = refusedIn(`tenant-${left % 50}`)
          socket.write(`${head('/validate/deny?timeout=10s', `content-length: ${body.length}`)}\r\n${body}`)
          await new Promise<void>((resolve) => setImmediate(resolve))
          socket.destroy()
        }
      })
    }),
  )

  test('for objects of made-up namespaces of 0.9 MB', { timeout: 300_000 }, (context) => {
    const list: Content['list'] = (namespace) =>
      grantsOf(namespace === 'billing' || !namespace ? [neighbours] : [], 0, spread)
    return attacked(context, 'fresh reads for made-up namespaces of 0.9 MB', { list }, {}, async (victim) => {
      for (let count = 0; count < 250; count += 1)
        await send(victim, '/validate/deny?timeout=10s', refusedIn(`${count}${'x'.repeat(900_000)}`))
    })
  })

  test('for objects of 5,000 namespaces', { timeout: 300_000 }, (context) => {
    const list: Content['list'] = (namespace) =>
      grantsOf(namespace === 'billing' || !namespace ? [neighbours] : [], 0, spread)
    return attacked(context, 'fresh reads for 5,000 namespaces', { list }, {}, async (victim) => {
      let next = 0
      await atOnce(20, async () => {
        while (next < 5_000) {
          const namespace = `tenant-${next++}`
          const body = review(route(reference('vault', `${namespace}-vault`)), { namespace, uid: namespace })
          await send(victim, '/validate/deny?timeout=10s', body)
        }
      })
    })
  })
})
