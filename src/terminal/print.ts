import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { EXIT, Failure } from '../system/failure.ts'
import { PROGRAM } from '../system/program.ts'
import { reasonOf } from '../system/reason.ts'
import { writeWhole } from '../system/whole-file.ts'
import { counted } from '../wording/counted.ts'
import { quote, shorten, visible } from '../wording/quote.ts'
import { clearProgress } from './progress.ts'

/** The text that is gathered before a write, in characters: a system call for each line would cost more. */
const PIECE = 64 * 1_024

/** The longest line on standard error, in characters: an error of several sentences, but not the content of a file. */
const LONGEST_LINE = 4_096

/** Whether the reader of standard output has closed it. */
let isClosed = false

/** Stops writing to standard output, since its reader has closed it. The command still sets its exit code. */
export function closeOutput(): void {
  isClosed = true
}

/** Writes a report to standard output, and waits while the reader is slower. */
export async function print(pieces: Iterable<string>): Promise<void> {
  let gathered = ''
  for (const piece of pieces) {
    gathered += piece
    if (gathered.length < PIECE) continue
    // cli.ts handles an error of the stream.
    if (!write(gathered)) await once(process.stdout, 'drain').catch(() => {})
    gathered = ''
  }
  write(gathered)
}

/**
 * Writes a report to a file, in place of what the file had: all of it or nothing.
 *
 * @throws Failure if it cannot be written
 */
export function printTo(file: string, pieces: Iterable<string>): void {
  try {
    writeWhole(file, [...pieces].join(''))
  } catch (error) {
    throw new Failure(`cannot write ${quote(file)}: ${reasonOf(error)}`, { cause: error })
  }
}

/**
 * Writes to standard output.
 *
 * @returns false if the caller must wait for the stream's `drain`
 * @throws Failure if standard output is a file that cannot be written; a pipe or a terminal emits `error` instead
 */
export function write(text: string): boolean {
  clearProgress()
  if (isClosed) return true
  if (process.stdout instanceof Socket) return process.stdout.write(text)
  try {
    // The stream of a file ignores that a full disk takes only a part of the text.
    writeFileSync(1, text)
    return true
  } catch (error) {
    throw outputFailure(error as NodeJS.ErrnoException)
  }
}

/** Returns the failure of a write to standard output, with the system's reason. */
export function outputFailure(error: NodeJS.ErrnoException): Failure {
  return new Failure(`cannot write to standard output: ${reasonOf(error)}`, { cause: error })
}

/** Writes lines to standard error, each after the name of the program. */
export function tell(text: string): void {
  clearProgress()
  for (const line of text.split('\n')) process.stderr.write(`${PROGRAM}: ${visible(shorten(line, LONGEST_LINE))}\n`)
}

/** The most notes on standard error, since there may be one for each folder. JSON reports have all of them. */
const NOTED = 20

/** Writes notes to standard error: what was left out or assumed. Does not change the exit code. */
export function tellNotes(lines: readonly string[]): void {
  for (const line of lines.slice(0, NOTED)) tell(`note: ${line}`)
  if (lines.length > NOTED) tell(`not shown: ${counted(lines.length - NOTED, 'more note')}`)
}

/** The most problems on standard error; the others are counted. A folder may hold any number of unreadable files. */
const TOLD = 1_000

/** Writes to standard error what could not be read. The command fails, since an unreadable file may hold anything. */
export function reportProblems(lines: readonly string[]): void {
  for (const line of lines.slice(0, TOLD)) tell(line)
  if (lines.length > TOLD) tell(`not shown: ${counted(lines.length - TOLD, 'more problem')}`)
  if (lines.length > 0) process.exitCode = EXIT.failed
}
