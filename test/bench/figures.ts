import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'

/** The smallest, the middle and the largest of several measurements. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

/** One line of the result. */
export interface Figure {
  /** What was measured, such as `permitted review of 4.5 kB`. */
  readonly row: string
  readonly program: string
  readonly unit: string
  readonly value: Spread
  /** The same in multiples of another program, each from measurements that follow one another. */
  readonly ratio?: { readonly of: string; readonly value: Spread }
  /** The limit of the ratio, or of the value if there is no ratio, that this project sets itself. */
  readonly limit?: string
}

/** The rounds of a measurement: as many as is usual, or fewer if ROUNDS says so. */
export function roundsOf(usual: number): number {
  return Math.min(usual, Number(process.env.ROUNDS ?? usual))
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.round((sorted.length - 1) * part)] ?? Number.NaN
  return { min: at(0), median: at(0.5), max: at(1) }
}

/** Returns the smallest time, and in place of the middle and the largest, the 50th and the 99th percentile. */
export function percentilesOf(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b)
  const [min = Number.NaN, median = Number.NaN, max = Number.NaN] = [0, 0.5, 0.99].map(
    (part) => sorted[Math.floor(sorted.length * part)],
  )
  return { min, median, max }
}

/** Returns the ratios of two lists, pair by pair. */
export function ratiosOf(values: readonly number[], to: readonly number[]): Spread {
  return spreadOf(values.map((value, at) => value / (to[at] ?? Number.NaN)))
}

const COLUMNS = ['', 'program', 'min', 'median', 'max', 'unit', 'ratio: min', 'median', 'max', 'of', 'limit']

/** Prints the figures of some rows as a table, and writes those of all rows so far to dist/bench.json. */
export function report(figures: readonly Figure[], all: readonly Figure[], conditions: Record<string, unknown>): void {
  mkdirSync('dist', { recursive: true })
  const machine = { node: process.versions.node, processor: os.cpus()[0]?.model, processors: os.cpus().length }
  const load = os.loadavg()[0]?.toFixed(1)
  const document = { version: 1, measured: new Date().toISOString(), ...machine, load, ...conditions, figures: all }
  writeFileSync('dist/bench.json', `${JSON.stringify(document, null, 2)}\n`)
  const rows = figures.map(({ row, program, unit, value, ratio, limit = '' }) => [
    ...[row, program, ...written(value), unit],
    ...(ratio ? [...written(ratio.value), ratio.of] : ['', '', '', '']),
    limit,
  ])
  const table = [COLUMNS, COLUMNS.map(() => '---'), ...rows]
  process.stdout.write(`${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n\n`)
}

function written({ min, median, max }: Spread): string[] {
  return [min, median, max].map((value) => String(Number(value.toPrecision(3))))
}

/** Says on a terminal what is being measured. */
export function tell(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`)
}
