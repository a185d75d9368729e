import { folderWith } from '../harness/folders.ts'
import { GROUP } from '../harness/traffic/reviews.ts'
import { FROM, reviewOf, TO } from './bodies.ts'
import { compare, figuresOf } from './compare.ts'
import { type Figure, spreadOf } from './figures.ts'
import { clusterOf } from './grants.ts'
import { type Program, startBundle, startFloor, startOthers } from './programs.ts'

const GRANTS = 1_000

/** The reviews of `make bench-full`, and what refgrant has to reach, as requests per CPU time of the other program. */
const ROWS = {
  usual: { row: 'permitted, 4.5 kB, 6 references', body: reviewOf({}) },
  small: { row: 'permitted CREATE, 1 kB, 1 reference', body: reviewOf({ operation: 'CREATE', references: 1 }) },
  inside: { row: 'nothing crosses, 4.5 kB', body: reviewOf({ to: FROM }), expected: '"allowed":true' },
  large: { row: 'permitted, 200 kB, 6 references', body: reviewOf({ annotation: 98_000 }) },
  huge: { row: 'permitted, 2 MB, 6 references', body: reviewOf({ annotation: 1_000_000 }) },
  many: { row: 'permitted, 256 references', body: reviewOf({ references: 256, each: 16 }) },
  most: { row: 'permitted, 4,608 references', body: reviewOf({ references: 4_608, each: 16 }) },
}

const LIMITS: Partial<Record<keyof typeof ROWS, Readonly<Record<string, string>>>> = {
  usual: {
    'bare node:https': 'at least 0.68, aim 0.75',
    'bare Fastify': 'at least 0.75, aim 0.83',
    'Go, controller-runtime': 'at least 2.0, aim 2.3',
    OPA: 'at least 3.5',
    Pepr: 'at least 2.2',
  },
  large: { 'bare node:https': 'at least 0.85, aim 0.92' },
  huge: { 'bare node:https': 'at least 0.85, aim 0.92' },
  many: { 'bare node:https': 'at least 0.55, aim 0.65' },
}

/** Measures reviews, and the memory before and after the usual one. */
export async function reviews(full: boolean): Promise<Figure[]> {
  // As in the image, from a cluster: files are parsed as YAML, which takes memory.
  const cluster = await clusterOf(GRANTS)
  const others = await startOthers(GRANTS)
  const programs = [await startFloor('node'), await startFloor('fastify'), await startBundle(cluster.grants), ...others]
  const figures: Figure[] = []
  try {
    const ready = programs.map((program) => program.resident())
    for (const [name, row] of Object.entries(ROWS)) {
      if (name !== 'usual' && !full) continue
      figures.push(...figuresOf(row.row, await compare(programs, row), LIMITS[name as keyof typeof ROWS] ?? {}))
      if (name === 'usual') figures.push(...memory(programs, ready))
    }
  } finally {
    for (const program of programs) await program.stop()
    cluster.close()
  }
  return figures
}

function memory(programs: readonly Program[], ready: readonly number[]): Figure[] {
  const [floor] = programs
  const loaded = programs.map((program) => program.resident())
  const limits = { ready: 'at most the floor + 40, aim + 25', 'after load': 'at most the floor + 60, aim + 35' }
  return Object.entries({ ready, 'after load': loaded }).flatMap(([when, sizes]) =>
    programs.map(({ name }, at) => ({
      ...{ row: `memory ${when}, ${GRANTS} grants`, program: name, unit: 'MiB', value: spreadOf([sizes[at] ?? 0]) },
      ...(name === 'refgrant' && { limit: `${limits[when as keyof typeof limits]}: ${floorOf(floor, sizes)}` }),
    })),
  )
}

const floorOf = (floor: Program | undefined, [size = 0]: readonly number[]) =>
  `${floor?.name} has ${Math.round(size)} MiB`

/** A folder with so many grants, one of which permits the reviews: in a thousand namespaces, as the other programs have them. */
export function folderOf(count: number): string {
  const grant = (name: string, namespace: string, from: string) => ({
    ...{ apiVersion: `${GROUP}/v1`, kind: 'ReferenceGrant', metadata: { name, namespace } },
    spec: { from: [{ group: GROUP, kind: 'HTTPRoute', namespace: from }], to: [{ group: '', kind: 'Service' }] },
  })
  const grants = Array.from({ length: count }, (_, at) => grant(`grant-${at}`, `backend-${at % 1_000}`, `app-${at}`))
  const texts = [grant('permits', TO, FROM), ...grants].map((one) => JSON.stringify(one))
  return folderWith({ 'grants.yaml': texts.join('\n---\n') })
}
