import { execFileSync } from 'node:child_process'
import { imageOptions } from '../harness/program/image-options.ts'
import { cluster } from './cluster.ts'
import { commandLine } from './command-line.ts'
import { type Figure, report } from './figures.ts'
import { grantIndex } from './grant-index.ts'
import { grants } from './grants.ts'
import { latency } from './latency.ts'
import { relist } from './relist.ts'
import { folderOf, reviews } from './reviews.ts'
import { start } from './start.ts'

/**
 * Measures the bundle beside what it rests on: a table for each row, and dist/bench.json. See docs/performance.md.
 *
 *     [ROUNDS=N] node test/bench/bench.ts [--full] [ROW...]
 */

/** The processor of the load; programs have another. */
const PROCESSOR = '1'

/** What `make bench` measures, and what `make bench-full` adds. */
const rows: Record<string, (full: boolean) => Promise<Figure[]>> = {
  reviews,
  start: () => start('start, 1 grant from a folder', ['--grants', folderOf(0)]),
}
const more: typeof rows = { latency, grants, index: grantIndex, relist, 'command-line': commandLine, cluster }

const asked = process.argv.slice(2)
const full = asked.includes('--full')
const names = asked.filter((word) => word !== '--full')
execFileSync('taskset', ['-cp', PROCESSOR, String(process.pid)], { stdio: 'ignore' })
const figures: Figure[] = []
const options = imageOptions()
process.stdout.write(`refgrant runs as: node ${options.join(' ')} dist/refgrant.js serve\n\n`)
for (const [name, measure] of Object.entries(full || names.length > 0 ? { ...rows, ...more } : rows)) {
  if (names.length > 0 && !names.includes(name)) continue
  try {
    const measured = await measure(full)
    figures.push(...measured)
    report(measured, figures, { options })
  } catch (error) {
    // The other rows take minutes, and are worth a report.
    console.error(`${name}: not measured:`, error)
    process.exitCode = 1
  }
}
