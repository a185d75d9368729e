import { execFileSync } from 'node:child_process'
import https from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
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
} from '../harness/stand-ins/generated-cluster.ts'
import { post } from '../harness/traffic/post.ts'
import { reference, review, route } from '../harness/traffic/reviews.ts'

/**
 * Measures the bundle, and prints what docs/security.md says of it:
 *
 *     node test/bench/security.ts [million] [tenant] [timing]
 *
 * - million: memory of a million plain grants
 * - tenant: how long permitted reviews take while another tenant's are refused without end
 * - timing: how long a refusal takes where many large grants nearly match, and where there are none
 *
 * The server has one core and the clients another; run it on a machine that does nothing else.
 */

/** Reviews whose times are compared. */
const SAMPLES = 400

/** Tenants' reviews that are sent at once, without a pause. */
const AT_ONCE = 20

const permitted = review(route(reference('payments', 'billing')))
const refused = (namespace: string, referrer: string) =>
  review(route(reference('vault', namespace)), { namespace: referrer })

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

async function times(server: Refgrant, agent: https.Agent, body: string, count: number, pause: number) {
  const all: number[] = []
  let failed = 0
  for (let sample = 0; sample < count; sample += 1) {
    const { ms, status } = await ask(server, agent, body)
    all.push(ms)
    if (status !== 200) failed += 1
    await wait(pause)
  }
  all.sort((a, b) => a - b)
  const at = (part: number) => (all[Math.floor(all.length * part)] ?? Number.NaN).toFixed(1)
  return { p50: at(0.5), p99: at(0.99), worst: at(0.9999), failed }
}

/** 300 grants of 16 x 16 in each of eight namespaces that the tenant refers to, from as many namespaces as it likes. */
async function tenant(): Promise<void> {
  const of: Content = {
    list: (namespace) =>
      namespace?.startsWith('target-')
        ? grantsOf([], 300, (index) => grantOf(namespace, `grant-${index}`, { spec: largestSpec(index) }))
        : grantsOf([neighbours], 0, () => ''),
  }
  await measured(of, async (server) => {
    const agent = new https.Agent({ ca: server.ca, keepAlive: true })
    await times(server, agent, permitted, 200, 1)
    const quiet = await times(server, agent, permitted, SAMPLES, 10)
    let going = true
    let sent = 0
    const tenants = new https.Agent({ ca: server.ca, keepAlive: true })
    const flood = Array.from({ length: AT_ONCE }, async (_, at) => {
      for (; going; sent += 1) await ask(server, tenants, refused(`target-${(sent + at) % 8}`, `tenant-${sent % 200}`))
    })
    const busy = await times(server, agent, permitted, SAMPLES, 10)
    going = false
    await Promise.all(flood)
    const words = ({ p50, p99, worst, failed }: typeof quiet) =>
      `p50 ${p50}, p99 ${p99}, worst ${worst} ms, ${failed} failed`
    print(`permitted reviews alone: ${words(quiet)}`)
    print(`while ${AT_ONCE} reviews of a tenant are refused at once (${sent} in all): ${words(busy)}`)
    agent.destroy()
    tenants.destroy()
  })
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
