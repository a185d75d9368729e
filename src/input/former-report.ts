import { type Former, formerIn } from '../report/since.ts'
import { Failure } from '../system/failure.ts'
import { PROGRAM } from '../system/program.ts'
import { bare } from '../wording/quote.ts'
import { namedText } from './named-text.ts'

/**
 * Reads a former report of an audit.
 *
 * @throws Failure if the file cannot be read, or is not such a report
 */
export async function formerReport(file: string): Promise<Former> {
  const former = formerIn(await namedText(file))
  if (former) return former
  throw new Failure(
    `${bare(file)} is not a report of an audit: write one with ${PROGRAM} audit --output json, without --unused and --broad`,
  )
}
