import path from 'node:path'
import { coverageOf } from '../../../src/config/config.ts'
import { readConfig } from '../../../src/config/read.ts'
import { readInput } from '../../../src/input/files.ts'
import type { CheckReport } from '../../../src/report/check.ts'
import { checkOf } from '../../../src/report/checked.ts'
import type { Format } from '../../../src/report/formats/format.ts'
import { WRITERS } from '../../../src/report/formats/writers.ts'
import { folderWith } from '../folders.ts'

/**
 * Returns what `refgrant check` finds in these files.
 *
 * @param most the most findings of each kind that the report shows
 */
export async function reportOf(
  files: Record<string, string>,
  configuration?: string,
  most?: number,
): Promise<CheckReport> {
  const config = readConfig(configuration)
  const coverage = coverageOf(config)
  const folder = folderWith(files)
  const paths = Object.keys(files).map((file) => path.join(folder, file))
  const report = checkOf(
    await readInput({ paths, exclude: [] }, coverage, 'check'),
    coverage,
    new Set(config.exempt.namespaces),
    most,
  )
  for (const { place } of report.findings) if (place) Object.assign(place, { file: path.relative(folder, place.file) })
  return report
}

/** Returns a report in a format, as one text. */
export function printed(report: CheckReport, name: keyof typeof WRITERS, format: Partial<Format> = {}): string {
  const whole: Format = {
    version: '1.2.3',
    fails: ({ severity }) => severity === 'error',
    pathOf: (file) => file,
    lineHash: () => undefined,
    ...format,
  }
  return Array.from<string>(WRITERS[name](report, whole)).join('')
}
