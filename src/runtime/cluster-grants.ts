import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { Api } from '../cluster/api.ts'
import type { ConnectionChoice } from '../cluster/connection.ts'
import { ClusterGrants } from '../cluster/grants.ts'
import { unservableRows } from '../cluster/own-kinds.ts'
import { addedFields, limitsOf, registrationOf } from '../config/config.ts'
import type { Names } from '../manifests/names.ts'
import type { GuardedField } from '../policy/catalogue.ts'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { unlessAborted } from '../system/unless-aborted.ts'
import { counted } from '../wording/counted.ts'
import { apiOf } from './cluster-api.ts'
import { DriftWatch } from './drift-watch.ts'
import { type GrantSupply, type SupplyContext, syncedOnce } from './grant-supply.ts'
import { clusterMetrics } from './metrics/cluster.ts'
import { driftMetrics } from './metrics/configuration.ts'
import { knowledgeMetrics } from './metrics/knowledge.ts'
import { namesOf } from './names.ts'
import type { Task } from './task.ts'

/** Timeout for discovery at the start, in ms. Only a configuration with guarded fields needs it. */
const DISCOVERY = 5_000

/**
 * Returns the grants of a cluster, kept up to date by watches.
 *
 * @throws Failure if the kubeconfig cannot be used, or the cluster cannot serve a guarded field
 */
export async function clusterGrants(
  choice: ConnectionChoice & Partial<Names> & { readonly static?: true },
  { live, logger, keyPair, secret, registry, signal }: SupplyContext,
): Promise<GrantSupply> {
  const { config } = live
  const api = apiOf(choice)
  await refuseUnservable(api, addedFields(config), logger, signal)
  const kinds = live.settings.coverage.grantKinds
  const observer = clusterMetrics(registry, () => grants.incomplete)
  const now = () => performance.now()
  const grants = new ClusterGrants({ api, kinds, logger, observer, now, limits: limitsOf(config) })
  const wanted = () => ({
    registration: registrationOf(live.config),
    client: { secret, names: namesOf(choice), isStatic: choice.static === true },
    served: keyPair.current?.cert,
  })
  const drift = new DriftWatch({ api, wanted, logger, observe: driftMetrics(registry) })
  const knowledge = () => {
    const { size, age, incomplete } = grants
    const lacking = incomplete > 0 ? counted(incomplete, 'incomplete namespace') : undefined
    return { grants: size, ageSeconds: age / 1_000, lacking }
  }
  knowledgeMetrics(registry, knowledge)
  const watches: Task = {
    name: 'watches of grants',
    run: (signal) => grants.run(signal),
    checks: syncedOnce(knowledge),
  }
  return {
    source: grants,
    tasks: [watches, drift],
    configure: (changed) => {
      grants.limit(limitsOf(changed))
      if (!isDeepStrictEqual(live.settings.coverage.grantKinds, kinds))
        logger.warn('grantKinds changed: restart the server to apply the change')
      drift.soon()
    },
  }
}

/**
 * Checks that the cluster can serve the guarded fields of the configuration. If discovery fails, it only logs a
 * warning.
 *
 * @throws Failure if a guarded field cannot work
 */
async function refuseUnservable(
  api: Api,
  rows: readonly GuardedField[],
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (rows.length === 0) return
  const limit = AbortSignal.any([signal, AbortSignal.timeout(DISCOVERY)])
  // A credential plugin does not respect the signal.
  const problems = await unlessAborted(limit, unservableRows(api, rows, limit)).catch((error) => {
    if (!signal.aborted)
      logger.warn(
        { reason: reasonOf(error) },
        'cannot compare the guarded fields of the configuration with what the cluster serves',
      )
    return []
  })
  if (problems.length > 0) throw new Failure(problems.join('\n'))
}
