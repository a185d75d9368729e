import { setImmediate as turn } from 'node:timers/promises'
import { type Grant, type GrantName, parseGrant } from '../policy/grant.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import type { Api, RequestOptions } from './api.ts'
import { type Listed, listPages } from './list.ts'

/** What is kept of a grant: what the rule needs. The rest, managed fields and annotations, is most of an object. */
export const GRANT_SHAPE = {
  metadata: { name: 'whole', namespace: 'whole' },
  spec: { from: 'whole', to: 'whole' },
} as const

/**
 * Most that is kept of one grant, in bytes of its JSON. The largest that the schema of Gateway API accepts has 16 KiB:
 * 16 entries of 380 characters each in `from`, of 570 in `to`.
 */
export const LARGEST_GRANT = 256 * 1024

/** Takes what is learned of grants; see GrantIndex. */
export interface GrantStore {
  set(grant: Grant): unknown
  delete(grant: Pick<GrantName, 'namespace' | 'name'>): void
  /** There is a grant in this namespace that cannot be kept. */
  miss(namespace: string): void
  beginList(): void
  /** Ends a list that was taken; yields where a pause may be. */
  sweep(): Iterable<void>
}

/**
 * Brings a store up to a consistent list that is as new as its request: no resource version is named, so the API server
 * makes sure that it has seen all writes before. Source: Kubernetes API concepts, "Semantics for get and list".
 *
 * What a list has is set as it arrives; what it does not have is deleted once it is complete.
 *
 * @param kind the kind of grants
 * @param path the API path of its version, as discovered
 * @param namespace one namespace, or undefined for all
 * @throws ApiError, or Error if the API server cannot be reached or sends something else
 */
export async function listGrants(
  api: Api,
  kind: GrantKind,
  path: string,
  namespace: string | undefined,
  store: GrantStore,
  signal: AbortSignal,
  options: RequestOptions = {},
): Promise<Listed> {
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const sink = {
    begin: () => store.beginList(),
    take: (item: unknown, whole: boolean) => takeGrant(store, kind, item, whole),
  }
  const limits = { ...options, most: LARGEST_GRANT }
  const listed = await listPages(api, `${path}${place}/${kind.plural}`, GRANT_SHAPE, sink, signal, limits)
  await endList(store)
  return listed
}

/** Ends a list, with turns of the event loop in between. */
export async function endList(store: GrantStore): Promise<void> {
  for (const _ of store.sweep()) await turn()
}

/**
 * Sets a grant. One that is too large is not kept, as it was before neither, and its namespace is incomplete.
 *
 * @param item what is kept of it by GRANT_SHAPE
 * @param whole whether nothing was dropped
 * @throws Error if it does not say where it is
 */
export function takeGrant(store: GrantStore, kind: GrantKind, item: unknown, whole: boolean): void {
  const grant = parseGrant(item, kind)
  if (grant && whole) {
    store.set(grant)
    return
  }
  if (grant) store.delete(grant)
  store.miss(namespaceOf(item))
}

function namespaceOf(item: unknown): string {
  const { namespace } = (item as { metadata?: { namespace?: unknown } } | undefined)?.metadata ?? {}
  if (typeof namespace !== 'string') throw new Error('the API server sent a grant without a namespace')
  return namespace
}
