import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Grant, parseGrant } from '../../src/policy/grant.ts'
import { GrantIndex } from '../../src/policy/grant-index.ts'
import { grantOf } from '../harness/stand-ins/generated-cluster.ts'
import { GROUP } from '../harness/traffic/reviews.ts'
import { type Figure, ratiosOf, roundsOf, spreadOf, tell } from './figures.ts'

const GRANTS = 100_000
const NAMESPACES = 1_000
const ROUNDS = roundsOf(5)

/** Measures the work of the index for each grant, in multiples of `JSON.parse` of the grant. */
export async function grantIndex(): Promise<Figure[]> {
  const texts = Array.from({ length: GRANTS }, (_, at) => grantOf(`team-${at % NAMESPACES}`, `grant-${at}`))
  const times: Record<string, number[]> = { parse: [], set: [], 'set again': [], 'look-up': [], sweep: [], delete: [] }
  for (let round = 0; round < ROUNDS; round += 1) {
    tell(`index, round ${round + 1} of ${ROUNDS}`)
    const index = new GrantIndex()
    const of = (step: string, work: (at: number) => void) => times[step]?.push(timeOfEach(work))
    of('parse', (at) => JSON.parse(texts[at] as string))
    const grants = texts.map((text) => parseGrant(JSON.parse(text)) as Grant)
    const from = { group: GROUP, kind: 'HTTPRoute', namespace: 'shop' }
    const target = [{ group: '', kind: 'Service', name: 'payments' }]
    of('set', (at) => index.set(grants[at] as Grant))
    index.beginList()
    of('set again', (at) => index.set(grants[at] as Grant))
    of('sweep', (at) => at === 0 && [...index.sweep()])
    of('look-up', (at) => index.permitting(from, `team-${at % NAMESPACES}`, target))
    of('delete', (at) => index.delete(grants[at] as Grant))
  }
  const size = spreadOf([bytesOfEach(texts)])
  const row = `index of ${GRANTS.toLocaleString('en')} grants: memory`
  const memory: Figure = { row, program: 'refgrant', unit: 'bytes each', value: size }
  const steps = Object.entries(times).map(([step, values]) => ({
    ...{ row: `index of ${GRANTS.toLocaleString('en')} grants: ${step}`, program: 'refgrant', unit: 'CPU us each' },
    value: spreadOf(values),
    ...(step !== 'parse' && { ratio: { of: `${step} / JSON.parse`, value: ratiosOf(values, times.parse ?? []) } }),
  }))
  return [...steps, memory]
}

/** Returns what the index holds for one grant after a garbage collection, in bytes. */
function bytesOfEach(texts: readonly string[]): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const index = new GrantIndex()
  collect()
  const before = process.memoryUsage().heapUsed
  for (const text of texts) index.set(parseGrant(JSON.parse(text)) as Grant)
  collect()
  return (process.memoryUsage().heapUsed - before) / index.size
}

/** Returns the CPU time for one grant, in us. */
function timeOfEach(work: (at: number) => void): number {
  const before = process.cpuUsage()
  for (let at = 0; at < GRANTS; at += 1) work(at)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / GRANTS
}
