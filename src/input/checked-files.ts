import type { ConnectionChoice } from '../cluster/connection.ts'
import { type Config, coverageOf } from '../config/config.ts'
import type { Tool } from '../policy/apply-order.ts'
import type { CheckReport } from '../report/check.ts'
import { checkOf } from '../report/checked.ts'
import { showStep } from '../terminal/progress.ts'
import { counted } from '../wording/counted.ts'
import { type Asked, readInput } from './files.ts'
import { liveGrants } from './live-grants.ts'
import { unknownToFiles } from './notes.ts'

interface Wanted {
  /** The most findings of each kind in the report; the others are counted. */
  readonly most: number
  /** The tool whose order of writes is judged. */
  readonly tool?: Tool | undefined
  /** The cluster whose grants count, too. */
  readonly live?: ConnectionChoice | undefined
}

/**
 * Reads and checks files.
 *
 * @throws Failure if the cluster cannot be read
 */
export async function checkFiles(asked: Asked, config: Config, { most, tool, live }: Wanted): Promise<CheckReport> {
  const coverage = coverageOf(config)
  const input = await readInput(asked, coverage, 'check')
  const read = live && (await liveGrants(input.objects, coverage, live))
  const checked = {
    ...input,
    // A grant of the files replaces one of the cluster with its name.
    grants: [...(read?.grants ?? []), ...input.grants],
    candidates: [...(read?.candidates ?? []), ...input.candidates],
    notes: [...input.notes, ...unknownToFiles(config), ...(read?.unread ?? [])],
    unknown: read?.unknown,
    tool,
  }
  showStep(`judging ${counted(input.objects.length, 'object')}`)
  return checkOf(checked, coverage, new Set(config.exempt.namespaces), most)
}
