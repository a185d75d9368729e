import { setImmediate as turn } from 'node:timers/promises'
import type { Api, RequestOptions } from './api.ts'
import { type Listed, listPages } from './list.ts'
import type { Name, Resource } from './resource.ts'

/** Takes what is learned of the objects of a resource; see GrantIndex. */
export interface Store<T> {
  /** The namespaces of which not all objects are kept. */
  readonly incomplete: { readonly size: number }
  /** Adds an object, or replaces the one of its name. */
  set(object: T): unknown
  delete(name: Name): void
  /** There is an object in this namespace that cannot be kept. */
  miss(namespace: string): void
  /** Begins a list of everything; what the store has stays until the list ends. */
  beginList(): void
  /** Ends a list: deletes what it did not set. Yields where a pause may be. */
  sweep(): Iterable<void>
}

/**
 * Brings a store up to a consistent list that is as new as its request: no resource version is named, so the API server
 * makes sure that it has seen all writes before. Source: Kubernetes API concepts, "Semantics for get and list".
 *
 * What a list has is set as it arrives; what it does not have is deleted once it is complete.
 *
 * @param path the API path of the resource's version, as discovered
 * @param namespace one namespace, or undefined for all
 * @throws ApiError, or Error if the API server cannot be reached or sends something else
 */
export async function listInto<T>(
  store: Store<T>,
  api: Api,
  resource: Resource<T>,
  path: string,
  namespace: string | undefined,
  signal: AbortSignal,
  options: RequestOptions = {},
): Promise<Listed> {
  const { plural, shape, most } = resource
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const sink = {
    begin: () => store.beginList(),
    take: (item: unknown, whole: boolean) => take(store, resource, item, whole),
  }
  const listed = await listPages(api, `${path}${place}/${plural}`, shape, sink, signal, { ...options, most })
  await endList(store)
  return listed
}

/** Ends a list, with turns of the event loop in between. */
export async function endList(store: Store<never>): Promise<void> {
  for (const _ of store.sweep()) await turn()
}

/**
 * Sets an object. One that is too large is not kept, nor is what it was before, and its namespace is incomplete.
 *
 * @param object what is kept of it by the resource's shape
 * @param whole whether nothing was dropped
 * @throws Error if it does not say where it is
 */
export function take<T>(store: Store<T>, resource: Resource<T>, object: unknown, whole: boolean): void {
  const parsed = whole ? resource.parse(object) : undefined
  if (parsed !== undefined) {
    store.set(parsed)
    return
  }
  const { namespace, name } = placeOf(resource, object)
  if (name !== undefined) store.delete({ namespace, name })
  store.miss(namespace)
}

/** Deletes an object of which this was kept. One without a name cannot be deleted, so its namespace is incomplete. */
export function remove<T>(store: Store<T>, resource: Resource<T>, object: unknown): void {
  const { namespace, name } = placeOf(resource, object)
  if (name === undefined) store.miss(namespace)
  else store.delete({ namespace, name })
}

function placeOf({ kind, scope }: Resource<unknown>, object: unknown): { namespace: string; name: string | undefined } {
  const { metadata } = (object ?? {}) as { metadata?: { namespace?: unknown; name?: unknown } }
  const namespace = scope === 'Cluster' ? '' : metadata?.namespace
  if (typeof namespace !== 'string') throw new Error(`the API server sent a ${kind} without a namespace`)
  return { namespace, name: typeof metadata?.name === 'string' ? metadata.name : undefined }
}
