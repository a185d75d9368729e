import type { ConnectionChoice } from '../cluster/connection.ts'
import type { FileObject } from '../files/object-files.ts'
import type { Coverage } from '../policy/coverage.ts'
import { crossingReferences } from '../policy/crossing.ts'
import { type Grant, parseGrant } from '../policy/grant.ts'
import type { Candidate } from '../policy/near-miss.ts'
import type { LiveCluster } from './live.ts'

/** The grants of a cluster that count for objects of files. */
export interface LiveGrants {
  readonly grants: readonly Grant[]
  readonly candidates: readonly Candidate[]
  /** Namespaces of which not every grant could be read. */
  readonly unknown: ReadonlySet<string>
  /** Sentences about what could not be read. */
  readonly unread: readonly string[]
}

/** Returns a cluster. Imported only here: the import of the client takes longer than reading files. */
export async function liveCluster(choice: ConnectionChoice): Promise<LiveCluster> {
  return new (await import('./live.ts')).LiveCluster(choice)
}

/**
 * Reads the grants of the cluster, with the rights of the user: all of them or, if the user may not list these, those of the
 * namespaces that the objects refer to.
 *
 * @throws Failure if the cluster cannot be read
 */
export async function liveGrants(
  objects: readonly FileObject[],
  coverage: Coverage,
  choice: ConnectionChoice,
): Promise<LiveGrants> {
  const cluster = await liveCluster(choice)
  const references = objects.flatMap(({ name, object }) => crossingReferences(coverage, name, object).references)
  const { candidates, unknown, unread } = await cluster.grantsFor(references, coverage)
  const grants = candidates.flatMap(({ name, object }) => {
    const kind = coverage.grantKinds.find(({ group, kind }) => group === name.group && kind === name.kind)
    return (kind && parseGrant(object, kind)) ?? []
  })
  return { grants, candidates, unknown, unread }
}
