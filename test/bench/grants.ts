import path from 'node:path'
import { folderWith } from '../harness/folders.ts'
import { GeneratedCluster, grantOf, grantsOf } from '../harness/stand-ins/generated-cluster.ts'
import { GROUP } from '../harness/traffic/reviews.ts'
import { FROM, reviewOf, TO } from './bodies.ts'
import { compare } from './compare.ts'
import { type Figure, ratiosOf, spreadOf } from './figures.ts'
import { type Program, startBundle } from './programs.ts'

/** The grants besides the one that permits the reviews. */
const ALL = [0, 1_000, 100_000, 1_000_000]

/** More memory than ready with none, in MiB. */
const MEMORY: Readonly<Record<number, string>> = {
  100000: 'at most 60 above an empty server, aim 40',
  1000000: 'at most 400 above an empty server, aim 250',
}

/** A budget in which every refusal is confirmed by a fresh read. */
const UNLIMITED = JSON.stringify({
  apiVersion: 'refgrant.dev/v1alpha1',
  kind: 'Configuration',
  budgets: { eachNamespace: { burst: 100_000, perSecond: 100_000 } },
})

const spec = JSON.stringify({
  from: [{ group: GROUP, kind: 'HTTPRoute', namespace: FROM }],
  to: [{ group: '', kind: 'Service' }],
})

/** A stand-in for an API server that streams so many grants, one of which permits the reviews. */
export function clusterOf(count: number): Promise<GeneratedCluster> {
  const permits = grantOf(TO, 'permits', { spec })
  const other = (index: number) => grantOf(`team-${index % 1_000}`, `grant-${index}`)
  return GeneratedCluster.start({
    bookmarks: true,
    list: (namespace) =>
      grantsOf(namespace === 'elsewhere' ? [] : [permits], namespace === undefined ? count : 0, other),
  })
}

/** Measures the usual review and the memory with more grants, and a review that is refused after its confirming read. */
export async function grants(): Promise<Figure[]> {
  const clusters = await Promise.all(ALL.map(clusterOf))
  const programs: Program[] = []
  try {
    const config = ['--config', path.join(folderWith({ 'refgrant.yaml': UNLIMITED }), 'refgrant.yaml')]
    for (const cluster of clusters) programs.push(await startBundle([...cluster.grants, ...config]))
    const ready = programs.map((program) => program.resident())
    const [, ...filled] = programs
    const usual = await compare(programs, { row: 'permitted, by the number of grants', body: reviewOf({}) })
    const loaded = programs.map((program) => program.resident())
    const [, first] = usual
    const refused = {
      row: 'refused',
      body: reviewOf({ operation: 'CREATE', to: 'elsewhere' }),
      expected: '"allowed":false',
    }
    const [denied] = await compare(filled.slice(0, 1), refused)
    return [
      ...usual.map(({ microseconds }, at): Figure => {
        const value = ratiosOf(first?.microseconds ?? [], microseconds)
        const ratio = { of: `1,000 grants / ${numbered(ALL[at])}`, value }
        const limit = ALL[at] === 1_000_000 ? { limit: 'at least 0.95, aim 0.98' } : {}
        return { ...figure(`permitted, ${numbered(ALL[at])} grants`, 'CPU us', microseconds), ratio, ...limit }
      }),
      {
        ...figure('refused, 6 references, with its confirming read', 'CPU us', denied?.microseconds ?? []),
        ratio: { of: 'refused / permitted', value: ratiosOf(denied?.microseconds ?? [], first?.microseconds ?? []) },
        limit: 'at most 3, aim 2',
      },
      ...ALL.flatMap((size, at) => [
        { ...figure(`memory ready, ${numbered(size)} grants`, 'MiB', [ready[at] ?? 0]), ...limitOf(size) },
        figure(`memory after load, ${numbered(size)} grants`, 'MiB', [loaded[at] ?? 0]),
      ]),
    ]
  } finally {
    for (const program of programs) await program.stop()
    for (const cluster of clusters) cluster.close()
  }
}

const limitOf = (size: number) => (MEMORY[size] === undefined ? {} : { limit: MEMORY[size] })

const numbered = (size = 0) => size.toLocaleString('en')

function figure(row: string, unit: string, values: readonly number[]): Figure {
  return { row, program: 'refgrant', unit, value: spreadOf(values) }
}
