import https from 'node:https'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import type { Cluster } from '../harness/control-plane/cluster.ts'
import { folderWith } from '../harness/folders.ts'
import { post } from '../harness/traffic/post.ts'
import { GROUP } from '../harness/traffic/reviews.ts'
import { FROM, reviewOf, TO } from './bodies.ts'
import { type Figure, percentilesOf, ratiosOf, roundsOf, tell } from './figures.ts'
import { load } from './load.ts'
import { type Bundle, startBundle } from './programs.ts'

/** The grants whose effect is waited for, in each of the rounds. */
const FOLLOWED = 25
const ROUNDS = roundsOf(8)

/** The reviews per second that each server answers under load. */
const FLOWING = 500

/** A budget with one fresh read, so that the cache alone decides from the second refusal on. */
const CACHE_ALONE = JSON.stringify({
  apiVersion: 'refgrant.dev/v1alpha1',
  kind: 'Configuration',
  budgets: { eachNamespace: { burst: 1, perSecond: 1e-6 }, allNamespaces: { burst: 1, perSecond: 1e-6 } },
})

/**
 * Measures the time from a new grant to the first review that it permits, beside the time of such a review, and that after
 * which a bare watch of the same API server tells of the grant. Reviews wait, or flow all the time.
 */
export async function freshness(cluster: Cluster): Promise<Figure[]> {
  const grants = ['--kubeconfig', cluster.account]
  const config = ['--config', path.join(folderWith({ 'refgrant.yaml': CACHE_ALONE }), 'refgrant.yaml')]
  const servers = {
    refgrant: await startBundle(grants),
    'refgrant, cache alone': await startBundle([...grants, ...config]),
  }
  const watch = await Watch.open(cluster)
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false })
  const times = { idle: newTimes(), 'under load': newTimes() }
  try {
    for (let round = 0; round < ROUNDS; round += 1)
      for (const state of ['idle', 'under load'] as const) {
        tell(`freshness: round ${round + 1} of ${ROUNDS}, ${state}`)
        const stop = state === 'idle' ? async () => {} : flow(Object.values(servers))
        for (let at = 0; at < FOLLOWED; at += 1) {
          const name = `followed-${state.replaceAll(' ', '-')}-${round}-${at}`
          await follow(cluster, name, servers, watch, agent, times[state])
        }
        await stop()
      }
  } finally {
    agent.destroy()
    watch.close()
    for (const server of Object.values(servers)) await server.stop()
  }
  return Object.entries(times).flatMap(([state, each]) =>
    Object.entries(each).map(([program, values]): Figure => {
      const row = `from a created grant to its effect, ${state} (median: p50, max: p99)`
      const figure = { row, program, unit: 'ms', value: percentilesOf(values) }
      if (!program.startsWith('refgrant')) return figure
      const ratio = { of: `${program} / a permitted review`, value: ratiosOf(values, each['a permitted review']) }
      return { ...figure, ratio, ...(state === 'idle' && { limit: 'p99 at most 20, aim 10' }) }
    }),
  )
}

const newTimes = () => ({
  'a permitted review': [] as number[],
  'bare watch': [] as number[],
  refgrant: [] as number[],
  'refgrant, cache alone': [] as number[],
})

/**
 * Creates a grant for each server, one after the other, and notes after which time the server permits a review, and the watch
 * tells of the grant. Two servers at once would share a processor, and the reads of one would delay the other.
 */
async function follow(
  cluster: Cluster,
  name: string,
  servers: { readonly refgrant: Bundle; readonly 'refgrant, cache alone': Bundle },
  watch: Watch,
  agent: https.Agent,
  times: ReturnType<typeof newTimes>,
): Promise<void> {
  const programs = Object.entries(servers) as [keyof typeof servers, Bundle][]
  for (const [at, [program, { url, path }]] of programs.entries()) {
    const target = `${name}-${at}`
    const body = reviewOf({ operation: 'CREATE', references: 1 }).replaceAll('svc0', target)
    const permitted = async () => {
      while (!(await post(`${url}${path}`, body, { agent })).body.includes('"allowed":true')) await wait(1)
    }
    const told = watch.tells(target)
    await createGrant(cluster, target, FROM, target)
    const created = performance.now()
    const note = async (row: keyof typeof times, effect: Promise<void>) => {
      await effect
      times[row].push(performance.now() - created)
    }
    await Promise.all([note('bare watch', told), note(program, permitted())])
    if (program !== 'refgrant') continue
    const answered = performance.now()
    await permitted()
    times['a permitted review'].push(performance.now() - answered)
  }
}

/** Sends reviews that a grant permits until the returned function is called. */
function flow(servers: readonly Bundle[]): () => Promise<void> {
  const stopping = new AbortController()
  const options = { requests: Infinity, expected: '"allowed":true', rate: FLOWING, signal: stopping.signal }
  const flowing = servers.map((server) => load(server, reviewOf({ to: FROM }), options))
  return async () => {
    stopping.abort()
    await Promise.all(flowing)
  }
}

/** A watch that only looks for names. */
class Watch {
  readonly #request: ReturnType<typeof https.request>
  readonly #waiting = new Map<string, () => void>()

  private constructor(request: ReturnType<typeof https.request>) {
    this.#request = request
  }

  static async open({ controlPlane }: Cluster): Promise<Watch> {
    const { server, ca } = controlPlane
    const { metadata } = await controlPlane.api.must('GET', GRANTS)
    const token = await controlPlane.api.token('refgrant-system', 'refgrant')
    const from = `?watch=1&timeoutSeconds=3600&resourceVersion=${metadata.resourceVersion}`
    const request = https.request(`${server}${GRANTS}${from}`, { ca, headers: { authorization: `Bearer ${token}` } })
    const watch = new Watch(request)
    request.on('response', (response) => {
      const lines = createInterface({ input: response })
      lines.on('line', (line) => {
        for (const [name, tell] of watch.#waiting) if (line.includes(`"${name}"`)) tell()
      })
      lines.on('error', () => {})
    })
    // A watch that is closed has an error.
    request.on('error', () => {})
    request.end()
    return watch
  }

  tells(name: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.set(name, () => {
      this.#waiting.delete(name)
      resolve()
    })
    return promise
  }

  close(): void {
    this.#request.destroy()
  }
}

const GRANTS = `/apis/${GROUP}/v1/referencegrants`

/** Creates a grant to the namespace of the targets. */
export async function createGrant(
  { controlPlane }: Cluster,
  name: string,
  from: string,
  target?: string,
): Promise<void> {
  const to = { group: '', kind: 'Service', ...(target !== undefined && { name: target }) }
  const { status } = await controlPlane.api.create({
    ...{ apiVersion: `${GROUP}/v1`, kind: 'ReferenceGrant', metadata: { name, namespace: TO } },
    spec: { from: [{ group: GROUP, kind: 'HTTPRoute', namespace: from }], to: [to] },
  })
  if (status !== 201) throw new Error(`the API server answered ${status} to a grant`)
}
