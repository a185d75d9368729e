import { type Figure, ratiosOf, roundsOf, spreadOf, tell } from './figures.ts'
import { load } from './load.ts'
import type { Program } from './programs.ts'

/** The rounds; in each, all programs are measured one after another. */
const ROUNDS = roundsOf(9)

/** The CPU time of one measurement, and of the load before the first, in s: V8 optimizes what runs often. */
const MEASURED = 0.4
const WARM_UP = 2

/** The requests after which the load before the first measurement looks at the CPU time. */
const LOOK = 200

/** A review that programs answer. */
export interface Row {
  readonly row: string
  readonly body: string
  /** What each answer has; default: that the review is allowed. */
  readonly expected?: string
}

/** The CPU time of a request, in us, and the requests per second, in each round. */
export interface Measured {
  readonly program: Program
  /** The requests of each round. */
  readonly requests: number
  readonly microseconds: number[]
  readonly rates: number[]
}

/** Measures what programs need for one review, in turns. */
export async function compare(programs: readonly Program[], { row, body, expected }: Row): Promise<Measured[]> {
  const all: Measured[] = []
  const answers = { expected: expected ?? '"allowed":true' }
  for (const program of programs) {
    tell(`${row}: warming up ${program.name}`)
    let last = { requests: 0, cpu: 0 }
    for (let used = 0; used < WARM_UP; used += last.cpu)
      last = await load(program, body, { ...answers, requests: LOOK })
    const requests = Math.ceil((MEASURED * last.requests) / last.cpu)
    all.push({ program, requests, microseconds: [], rates: [] })
  }
  for (let round = 1; round <= ROUNDS; round += 1)
    for (const { program, requests, microseconds, rates } of all) {
      tell(`${row}: round ${round} of ${ROUNDS}, ${program.name}`)
      const { seconds, cpu } = await load(program, body, { ...answers, requests })
      microseconds.push((cpu / requests) * 1e6)
      rates.push(requests / seconds)
    }
  return all
}

/**
 * Returns the figures of a comparison: the CPU time of each program, and how often refgrant answers in the CPU time that
 * each other program needs.
 *
 * @param limits by the name of the other program
 */
export function figuresOf(row: string, all: readonly Measured[], limits: Readonly<Record<string, string>>): Figure[] {
  const own = all.find(({ program }) => program.name === 'refgrant')?.microseconds ?? []
  return all.map(({ program, microseconds }) => {
    const figure = { row, program: program.name, unit: 'CPU us', value: spreadOf(microseconds) }
    if (program.name === 'refgrant') return figure
    const limit = limits[program.name]
    const ratio = { of: `${program.name} / refgrant`, value: ratiosOf(microseconds, own) }
    return { ...figure, ratio, ...(limit && { limit }) }
  })
}
