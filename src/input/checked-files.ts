import { type Config, coverageOf } from '../config/config.ts'
import type { CheckReport } from '../report/check.ts'
import { checkOf } from '../report/checked.ts'
import { type Asked, readInput } from './files.ts'
import { unknownToFiles } from './notes.ts'

/**
 * Reads and checks files.
 *
 * @param most the most findings of each kind in the report; the others are counted
 */
export async function checkFiles(asked: Asked, config: Config, most: number): Promise<CheckReport> {
  const coverage = coverageOf(config)
  const input = await readInput(asked, coverage, 'check')
  const notes = [...input.notes, ...unknownToFiles(config)]
  return checkOf({ ...input, notes }, coverage, new Set(config.exempt.namespaces), most)
}
