import { limitsOf } from '../config/config.ts'
import { GrantFolder } from '../files/grant-folder.ts'
import { Failure } from '../system/failure.ts'
import { counted } from '../wording/counted.ts'
import { quote } from '../wording/quote.ts'
import { registration } from './drift-watch.ts'
import { type GrantSupply, type SupplyContext, syncedOnce } from './grant-supply.ts'
import { folderMetrics, knowledgeMetrics } from './metrics/knowledge.ts'
import { Periodic } from './periodic.ts'
import type { Task } from './task.ts'

/** How often to look at the folder, in ms: a grant that was removed must not permit for long. */
const LOOK = 1_000

/**
 * Returns the grants of a folder, without a cluster.
 *
 * @throws Failure if the folder cannot be read
 */
export async function folderGrants(folder: string, { live, logger, registry }: SupplyContext): Promise<GrantSupply> {
  const { knowledgeAge } = limitsOf(live.config)
  const { grantKinds: kinds } = live.settings.coverage
  const options = { folder, kinds, logger, now: () => performance.now(), knowledgeAge }
  const source = await GrantFolder.open(options).catch((cause) => {
    throw new Failure(`the folder of grants ${quote(folder)} ${cause.message} (--grants)`, { cause })
  })
  const knowledge = () => {
    const { grants, age, unreadable } = source
    const lacking = unreadable > 0 ? counted(unreadable, 'unreadable file') : undefined
    return { grants: grants.length, ageSeconds: age / 1_000, lacking }
  }
  knowledgeMetrics(registry, knowledge)
  folderMetrics(registry, () => source.unreadable)
  const looks = new Periodic(LOOK, () => source.look())
  const following: Task = {
    name: 'folder of grants',
    run: (signal) => looks.run(signal),
    checks: syncedOnce(knowledge),
    // Without a cluster, there is no registration to compare.
    remarks: () => [registration(undefined, undefined)],
  }
  return {
    source,
    tasks: [following],
    configure: (changed) => source.limit(limitsOf(changed).knowledgeAge),
  }
}
