import type { GrantKind } from '../policy/grant-kinds.ts'
import type { GrantLookup } from '../policy/grant-lookup.ts'

/** A namespace whose grants to read. */
export interface GrantPlace {
  readonly namespace: string
  /** The kinds of grants that count for the references to this namespace; only these are read. */
  readonly kinds: readonly GrantKind[]
}

/** The cached grants. */
interface CachedGrants {
  readonly grants: GrantLookup
  /** Whether they are recent enough to judge by. */
  readonly current: boolean
}

/** Where the grants come from: the cluster's watches, a folder of files, an array in a test. */
export interface GrantSource {
  cached(): CachedGrants

  /**
   * Reads the grants of these namespaces. The result has every write that finished before this call.
   *
   * Reads put load on the API server, so each is charged to the budget of the referrer's namespace.
   *
   * @param places distinct target namespaces
   * @param referrerNamespace the namespace of the object under review
   * @param received called with the grants of each namespace that the budget allows, in any order; the budget allows
   *   namespaces from the front of the list. The source does not keep the grants, to bound the memory of a review.
   * @throws LookupFailed if a read that the budget allowed failed
   */
  fresh(
    places: readonly GrantPlace[],
    referrerNamespace: string,
    received: (namespace: string, grants: GrantLookup) => void,
    signal: AbortSignal,
  ): Promise<void>

  /**
   * Calls the listener after each addition or change of a cached grant of the namespace, until the returned function is
   * called. Absent where fresh reads are not slower than the cache.
   */
  onAdded?(namespace: string, listener: () => void): () => void
}

/** The lookup of grants failed, so there is no verdict. The message is shown to the requester. */
export class LookupFailed extends Error {}
