import { setImmediate as turn } from 'node:timers/promises'
import type { Api, RequestOptions } from './api.ts'
import { type Listed, listPages } from './list.ts'
import { listPath } from './paths.ts'
import type { Name, Resource } from './resource.ts'
import type { WatchEvent } from './watch.ts'

/** Keeps the objects of a resource; see GrantIndex. */
export interface Store<T> {
  /** The namespaces whose objects are not all kept. */
  readonly incomplete: { readonly size: number }
  /** Adds an object, or replaces the one with its name. */
  set(object: T): unknown
  delete(name: Name): void
  /** Marks a namespace as incomplete: it has an object that is not kept. */
  miss(namespace: string): void
  /** Begins a full list. The store keeps its objects until the list ends. */
  beginList(): void
  /** Ends a list: deletes the objects that the list did not set. Yields where the caller may pause. */
  sweep(): Iterable<void>
}

/**
 * Replaces the objects of a store by a consistent list. The list has every write before the request, because it does
 * not name a resource version. Source: Kubernetes API concepts, "Semantics for get and list".
 *
 * It sets objects as they arrive, and deletes the others once the list is complete.
 *
 * @param path the API path of the resource's version, as discovered
 * @param namespace one namespace, or undefined for all
 * @throws ApiError; Error if the API server cannot be reached or its answer is not a list
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
  const { plural, kind, shape, most } = resource
  const url = listPath(path, plural, namespace)
  const sink = {
    begin: () => store.beginList(),
    take: (item: unknown, whole: boolean) => {
      // The answer to another request would say that this namespace has no objects.
      if (namespace !== undefined && placeOf(resource, item).namespace !== namespace)
        throw new Error(`${url}: the answer for namespace ${namespace} has a ${kind} of another one`)
      take(store, resource, item, whole)
    },
  }
  const listed = await listPages(api, url, shape, sink, signal, { ...options, most })
  await endList(store)
  return listed
}

/** Ends a list. It yields to the event loop in between. */
export async function endList(store: Store<never>): Promise<void> {
  for (const _ of store.sweep()) await turn()
}

/** Applies an event to a store. */
export function takeEvent<T>(store: Store<T>, resource: Resource<T>, { type, object, whole }: WatchEvent): void {
  if (type === 'BOOKMARK') return
  if (type === 'DELETED') remove(store, resource, object)
  else take(store, resource, object, whole)
}

/**
 * Sets an object. If it is too large, it is deleted from the store, and its namespace becomes incomplete.
 *
 * @param object what the resource's shape keeps of it
 * @param whole false if a part of it was dropped for its size
 * @throws Error if it does not have a namespace
 */
function take<T>(store: Store<T>, resource: Resource<T>, object: unknown, whole: boolean): void {
  const parsed = whole ? resource.parse(object) : undefined
  if (parsed !== undefined) {
    store.set(parsed)
    return
  }
  const { namespace, name } = placeOf(resource, object)
  if (name !== undefined) store.delete({ namespace, name })
  store.miss(namespace)
}

/** Deletes an object. If its name was dropped for its size, its namespace becomes incomplete. */
function remove<T>(store: Store<T>, resource: Resource<T>, object: unknown): void {
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
