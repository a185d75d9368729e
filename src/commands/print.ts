import { once } from 'node:events'
import { shorten, visible } from '../policy/quote.ts'

/** Text that is gathered before it is written, in characters: a call to the system for each line would cost more. */
const PIECE = 64 * 1_024

/** Longest line on standard error, in characters: a cause of several sentences, not a file's content. */
const LONGEST_LINE = 4_096

/** Writes a report to standard output, no faster than it is read. */
export async function print(pieces: Iterable<string>): Promise<void> {
  let gathered = ''
  for (const piece of pieces) {
    gathered += piece
    if (gathered.length < PIECE) continue
    if (!process.stdout.write(gathered)) await once(process.stdout, 'drain')
    gathered = ''
  }
  process.stdout.write(gathered)
}

/** Tells something on standard error, each line with the program's name before it. */
export function tell(text: string): void {
  for (const line of text.split('\n')) process.stderr.write(`refgrant: ${visible(shorten(line, LONGEST_LINE))}\n`)
}
