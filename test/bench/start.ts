import { execFileSync } from 'node:child_process'
import { type Figure, ratiosOf, roundsOf, spreadOf, tell } from './figures.ts'
import { startBundle } from './programs.ts'

const ROUNDS = roundsOf(5)

/** The starts of a bare Node that one measurement counts, since one takes only a few clock ticks. */
const BARE = 5

/** Measures the CPU time of refgrant until it is ready, in multiples of a bare start of Node. */
export async function start(row: string, grants: readonly string[]): Promise<Figure[]> {
  const own: number[] = []
  const bare: number[] = []
  const begun: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    tell(`start, round ${round + 1} of ${ROUNDS}`)
    bare.push(bareStart())
    const before = performance.now()
    const program = await startBundle(grants)
    begun.push(performance.now() - before)
    own.push(program.cpu() * 1_000)
    await program.stop()
  }
  const ratio = { of: 'refgrant / node -e 0', value: ratiosOf(own, bare) }
  return [
    { row, program: 'node -e 0', unit: 'CPU ms', value: spreadOf(bare) },
    { row, program: 'refgrant', unit: 'CPU ms', value: spreadOf(own), ratio, limit: 'at most 10, aim 6' },
    { row, program: 'refgrant', unit: 'ms until ready', value: spreadOf(begun) },
  ]
}

/** Returns the CPU time of a Node that does nothing, in ms. */
function bareStart(): number {
  const starts = `for run in $(seq ${BARE}); do "${process.execPath}" -e 0; done; times`
  const times = execFileSync('sh', ['-c', starts], { encoding: 'utf8' }).trim().split('\n')[1] ?? ''
  const seconds = [...times.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  )
  return (seconds.reduce((sum, one) => sum + one, 0) / BARE) * 1_000
}
