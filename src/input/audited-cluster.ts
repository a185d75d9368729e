import { Api } from '../cluster/api.ts'
import { ApiError } from '../cluster/api-error.ts'
import { type ConnectionChoice, connectionFrom } from '../cluster/connection.ts'
import { takeInventory } from '../cluster/inventory.ts'
import type { Coverage } from '../policy/coverage.ts'
import type { Grant } from '../policy/grant.ts'
import { kindOf } from '../policy/grant-kinds.ts'
import type { ObjectName } from '../policy/reference.ts'
import type { Audited } from '../report/audited.ts'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { quote, visible } from '../wording/quote.ts'
import { listRights } from '../wording/rights.ts'
import { whileListing } from './listing.ts'

interface ClusterChoice extends ConnectionChoice {
  /** The only namespace to read; default: all. */
  readonly namespace?: string
}

/**
 * Reads what a cluster holds, with the rights of the user, for an audit.
 *
 * @throws Failure if the cluster cannot be read
 */
export async function auditedCluster(options: ClusterChoice, coverage: Coverage): Promise<Audited> {
  const { namespace } = options
  try {
    const api = new Api(connectionFrom(options))
    const inventory = await whileListing(api, (tell, signal) =>
      takeInventory(api, coverage, tell, signal, { namespace }),
    )
    const problems = inventory.problems.map(visible)
    const isEmpty = inventory.objects.length + inventory.grants.length + problems.length === 0
    const notes =
      isEmpty && namespace !== undefined
        ? [`namespace ${quote(namespace)} has neither a grant nor an object with a guarded field`]
        : []
    const candidates = inventory.grants.map(({ grant, object }) => ({ name: candidateName(grant, coverage), object }))
    return { ...inventory, candidates, only: namespace, problems, notes }
  } catch (error) {
    throw new Failure(`cannot audit the cluster: ${reasonOf(error)}${remedyFor(error, namespace)}`, { cause: error })
  }
}

function remedyFor(error: unknown, namespace: string | undefined): string {
  if (!(error instanceof ApiError)) return ''
  const isAnonymous = error.status === 403 && error.message.includes('"system:anonymous"')
  if (error.status === 401 || isAnonymous)
    return '; the API server does not accept the credentials of the kubeconfig, or there are none: kubectl auth whoami says who you are'
  return error.status === 403 ? `; ${listRights(namespace)}` : ''
}

function candidateName(grant: Grant, { grantKinds }: Coverage): ObjectName {
  const { group, kind } = kindOf(grant, grantKinds)
  return { group, kind, namespace: grant.namespace, name: grant.name }
}
