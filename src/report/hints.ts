import type { Reference } from '../policy/reference.ts'
import { clusterOptionsOf, grantCommandFor, grantQuestionFor, type Read } from '../wording/grant-command.ts'

/** Commands that help with references that no grant permits. */
export interface Hints {
  /** The options of kubectl that name the cluster and the user, each after a space. */
  readonly cluster: string
  /** The command that prints the grants that the objects of files lack; absent if one reference or object is explained. */
  readonly grant?: string | undefined
  /** Returns the command that prints the grant that a reference lacks. */
  readonly grantFor: (reference: Reference) => string
}

/**
 * Returns the commands to recommend, which read the same files and the same cluster.
 *
 * @param isAll whether every object of the files is explained
 */
export function hintsOf(isAll: boolean, paths: readonly string[], read: Read): Hints {
  return {
    cluster: clusterOptionsOf(read),
    grant: isAll ? grantCommandFor(paths, read) : undefined,
    grantFor: (reference) => grantQuestionFor(reference, paths, read),
  }
}
