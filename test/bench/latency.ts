import { reviewOf } from './bodies.ts'
import { type Figure, ratiosOf, roundsOf, spreadOf, tell } from './figures.ts'
import { load } from './load.ts'
import { startBundle, startFloor } from './programs.ts'
import { folderOf } from './reviews.ts'

const ROUNDS = roundsOf(5)
const EXPECTED = { expected: '"allowed":true' }

/** The requests before the first measurement, and those of one. */
const WARM_UP = 20_000
const MEASURED = 10_000

/** Measures the time of reviews on the clock, at half of the rate that refgrant reaches. */
export async function latency(): Promise<Figure[]> {
  const programs = [await startFloor('node'), await startBundle(['--grants', folderOf(1_000)])]
  const body = reviewOf({})
  const times = programs.map(() => ({ half: [] as number[], all: [] as number[] }))
  try {
    let rate = 0
    for (const program of programs) {
      tell(`latency: warming up ${program.name}`)
      const { requests, seconds } = await load(program, body, { ...EXPECTED, requests: WARM_UP })
      rate = requests / seconds / 2
    }
    for (let round = 1; round <= ROUNDS; round += 1)
      for (const [at, program] of programs.entries()) {
        tell(`latency: round ${round} of ${ROUNDS}, ${program.name}, ${Math.round(rate)} reviews a second`)
        const measured = await load(program, body, { ...EXPECTED, requests: MEASURED, rate })
        times[at]?.half.push(measured.times[Math.floor(MEASURED / 2)] ?? Number.NaN)
        times[at]?.all.push(measured.times[Math.floor(MEASURED * 0.99)] ?? Number.NaN)
      }
  } finally {
    for (const program of programs) await program.stop()
  }
  return (['half', 'all'] as const).flatMap((part) =>
    programs.map(({ name }, at): Figure => {
      const values = times[at]?.[part] ?? []
      const row = `time of a review at half of the rate, ${part === 'half' ? 'p50' : 'p99'}`
      const figure = { row, program: name, unit: 'ms', value: spreadOf(values) }
      if (name !== 'refgrant') return figure
      const ratio = { of: 'refgrant / bare node:https', value: ratiosOf(values, times[0]?.[part] ?? []) }
      return { ...figure, ratio, ...(part === 'all' && { limit: 'at most 1.5, aim 1.2' }) }
    }),
  )
}
