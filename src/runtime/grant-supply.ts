import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { GrantSource } from '../admission/grant-source.ts'
import { unlessAborted } from '../admission/unless-aborted.ts'
import { Api } from '../cluster/api.ts'
import { type ConnectionChoice, connectionFrom } from '../cluster/connection.ts'
import { ClusterGrants } from '../cluster/grants.ts'
import { unservableRows } from '../cluster/own-kinds.ts'
import type { LiveConfig } from '../config/live.ts'
import { addedFields, type Config, catalogueOf, limitsOf, registrationOf } from '../config/load.ts'
import type { GuardedField } from '../policy/catalogue.ts'
import type { Check } from '../server/health.ts'
import type { Knowledge } from '../server/metrics.ts'
import type { KeyPair } from '../server/tls.ts'
import { Failure } from '../system/failure.ts'
import { counted } from '../wording/counted.ts'
import { quote } from '../wording/quote.ts'
import { ClusterCounts } from './cluster-counts.ts'
import { DriftWatch } from './drift-watch.ts'
import type { Task } from './task.ts'

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
  /** What runs for them; nothing is asked of the API server before that. */
  readonly tasks: readonly Task[]
}

/** What both kinds of supply are made with. */
export interface SupplyContext {
  readonly live: LiveConfig
  readonly logger: Logger
  /** What the server presents. */
  readonly keyPair: KeyPair
  /** Ends the wait for the cluster. */
  readonly signal: AbortSignal
}

/**
 * Grants of a cluster, kept by watches.
 *
 * @throws Failure if the kubeconfig cannot be used, or the cluster cannot serve a guarded field
 */
export async function clusterGrants(
  choice: ConnectionChoice,
  { live, logger, keyPair, signal }: SupplyContext,
): Promise<GrantSupply> {
  const { config } = live
  const api = apiOf(choice)
  await refuseUnservable(api, addedFields(config), logger, signal)
  const kinds = catalogueOf(config).grantKinds
  const observer = new ClusterCounts()
  const now = () => performance.now()
  const grants = new ClusterGrants({ api, kinds, logger, observer, now, limits: limitsOf(config) })
  const wanted = () => ({ registration: registrationOf(live.config), client: {}, served: keyPair.cert })
  const drift = new DriftWatch(api, wanted, logger)
  const knowledge = () => ({
    grants: grants.size,
    incompleteNamespaces: grants.incomplete,
    unreadableFiles: 0,
    ageSeconds: grants.age / 1_000,
    freshReads: observer.freshReads,
    freshReadSeconds: observer.freshReadSeconds,
    watches: observer.watches,
    lists: observer.lists,
  })
  const watches: Task = {
    name: 'watches of grants',
    run: (signal) => grants.run(signal),
    checks: syncedOnce(knowledge),
  }
  return {
    source: grants,
    knowledge,
    tasks: [watches, drift],
    drift: () => drift.lines,
    configure: (changed) => {
      grants.limit(limitsOf(changed))
      if (!isDeepStrictEqual(catalogueOf(changed).grantKinds, kinds))
        logger.warn('other grantKinds take effect when the server is started again')
      drift.soon()
    },
  }
}

function apiOf(choice: ConnectionChoice): Api {
  try {
    const connection = connectionFrom(choice)
    const { server } = connection
    if (!URL.canParse(server) || new URL(server).protocol !== 'https:')
      throw new Error(`its server ${quote(server)} is no https:// address`)
    return new Api(connection)
  } catch (error) {
    // A parser adds the place in the file, on lines of its own.
    const [reason = ''] = (error as Error).message.split('\n')
    const remedy = reason.includes('--') ? '' : ' (name another one with --kubeconfig)'
    throw new Failure(`cannot use the kubeconfig: ${reason}${remedy}`, { cause: error })
  }
}

/** Rows that cannot work end the start. A cluster that cannot be asked does not: the webhook can judge without. */
async function refuseUnservable(
  api: Api,
  rows: readonly GuardedField[],
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (rows.length === 0) return
  const patience = AbortSignal.any([signal, AbortSignal.timeout(DISCOVERY)])
  // A credential plugin knows nothing of the signal.
  const problems = await unlessAborted(patience, unservableRows(api, rows, patience)).catch((error) => {
    if (!signal.aborted)
      logger.warn({ err: error }, 'cannot compare the guarded fields of the configuration with what the cluster serves')
    return []
  })
  if (problems.length > 0) throw new Failure(problems.join('\n'))
}

/** Once synced, the grants count as synced: where they are out of date, fresh reads take their place. */
export function syncedOnce(knowledge: () => Knowledge): () => Check[] {
  let synced = false
  return () => {
    const { grants, ageSeconds } = knowledge()
    synced ||= Number.isFinite(ageSeconds)
    const detail = synced
      ? `${counted(grants, 'grant')}, complete ${ageSeconds.toFixed(1)} s ago`
      : 'waiting for the first list'
    return [{ name: 'grants', ok: synced, detail }]
  }
}
