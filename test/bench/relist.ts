import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { MemoryCgroup } from '../harness/program/memory-cgroup.ts'
import { content, GeneratedCluster, grantOf } from '../harness/stand-ins/generated-cluster.ts'
import { type Figure, spreadOf, tell } from './figures.ts'
import { type Bundle, startBundle } from './programs.ts'

/** The limits of memory that are tried for each number of grants, in MiB. */
const STEPS: Readonly<Record<number, readonly number[]>> = {
  0: [48, 64, 80, 96, 128, 160],
  1000: [48, 64, 80, 96, 128, 160],
  100000: [96, 128, 160, 192, 224, 256, 320],
  1000000: [1_024, 1_536, 2_048, 3_072],
}

/** With so many grants, a list takes a minute on a busy machine. */
const MANY = 1_000_000

/** The limit of the chart, in MiB: docs/performance.md names what it holds. */
const CHART = 256

/** How long a start and a list in little memory may take, in ms. */
const PATIENCE = 600_000

/** How often the bundle is asked whether it has listed, in ms. */
const LOOK = 20

/** A watch that cannot be resumed, so that a list follows. */
const GONE = '{"type":"ERROR","object":{"kind":"Status","metadata":{},"code":410,"message":"too old"}}\n'

const PRELOAD = path.join(import.meta.dirname, 'slices.mjs')

const plain = (index: number) => grantOf(`team-${index % 1_000}`, `grant-${index}`)

/**
 * Measures another list of all grants while the bundle runs: its CPU time, the longest slice of it, and the memory; and the
 * smallest limit of a container in which the bundle starts, gets ready and lists again.
 */
export async function relist(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const size of Object.keys(STEPS).map(Number)) {
    const cluster = await GeneratedCluster.start(content(size, plain))
    try {
      if (size > 0) figures.push(...(await listed(cluster, size)))
      if (size > 0 && size < MANY) figures.push(await longestSlice(cluster, size))
      figures.push(await limitFor(cluster, size))
    } finally {
      cluster.close()
    }
  }
  return figures
}

async function listed(cluster: GeneratedCluster, size: number): Promise<Figure[]> {
  tell(`relist of ${numbered(size)} grants`)
  const program = await startBundle(cluster.grants)
  const before = program.cpu()
  await listAgain(cluster, program)
  const [cpu, resident] = [program.cpu() - before, program.resident()]
  await program.stop()
  return [
    figure('list of all again', 'CPU us per grant', size, (cpu / size) * 1e6),
    figure('memory after a list', 'MiB', size, resident),
  ]
}

async function longestSlice(cluster: GeneratedCluster, size: number): Promise<Figure> {
  const program = await startBundle(cluster.grants, { nodeOptions: ['--import', PRELOAD] })
  // V8 compiles what runs for the first time, so the second list is measured.
  await listAgain(cluster, program)
  process.kill(program.pid, 'SIGUSR2')
  await program.line(({ signal }) => signal === 1)
  await listAgain(cluster, program)
  process.kill(program.pid, 'SIGUSR2')
  const { longest } = await program.line(({ signal }) => signal === 2)
  await program.stop()
  return { ...figure('longest slice of a list', 'CPU ms', size, Number(longest)), limit: 'at most 30' }
}

const figure = (row: string, unit: string, size: number, value: number): Figure => ({
  ...{ row: `${row}, ${numbered(size)} grants`, program: 'refgrant', unit, value: spreadOf([value]) },
})

/** Ends the watch, so that the bundle lists again; resolves when it has. */
async function listAgain(cluster: GeneratedCluster, program: Bundle): Promise<void> {
  const deadline = performance.now() + PATIENCE
  const lists = async () => {
    const count = await program.metric('refgrant_lists_total')
    if (count === undefined) throw new Error('refgrant ended during a list')
    return count
  }
  const before = await lists()
  const begun = cluster.asked('limit=')
  const { content } = cluster
  cluster.content = { ...content, watch: () => [GONE] }
  cluster.endWatches()
  while ((await lists()) === before) {
    if (cluster.asked('limit=') > begun) cluster.content = content
    if (performance.now() > deadline) throw new Error('refgrant did not list again')
    await wait(LOOK)
  }
  cluster.content = content
}

async function limitFor(cluster: GeneratedCluster, size: number): Promise<Figure> {
  const row = `limit of the container, ${numbered(size)} grants`
  for (const step of STEPS[size] ?? []) {
    tell(`${row}: ${step} MiB`)
    const group = MemoryCgroup.create(step * 1024 * 1024)
    try {
      if (!(await fits(cluster, group))) continue
      const limit = size === 100_000 ? { limit: `at most ${CHART}, that of the chart` } : {}
      return { row, program: 'refgrant', unit: 'MiB', value: spreadOf([step]), ...limit }
    } finally {
      await group.remove()
    }
  }
  return { row: `${row}: not enough`, program: 'refgrant', unit: 'MiB', value: spreadOf(STEPS[size] ?? []) }
}

async function fits(cluster: GeneratedCluster, group: MemoryCgroup): Promise<boolean> {
  let program: Bundle | undefined
  try {
    program = await startBundle(cluster.grants, { wrapper: group.wrapper, patience: PATIENCE })
    await listAgain(cluster, program)
    return (await program.metric('refgrant_incomplete_namespaces')) === 0
  } catch {
    return false
  } finally {
    await program?.stop()
  }
}

const numbered = (size: number) => size.toLocaleString('en')
