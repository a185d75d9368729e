import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { EXIT, Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { shorten, visible } from '../wording/quote.ts'

/** Text that is gathered before it is written, in characters: a call to the system for each line would cost more. */
const PIECE = 64 * 1_024

/** Longest line on standard error, in characters: a cause of several sentences, not a file's content. */
const LONGEST_LINE = 4_096

/** Whether nobody reads standard output any more. */
let isClosed = false

/** Writes no more to standard output, as its reader has read enough; what the command finds still decides how it ends. */
export function closeOutput(): void {
  isClosed = true
}

/** Writes a report to standard output, no faster than it is read. */
export async function print(pieces: Iterable<string>): Promise<void> {
  let gathered = ''
  for (const piece of pieces) {
    gathered += piece
    if (gathered.length < PIECE) continue
    // An error is told where the stream is listened to.
    if (!write(gathered)) await once(process.stdout, 'drain').catch(() => {})
    gathered = ''
  }
  write(gathered)
}

/**
 * Writes to standard output.
 *
 * @returns false if the reader has to catch up first, which the stream's `drain` tells
 * @throws Failure if it is a file that cannot be written; a pipe or a terminal tells that by the stream's `error`
 */
export function write(text: string): boolean {
  if (isClosed) return true
  if (process.stdout instanceof Socket) return process.stdout.write(text)
  try {
    // The stream of a file would take a part for the whole, which is what a disk takes that becomes full.
    writeFileSync(1, text)
    return true
  } catch (error) {
    throw outputFailure(error as NodeJS.ErrnoException)
  }
}

/** Says that standard output cannot be written, and the system's reason. */
export function outputFailure(error: NodeJS.ErrnoException): Failure {
  return new Failure(`cannot write to standard output: ${reasonOf(error)}`, { cause: error })
}

/** Tells something on standard error, each line with the program's name before it. */
export function tell(text: string): void {
  for (const line of text.split('\n')) process.stderr.write(`refgrant: ${visible(shorten(line, LONGEST_LINE))}\n`)
}

/** Notes that are told; there may be one for each folder. The JSON reports have all. */
const NOTED = 20

/** Tells what was left out or assumed; it changes nothing of how the command ends. */
export function tellNotes(lines: readonly string[]): void {
  for (const line of lines.slice(0, NOTED)) tell(`note: ${line}`)
  if (lines.length > NOTED) tell(`and ${lines.length - NOTED} more notes`)
}

/** Problems that are told; the others are counted. A folder may hold any number of files that cannot be read. */
const TOLD = 1_000

/** Tells what could not be read. The rest was done, but the command has failed: a broken file may hold anything. */
export function reportProblems(lines: readonly string[]): void {
  for (const line of lines.slice(0, TOLD)) tell(line)
  if (lines.length > TOLD) tell(`and ${lines.length - TOLD} more that could not be read`)
  if (lines.length > 0) process.exitCode = EXIT.failed
}
