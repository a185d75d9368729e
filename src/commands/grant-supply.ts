import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { GrantSource } from '../admission/grant-source.ts'
import { Api } from '../cluster/api.ts'
import { type ConnectionChoice, connectionFrom } from '../cluster/connection.ts'
import { ClusterGrants } from '../cluster/grants.ts'
import { unservableRows } from '../cluster/own-kinds.ts'
import type { LiveConfig } from '../config/live.ts'
import { type Config, catalogueOf, limitsOf } from '../config/load.ts'
import { GrantFolder } from '../files/grant-folder.ts'
import type { GuardedField } from '../policy/catalogue.ts'
import type { Knowledge } from '../server/metrics.ts'
import { DriftWatch } from './drift.ts'
import { CommandFailure } from './failure.ts'

/** How long the start may wait for what the cluster serves, in ms; only with guarded fields of one's own. */
const DISCOVERY = 5_000

/** Where the grants come from, with what the server tells of it. */
export interface GrantSupply {
  readonly source: GrantSource
  readonly knowledge: () => Knowledge
  /** Where the live registration is not as the configuration has it, in words; undefined if that is not known. */
  readonly drift: () => readonly string[] | undefined
  /** Takes a changed configuration. */
  readonly configure: (config: Config) => void
  readonly stop: () => void
}

/** Grants of a cluster, kept by watches. */
export async function clusterGrants(choice: ConnectionChoice, live: LiveConfig, logger: Logger): Promise<GrantSupply> {
  const { config } = live
  const api = apiOf(choice)
  await refuseUnservable(api, config.guardedFields, logger)
  const kinds = catalogueOf(config).grantKinds
  const grants = new ClusterGrants({ api, kinds, logger, now: () => performance.now(), limits: limitsOf(config) })
  const drift = new DriftWatch(api, () => live.config, logger)
  drift.run()
  const stop = new AbortController()
  void grants.run(stop.signal)
  return {
    source: grants,
    knowledge: () => ({
      grants: grants.index.size,
      ageSeconds: grants.age / 1_000,
      freshReads: grants.freshReads,
      freshReadSeconds: grants.freshReadTime / 1_000,
      watches: grants.watches,
      lists: grants.lists,
    }),
    drift: () => drift.lines,
    configure: (changed) => {
      grants.limit(limitsOf(changed))
      if (!isDeepStrictEqual(changed.grantKinds, config.grantKinds))
        logger.warn('other grantKinds take effect when the server is started again')
      void drift.compare()
    },
    stop: () => {
      drift.stop()
      stop.abort()
    },
  }
}

function apiOf(choice: ConnectionChoice): Api {
  try {
    return new Api(connectionFrom(choice))
  } catch (error) {
    throw new CommandFailure(`cannot use the kubeconfig: ${(error as Error).message}`, { cause: error })
  }
}

/** Rows that cannot work end the start. A cluster that cannot be asked does not: the webhook can judge without. */
async function refuseUnservable(api: Api, rows: readonly GuardedField[], logger: Logger): Promise<void> {
  if (rows.length === 0) return
  const problems = await unservableRows(api, rows, AbortSignal.timeout(DISCOVERY)).catch((error) => {
    logger.warn({ err: error }, 'cannot compare the guarded fields of the configuration with what the cluster serves')
    return []
  })
  if (problems.length > 0) throw new CommandFailure(problems.join('\n'))
}

/** Grants of a folder, without a cluster. */
export async function folderGrants(folder: string, { config }: LiveConfig, logger: Logger): Promise<GrantSupply> {
  const none = {
    freshReads: { started: 0, shared: 0, failed: 0, over_budget: 0 },
    freshReadSeconds: 0,
    watches: {},
    lists: {},
  }
  try {
    const { knowledgeAge } = limitsOf(config)
    const kinds = catalogueOf(config).grantKinds
    const source = await GrantFolder.open({ folder, kinds, logger, now: () => performance.now(), knowledgeAge })
    source.watch()
    return {
      source,
      knowledge: () => ({ grants: source.index.size, ageSeconds: source.age / 1_000, ...none }),
      drift: () => [],
      configure: (changed) => source.limit(limitsOf(changed).knowledgeAge),
      stop: () => source.close(),
    }
  } catch (error) {
    throw new CommandFailure(`the folder of grants ${folder} ${(error as Error).message}`, { cause: error })
  }
}
