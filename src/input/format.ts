import { type FailOn, fails } from '../policy/fail-on.ts'
import type { CheckReport } from '../report/check.ts'
import type { Format } from '../report/formats/format.ts'
import { hashesOf, pathInRepository, repositoryRoot } from './repository.ts'

interface Wanted {
  readonly version: string
  readonly failOn: FailOn
  /** Whether the format has GitHub's hashes of lines, for which files are read again. */
  readonly hasHashes: boolean
}

/** Returns what a format needs beside the report. */
export async function formatFor(report: CheckReport, { version, failOn, hasHashes }: Wanted): Promise<Format> {
  const root = repositoryRoot()
  const places = hasHashes ? report.findings.flatMap(({ place }) => place ?? []) : []
  return {
    version,
    fails: (told) => fails(failOn, told),
    pathOf: (file) => pathInRepository(file, root),
    lineHash: await hashesOf(places),
  }
}
