import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import https from 'node:https'
import { Inspector } from '../harness/program/inspector.ts'
import { type Memory, memoryOf } from '../harness/program/memory.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import {
  type Content,
  content,
  GeneratedCluster,
  grantOf,
  grantsOf,
  largestSpec,
  neighbours,
  specFrom,
} from '../harness/stand-ins/generated-cluster.ts'
import { post } from '../harness/traffic/post.ts'
import { reference, review, route } from '../harness/traffic/reviews.ts'
import { sample } from './samples.ts'

/**
 * Measures the bundle, and prints what docs/security.md says of it:
 *
 *     node test/bench/security.ts [million] [tenant] [timing]
 *
 * - million: memory of a million plain grants
 * - tenant: how long permitted reviews take while those of a tenant with 200 namespaces are refused without end
 * - timing: how long a refusal takes where many large grants nearly match, and where there are none
 *
 * The server has one core and the clients another; run it on a machine that does nothing else.
 */

/** Reviews whose times are compared. */
const SAMPLES = 400

/** Reviews of a tenant that are sent at once, without a pause. */
const AT_ONCE = 16

/** Each review is a request of its own, and not another try of one. */
const uid = () => randomUUID()
const permitted = (namespace = 'billing', referrer = 'shop') =>
  review(route(reference('payments', namespace)), { namespace: referrer, uid: uid() })
const refused = (namespace: string, referrer: string) =>
  review(route(reference('vault', namespace)), { namespace: referrer, uid: uid() })

/** Starts the bundle on a core of its own. */
function start(cluster: GeneratedCluster): Promise<Refgrant> {
  return startRefgrant({
    grants: cluster.grants,
    program: 'dist/refgrant.js',
    wrapper: ['taskset', '-c', '0'],
    nodeOptions: ['--inspect=127.0.0.1:0'],
  })
}

async function measured<T>(
  of: Content,
  measure: (server: Refgrant, cluster: GeneratedCluster) => Promise<T>,
): Promise<T> {
  const cluster = await GeneratedCluster.start(of)
  const server = await start(cluster)
  try {
    return await measure(server, cluster)
  } finally {
    await server.stop()
    cluster.close()
  }
}

async function memory(server: Refgrant): Promise<Memory> {
  const inspector = await Inspector.connect(server.inspector())
  const measured = await memoryOf(server.process.pid, inspector)
  inspector.close()
  return measured
}

async function million(): Promise<void> {
  const plain = (index: number) => grantOf(`team-${index % 1_000}`, `grant-${index}`)
  const empty = await measured(content(0, plain), memory)
  const full = await measured(content(1_000_000, plain), memory)
  const more = (what: keyof Memory) => `${Math.round(full[what] - empty[what])} MiB`
  print(`a million plain grants: ${more('heap')} in use, ${more('resident')} resident above the empty server`)
}

/** Sends a review, and gives its time in ms and whether it was allowed. */
async function ask(server: Refgrant, agent: https.Agent, body: string): Promise<{ ms: number; status: number }> {
  const begun = performance.now()
  const { status } = await post(`${server.url}/deny?timeout=10s`, body, { agent })
  return { ms: performance.now() - begun, status }
}

/**
 * 200 namespaces of a tenant, each of which refers to another one, with 300 grants of 16 x 16. The others' reviews are
 * permitted by a cached grant, or by one that no watch has shown yet, so that it takes a fresh read. Each of the latter
 * comes from another namespace, since each has its own share of fresh reads.
 */
async function tenant(): Promise<void> {
  const of: Content = {
    list: (namespace) => {
      if (namespace?.startsWith('target-'))
        return grantsOf([], 300, (index) => grantOf(namespace, `grant-${index}`, { spec: largestSpec(index) }))
      const isNew = namespace?.startsWith('new-')
      return grantsOf(
        isNew ? [grantOf(namespace as string, 'shop', { spec: specFrom(`${namespace}-shop`) })] : [neighbours],
        0,
        () => '',
      )
    },
  }
  await measured(of, async (server) => {
    let number = 0
    const fresh = () => {
      number += 1
      return permitted(`new-${number}`, `new-${number}-shop`)
    }
    const kinds = { 'permitted by the cache': () => permitted(), 'permitted by a fresh read': fresh }
    const all = async () => {
      const words: string[] = []
      for (const [kind, body] of Object.entries(kinds)) words.push(`${kind}: ${await times(server, body)}`)
      return words.join('; ')
    }
    await times(server, () => permitted())
    print(`alone: ${await all()}`)
    let going = true
    let sent = 0
    const agent = new https.Agent({ ca: server.ca, keepAlive: true })
    const flood = Array.from({ length: AT_ONCE }, async () => {
      while (going) {
        const at = sent++ % 200
        await ask(server, agent, refused(`target-${at}`, `tenant-${at}`))
      }
    })
    print(`while ${AT_ONCE} reviews of a tenant are refused at once: ${await all()} (${sent} of the tenant)`)
    going = false
    await Promise.all(flood)
    agent.destroy()
  })
}

/** Sends reviews one after the other, and says how long they took. */
async function times(server: Refgrant, body: () => string): Promise<string> {
  const bodies = Array.from({ length: SAMPLES }, body)
  const { url, ca, process } = server
  const sampled = await sample({ url: `${url}/deny?timeout=10s`, ca, pid: process.pid as number, bodies, pause: 10 })
  const at = (times: readonly number[], part: number) =>
    (times[Math.floor(times.length * part)] ?? Number.NaN).toFixed(1)
  const of = (times: readonly number[]) =>
    `p50 ${at(times, 0.5)}, p99 ${at(times, 0.99)}, worst ${at(times, 0.9999)} ms`
  return `${of(sampled.times)} (server busy: ${of(sampled.busy)}), ${sampled.failed} failed`
}

async function timing(): Promise<void> {
  const large = (index: number) =>
    grantOf('near', `grant-${index}`, {
      spec: largestSpec(index),
      metadata: `,"labels":{"a":"${'x'.repeat(500_000)}"}`,
    })
  const of: Content = {
    list: (namespace) => (namespace === 'near' ? grantsOf([], 30, large) : grantsOf([], 0, large)),
  }
  await measured(of, async (server) => {
    const agent = new https.Agent({ ca: server.ca, keepAlive: true })
    const body = (namespace: string, sample: number) => refused(namespace, `s-${sample}`)
    const rounds = { near: [] as number[], none: [] as number[] }
    for (let sample = 0; sample < 60; sample += 1)
      for (const namespace of ['near', 'none'] as const)
        rounds[namespace].push((await ask(server, agent, body(namespace, sample))).ms)
    const median = (all: number[]) => (all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0).toFixed(1)
    print(
      `a refusal where 30 grants of 0.5 MiB nearly match: median ${median(rounds.near)} ms; where there are none: ${median(rounds.none)} ms`,
    )
    agent.destroy()
  })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

const all = { million, tenant, timing }
const asked = process.argv.slice(2)
execFileSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })
for (const [name, measure] of Object.entries(all)) if (asked.length === 0 || asked.includes(name)) await measure()
