import type { FileProblem } from '../files/object-files.ts'
import { bare, visible } from '../policy/quote.ts'
import { EXIT } from '../system/failure.ts'
import { tell } from './print.ts'

/** Problems that are told; the others are counted. A folder may hold any number of files that cannot be read. */
const TOLD = 1_000

/** A file that cannot be read, in one line. */
export function problemLine({ place, message }: FileProblem): string {
  return `${bare(place)}: ${visible(message)}`
}

/** Notes that are told; there may be one for each folder. The JSON reports have all. */
const NOTED = 20

/** Tells what was left out or assumed; it changes nothing of how the command ends. */
export function tellNotes(lines: readonly string[]): void {
  for (const line of lines.slice(0, NOTED)) tell(`note: ${line}`)
  if (lines.length > NOTED) tell(`and ${lines.length - NOTED} more notes`)
}

/** Tells what could not be read. The rest was done, but the command has failed: a broken file may hold anything. */
export function reportProblems(lines: readonly string[]): void {
  for (const line of lines.slice(0, TOLD)) tell(line)
  if (lines.length > TOLD) tell(`and ${lines.length - TOLD} more that could not be read`)
  if (lines.length > 0) process.exitCode = EXIT.failed
}
