import { statSync } from 'node:fs'
import path from 'node:path'
import { STDIN } from '../files/text.ts'
import { Failure } from '../system/failure.ts'
import { identityOf } from '../system/file-identity.ts'
import { quote } from '../wording/quote.ts'

/**
 * Refuses to write a file that the command reads. Call it before anything is written.
 *
 * @throws Failure if a file that is written is one that is read, by whatever name or link
 */
export function refuseOverwriting(written: readonly string[], read: readonly (string | undefined)[]): void {
  const existing = new Map(written.filter(isFile).map((file) => [identityOf(file), file]))
  if (existing.size === 0) return
  for (const file of read) {
    if (file === undefined) continue
    // Standard input may be a file, too: `check - < route.yaml`.
    const one = existing.get(identityOf(file === STDIN ? '/dev/stdin' : file))
    if (one === undefined) continue
    const title = path.normalize(one) === path.normalize(file) ? quote(one) : `${quote(one)}, which is ${quote(file)}`
    throw new Failure(`cannot write ${title}: the command reads this file: write the report to another one`)
  }
}

/** Whether a write would replace what a file holds: a terminal or a pipe may be read and written. */
function isFile(file: string): boolean {
  try {
    return statSync(file).isFile()
  } catch {
    return false
  }
}
