import type { FileProblem } from '../files/object-files.ts'
import { EXIT } from './failure.ts'

/** Tells what could not be read. The rest was done, but the command has failed: a broken file may hold anything. */
export function reportProblems(problems: readonly FileProblem[]): void {
  for (const { place, message } of problems) process.stderr.write(`refgrant: ${place}: ${message}\n`)
  if (problems.length > 0) process.exitCode = EXIT.failed
}
