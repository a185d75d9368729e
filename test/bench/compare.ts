import { type Figure, ratiosOf, spreadOf, tell } from './figures.ts'
import { type Load, load } from './load.ts'
import type { Program } from './programs.ts'

/** The rounds; in each, all programs are measured one after another. */
const ROUNDS = 9

/** The time of one measurement, and of the load before the first, in s. */
const MEASURED = 0.8
const WARM_UP = 2

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
  readonly microseconds: number[]
  readonly rates: number[]
}

/** Measures what programs need for one review, in turns. */
export async function compare(programs: readonly Program[], { row, body, expected }: Row): Promise<Measured[]> {
  const options = { seconds: MEASURED, expected: expected ?? '"allowed":true' }
  const all = programs.map((program): Measured => ({ program, microseconds: [], rates: [] }))
  for (const { program } of all) {
    tell(`${row}: warming up ${program.name}`)
    await load(program, body, { ...options, seconds: WARM_UP })
  }
  for (let round = 1; round <= ROUNDS; round += 1)
    for (const { program, microseconds, rates } of all) {
      tell(`${row}: round ${round} of ${ROUNDS}, ${program.name}`)
      const before = program.cpu()
      const { requests, seconds }: Load = await load(program, body, options)
      microseconds.push(((program.cpu() - before) / requests) * 1e6)
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
