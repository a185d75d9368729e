import type { Severity } from '../../policy/finding-codes.ts'
import { counted } from '../../wording/counted.ts'
import type { CheckReport } from '../check.ts'
import { type Told, toldOf } from '../told.ts'

/** What the formats for pipelines need beside the report. */
export interface Format {
  /** The version of refgrant. */
  readonly version: string
  /** Whether a finding makes the command fail. */
  readonly fails: (told: Told) => boolean
  /** Returns the path of a file as the pipeline knows it: from the root of the repository. */
  readonly pathOf: (file: string) => string
  /** Returns GitHub's hash of a line; undefined if the text of the file is not known any more. */
  readonly lineHash: (file: string, line: number) => string | undefined
}

const ORDER: Record<Severity, number> = { error: 0, warning: 1, note: 2 }

/** Returns the findings of a report, errors first, since services show only the first ones. */
export function errorsFirst({ findings }: CheckReport): Told[] {
  return findings.map(toldOf).sort((a, b) => ORDER[a.severity] - ORDER[b.severity])
}

/** The columns and lines of a finding; the beginning of the file if it has no place. */
export function spanOf({ line = 1, column = 1, endLine = line, endColumn = column + 1 }: Told) {
  return { line, column, endLine, endColumn }
}

/** Returns `2 errors, 1 warning, 0 notes`. */
export function countsOf({ counts: { error, warning, note } }: CheckReport): string {
  return `${counted(error, 'error')}, ${counted(warning, 'warning')}, ${counted(note, 'note')}`
}
