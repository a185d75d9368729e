import { rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { table } from '../../src/report/table.ts'
import { TcpProxy } from '../harness/network/tcp-proxy.ts'
import { Inspector } from '../harness/program/inspector.ts'
import { type Memory, memoryOf } from '../harness/program/memory.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { askIndex } from '../harness/traffic/ask.ts'
import { Churn } from '../harness/traffic/churn.ts'
import { type FaultyCluster, hands, startFaultyCluster } from '../harness/traffic/faults.ts'
import type { Tally } from '../harness/traffic/history.ts'
import { BadNetwork, PADDING } from './bad-network.ts'
import { Latency, percentile } from './latency.ts'
import { hasGrown } from './memory.ts'

// What `make soak` does: grants come and go and reviews are asked for, for so many minutes, in a real control plane,
// while the network between it and refgrant fails now and then. Exit code 1 if an answer was wrong, if refgrant's memory
// grew, or if too little took place to tell.

/** How often reviews are counted and progress is told, in ms. */
const TELL = 15_000

/** Verdicts of either kind, a second, without which nothing was tested: a quarter of what 2 busy cores give. */
const LEAST = 3

/** What is counted of the API server's work. */
const ASKED = {
  refgrant_fresh_reads_total: 'fresh reads',
  refgrant_lists_total: 'lists',
  refgrant_watches_total: 'watches that ended',
} as const

const minutes = Number(process.argv[2] ?? '10')

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())

type Counts = Record<'permitted' | 'denied' | 'unjudged' | 'wrong', number>

interface Report {
  readonly counts: Counts
  /** Grants of the churn that came and went. */
  readonly gone: number
  readonly faults: BadNetwork['counts']
  /** At the start, in the middle and at the end. */
  readonly memory: readonly [Memory, Memory, Memory]
  readonly latency: Pick<Latency, 'granted' | 'revoked'>
  /** Rows of refgrant's metrics. */
  readonly asked: readonly (readonly [metric: string, label: string, count: string])[]
}

async function soak(cluster: FaultyCluster<TcpProxy>, inspector: Inspector): Promise<Report> {
  const { history, proxy, refgrant } = cluster
  const memory = () => memoryOf(refgrant.process.pid, inspector)
  const churn = new Churn(history, hands(cluster))
  const network = new BadNetwork(proxy, hands(cluster, { padding: PADDING }))
  const askTheIndex = hands(cluster, { ask: (reference) => askIndex(refgrant, reference) })
  const latency = new Latency(askTheIndex, () => network.calm)
  const counts: Counts = { permitted: 0, denied: 0, unjudged: 0, wrong: 0 }
  const count = () => {
    add(counts, history.tally())
    forgetReviews(refgrant.log)
    const seconds = Math.round((performance.now() - begun) / 1_000)
    say(`${seconds} of ${minutes * 60} s: ${inWords(counts)}, ${churn.gone} grants created and deleted`)
  }

  const begun = performance.now()
  const end = begun + minutes * 60_000
  await churn.start()
  const measured = async () => {
    const start = await memory()
    await wait((end - begun) / 2)
    const middle = await memory()
    // What was permitted for so long must not be so any more.
    await churn.revoke()
    await wait(end - performance.now())
    return [start, middle, await memory()] as const
  }
  const counted = async () => {
    while (performance.now() < end) {
      await wait(Math.min(TELL, end - performance.now()))
      count()
    }
  }
  const [memories] = await Promise.all([measured(), counted(), network.until(end), latency.until(end)])
  await churn.stop()
  count()
  const asked = askedIn(await refgrant.health('/metrics'))
  return { counts, gone: churn.gone, faults: network.counts, memory: memories, latency, asked }
}

function add(counts: Counts, { wrong, ...verdicts }: Tally): void {
  // A few tell as much as all.
  if (counts.wrong < 3) for (const answer of wrong.slice(0, 3)) say(`wrong: ${answer}`)
  counts.wrong += wrong.length
  for (const verdict of ['permitted', 'denied', 'unjudged'] as const) counts[verdict] += verdicts[verdict]
}

/** Drops the reviews from the log that is kept of refgrant, which would hold all of them else. */
function forgetReviews(log: Refgrant['log']): void {
  log.splice(0, log.length, ...log.filter(({ msg }) => msg !== 'review'))
}

function askedIn(metrics: string): Report['asked'] {
  return [...metrics.matchAll(/^(refgrant_\w+){\w+="(\w+)"} (\d+)$/gm)].flatMap(([, metric, label, count]) =>
    metric !== undefined && metric in ASKED ? [[metric, label ?? '', count ?? ''] as const] : [],
  )
}

function inWords({ permitted, denied, unjudged, wrong }: Counts): string {
  return `${permitted + denied + unjudged} reviews, ${wrong} wrong, ${permitted} permitted, ${denied} denied, ${unjudged} not judged`
}

function show({ counts, gone, faults, memory, latency, asked }: Report): string {
  const mib = (values: readonly number[]) => values.map((value) => value.toFixed(1))
  const times = (name: string, values: readonly number[]) => [
    name,
    String(values.length),
    ...[50, 99, 100].map((percent) => percentile(values, percent).toFixed(1)),
  ]
  return [
    `soak of ${minutes} minutes: ${inWords(counts)}, ${gone} grants created and deleted\n` +
      `faults: ${faults.cut} cuts, ${faults.truncate} in the middle of a line, ${faults.hole} holes of 5 s\n`,
    table(
      ['memory of refgrant, MiB', 'start', 'middle', 'end'],
      [
        ['resident', ...mib(memory.map(({ resident }) => resident))],
        ['heap after garbage collection', ...mib(memory.map(({ heap }) => heap))],
      ],
    ),
    table(
      ['time to enforce, ms', 'grants', 'p50', 'p99', 'longest'],
      [
        times('granted, while nothing fails', latency.granted.calm),
        times('granted, at any time', latency.granted.all),
        times('revoked, while nothing fails', latency.revoked.calm),
        times('revoked, at any time', latency.revoked.all),
      ],
    ),
    table(
      ['asked of the API server', '', 'count', 'a minute'],
      asked.map(([metric, label, count]) => [
        ASKED[metric as keyof typeof ASKED],
        label,
        count,
        (Number(count) / minutes).toFixed(1),
      ]),
    ),
  ].join('\n')
}

/** Why the soak failed, if it did. */
function failuresOf({ counts, memory: [, middle, end], latency, asked }: Report): string[] {
  const broken = asked.find(([, label]) => label === 'broken')?.[2]
  const least = LEAST * minutes * 60
  return [
    ...(counts.wrong > 0 ? [`${counts.wrong} answers were wrong`] : []),
    ...(hasGrown(middle, end) ? ['the heap grew'] : []),
    ...(Math.min(counts.permitted, counts.denied) < least ? [`fewer than ${least} verdicts of a kind`] : []),
    ...(latency.revoked.calm.length === 0 ? ['no time to enforce was measured'] : []),
    ...(broken === undefined || broken === '0' ? ['the watch never broke'] : []),
  ]
}

function say(text: string): void {
  if (!stop.signal.aborted) process.stderr.write(`${text}\n`)
}

async function run(): Promise<boolean> {
  const interrupted = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(new Error('interrupted')))
  })
  interrupted.catch(() => {})
  say('starting etcd, kube-apiserver and refgrant')
  const cluster = await startFaultyCluster(TcpProxy.start, {
    nodeOptions: ['--inspect=127.0.0.1:0'],
    signal: stop.signal,
  })
  const folder = path.dirname(cluster.controlPlane.folder)
  let inspector: Inspector | undefined
  let failures: string[]
  try {
    inspector = await Inspector.connect(cluster.refgrant.inspector())
    const report = await Promise.race([soak(cluster, inspector), interrupted])
    process.stdout.write(`\n${show(report)}`)
    failures = failuresOf(report)
  } finally {
    // Node does not end while an inspector is connected.
    inspector?.close()
    await cluster.stop()
  }
  for (const failure of failures) say(`failed: ${failure}; the logs are in ${folder}`)
  // An hour's logs are half a gigabyte.
  if (failures.length === 0) await rm(folder, { recursive: true })
  return failures.length === 0
}

let good = false
try {
  if (!(minutes > 0)) throw new Error('usage: make soak MINUTES=10')
  good = await run()
} catch (error) {
  say((error as Error).stack ?? String(error))
}
// What the soak has begun and is not waited for ends here too.
process.exit(good ? 0 : 1)
