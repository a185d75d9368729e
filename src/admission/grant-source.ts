import type { GrantKind } from '../policy/grant-kinds.ts'
import type { GrantLookup } from '../policy/grant-lookup.ts'

/** A namespace whose grants are asked for. */
export interface GrantPlace {
  readonly namespace: string
  /** The kinds of grants that count for the references into it; no others are looked at. */
  readonly kinds: readonly GrantKind[]
}

/** What is known of the grants now. */
export interface CachedGrants {
  readonly grants: GrantLookup
  /** Whether that is recent enough to judge by. */
  readonly current: boolean
}

/** Where the grants come from: the cluster's watches, a folder of files, an array in a test. */
export interface GrantSource {
  cached(): CachedGrants

  /**
   * Reads the grants of these namespaces after this call began: no write that was finished before it is missed.
   *
   * Reads cost the cluster something, so they are charged to the namespace that causes them.
   *
   * @param places distinct target namespaces
   * @param referrerNamespace the namespace of the object under review
   * @param take called once for each namespace that the budget allows, from the front of the list, when it has been read;
   *   its grants are not kept after that, so that a review of many namespaces holds few of them at a time
   * @throws LookupFailed if a namespace that the budget allowed could not be read
   */
  fresh(
    places: readonly GrantPlace[],
    referrerNamespace: string,
    take: (namespace: string, grants: GrantLookup) => void,
    signal: AbortSignal,
  ): Promise<void>
}

/** Grants could not be read: there is no verdict, neither way. The message is shown to the requester. */
export class LookupFailed extends Error {}
