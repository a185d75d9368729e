import { type Grant, parseGrant } from '../policy/grant.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import type { Api } from './api.ts'
import { listPages } from './list.ts'

/** All grants at one moment, and the resource version of that moment. */
export interface GrantList {
  readonly grants: Grant[]
  readonly resourceVersion: string
}

/**
 * A consistent list, as new as its request: no resource version is named, so the API server makes sure that it has
 * seen all writes before. Source: Kubernetes API concepts, "Semantics for get and list".
 *
 * @param kind the kind of grants
 * @param path the API path of its version, as discovered
 * @param namespace one namespace, or undefined for all
 * @throws ApiError, or Error if the API server cannot be reached
 */
export async function listGrants(
  api: Api,
  kind: GrantKind,
  path: string,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<GrantList> {
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const keep = (object: unknown) => parseGrant(object, kind)
  // Only what the rule needs is kept: managed fields and annotations would be most of the memory.
  const { items, resourceVersion } = await listPages(api, `${path}${place}/${kind.plural}`, keep, signal)
  return { grants: items.filter((grant) => grant !== undefined), resourceVersion }
}
