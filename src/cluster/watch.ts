import type { Shape } from '../json/shape.ts'
import type { Api } from './api.ts'
import { ApiError } from './api-error.ts'
import { Deadline } from './deadline.ts'
import type { Resource } from './resource.ts'
import { GRACE, LONGEST_LIST } from './watch-time.ts'

/**
 * The parameters of a watch that begins with a streamed list: an ADDED event for each object, then a bookmark with this
 * annotation. Source: Kubernetes API concepts, "Streaming lists"; on by default since 1.34.
 */
const LIST_FIRST = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan'
const LIST_ENDS = 'k8s.io/initial-events-end'

/**
 * Statuses of an API server that does not support streaming lists: the parameter is invalid. Source:
 * k8s.io/apimachinery/pkg/apis/meta/internalversion/validation, ValidateListOptions.
 */
export const NO_STREAMS: readonly number[] = [400, 422]

const TYPES: readonly unknown[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']

/** Returns the shape of an event: that of the resource, and the fields of a bookmark and an error. */
function eventShape({ shape }: Resource<unknown>): Shape {
  const metadata: Shape = { ...shape.metadata, resourceVersion: 'whole', annotations: { [LIST_ENDS]: 'whole' } }
  return { type: 'whole', object: { ...shape, metadata, code: 'whole', message: 'whole' } }
}

/** Where a watch begins, and how long it lasts. */
export interface WatchRequest {
  /** The API path of the resource's version. */
  readonly path: string
  /** The resource version to resume from; undefined to begin with a list. */
  readonly resourceVersion: string | undefined
  /** In ms, a whole number of seconds. */
  readonly duration: number
}

/** An event of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  /** What is kept of the object. */
  readonly object: unknown
  /** False if a part of the object was dropped for its size. */
  readonly whole: boolean
  readonly resourceVersion: string
  /** Whether it ends the list that the watch began with. */
  readonly endsList: boolean
}

/**
 * Watches a resource until the API server ends it.
 *
 * @param opened called when the answer begins
 * @throws ApiError if the API server rejects the watch or reports an error; Error if the connection breaks, sends
 *   nothing for too long or sends something other than events, or if the watch does not end in time
 */
export async function* watch(
  api: Api,
  resource: Resource<unknown>,
  request: WatchRequest,
  signal: AbortSignal,
  opened: () => void,
): AsyncGenerator<WatchEvent> {
  const path = pathOf(resource, request)
  const longest = request.duration + GRACE
  let listing = request.resourceVersion === undefined
  const deadline = new Deadline(`${path}: the answer did not end`, listing ? LONGEST_LIST : longest, signal)
  const options = { shape: eventShape(resource), most: resource.most, silence: longest, opened }
  try {
    for await (const { event, whole } of api.stream(path, options, deadline.signal)) {
      const taken = eventOf(path, event, whole)
      if (listing && taken.endsList) {
        listing = false
        deadline.move(longest)
      }
      yield taken
    }
  } catch (error) {
    throw deadline.reasonFor(error)
  } finally {
    deadline.clear()
  }
}

function eventOf(path: string, event: unknown, whole: boolean): WatchEvent {
  const { type, object } = (event ?? {}) as Partial<SentEvent>
  if (type === 'ERROR') throw new ApiError(path, object?.code ?? 0, object?.message ?? 'the watch failed')
  const { resourceVersion, annotations } = object?.metadata ?? {}
  if (!isEvent(type) || object === undefined || typeof resourceVersion !== 'string')
    throw new Error(`${path}: the API server sent something that is not an event`)
  // An object may have the annotation, too.
  const endsList = type === 'BOOKMARK' && annotations?.[LIST_ENDS] === 'true'
  return { type, object, whole, resourceVersion, endsList }
}

function isEvent(type: unknown): type is WatchEvent['type'] {
  return TYPES.includes(type)
}

function pathOf({ plural }: Resource<unknown>, { path, resourceVersion, duration }: WatchRequest): string {
  const start = resourceVersion === undefined ? LIST_FIRST : `resourceVersion=${encodeURIComponent(resourceVersion)}`
  return `${path}/${plural}?watch=1&allowWatchBookmarks=true&timeoutSeconds=${duration / 1_000}&${start}`
}

interface SentEvent {
  readonly type: WatchEvent['type'] | 'ERROR'
  readonly object: {
    readonly metadata: {
      readonly resourceVersion?: string
      readonly annotations?: Readonly<Record<string, string>>
    }
    readonly code?: number
    readonly message?: string
  }
}
