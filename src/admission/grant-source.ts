import type { GrantLookup } from '../policy/grant-index.ts'

/** Where the grants come from: the cluster's watches, a folder of files, an array in a test. */
export interface GrantSource {
  /** What is known now, and whether that is recent enough to judge by. */
  cached(): { readonly grants: GrantLookup; readonly current: boolean }

  /**
   * The grants of these namespaces, read after this call began: no write that was finished before it is missed.
   *
   * Reads cost the cluster something, so they are charged to the namespace that causes them. `read` names the
   * namespaces that its budget allowed, from the front of the list.
   *
   * @param namespaces distinct target namespaces
   * @param referrerNamespace the namespace of the object under review
   * @throws LookupFailed if a namespace that the budget allowed could not be read
   */
  fresh(namespaces: readonly string[], referrerNamespace: string, signal: AbortSignal): Promise<FreshGrants>
}

export interface FreshGrants {
  readonly grants: GrantLookup
  readonly read: ReadonlySet<string>
}

/** Grants could not be read: there is no verdict, neither way. The message is shown to the requester. */
export class LookupFailed extends Error {}
