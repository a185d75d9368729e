import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type Grant, type GrantName, parseGrant } from '../policy/grant.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import { type Api, ApiError } from './api.ts'
import { Backoff } from './backoff.ts'
import { discoverGrants } from './discovery.ts'
import { listGrants } from './grant-list.ts'

/**
 * How long one watch is asked to last, in s. The API server sends a bookmark 2 s before it ends a watch, if it knows a
 * newer version than it sent last, so this is how often a watch proves that nothing is missing. Source:
 * k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go.
 */
const WATCH = 30

/**
 * Age of the last proof, in ms, with which a watch may end and be followed by another one. In a cluster whose etcd does
 * not report progress (`--watch-progress-notify-interval`) a quiet watch ends without a bookmark: then a list is the
 * proof, one each 30 s. 5 s are the bookmark's 2 s, and slack.
 */
const UNPROVEN = 5_000

/** Silence after which a watch is given up, in ms: its length, and slack for a slow network. */
const SILENCE = 35_000

/** How often a cluster without the ReferenceGrant API is asked for it, in ms: often enough to stay within the bound. */
const ABSENT_PROBE = 5_000

/** A watch that ends sooner than this without an event, in ms, is a failure and not a turn of the loop. */
const VERY_SHORT = 1_000

/** Failures in a row for this long, in ms, make the next try begin with a list: the old version may be the cause. */
const STUCK = 60_000

/**
 * What asks a watch to begin with a list: all that there is, as new as the request, each as if it had just been added,
 * then a bookmark with this annotation. Source: Kubernetes API concepts, "Streaming lists"; on by default since 1.34.
 */
const LIST_FIRST = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan'
const LIST_ENDS = 'k8s.io/initial-events-end'

/**
 * How an API server without streaming lists refuses one: the parameter is invalid. Source:
 * k8s.io/apimachinery/pkg/apis/meta/internalversion/validation, ValidateListOptions.
 */
const NO_STREAMS = [400, 422]

/** How watches ended: in good order after their time, by a broken or silent connection, or refused by the API server. */
export type WatchEnd = 'timeout' | 'broken' | 'refused'

/**
 * Why everything was listed: at the start; after a watch that proved nothing; because the version to go on from is too
 * old; because the API came or went; because nothing worked for a while.
 */
export type ListReason = 'start' | 'unproven' | 'expired' | 'api' | 'stuck'

/** Takes what a reflector learns; see GrantIndex. */
export interface GrantStore {
  set(grant: Grant): void
  delete(grant: GrantName): void
  miss(namespace: string): void
  beginList(): void
  sweep(): Iterable<void>
}

/** Where a watch begins: which version of the API, and after which event; with a list if after none. */
interface Position {
  readonly path: string
  readonly resourceVersion?: string
}

export interface ReflectorOptions {
  readonly api: Api
  /** What is listed and watched. */
  readonly kind: GrantKind
  readonly store: GrantStore
  readonly logger: Logger
  /** A monotonic clock, in ms. */
  readonly now: () => number
}

/**
 * Keeps a store equal to the cluster's ReferenceGrants: a list, streamed by a watch where the API server can, then
 * watches from where it ended, for ever. A broken watch is resumed; where it cannot be (410, the API is gone, nothing
 * works for a while), a new list replaces all.
 *
 * The ReferenceGrant API may be missing or may come and go; without it there are no grants, which is knowledge too.
 */
export class Reflector {
  /** Watches that have ended, and lists that have succeeded, since the start. */
  readonly watches: Record<WatchEnd, number> = { timeout: 0, broken: 0, refused: 0 }
  readonly lists: Record<ListReason, number> = { start: 0, unproven: 0, expired: 0, api: 0, stuck: 0 }
  readonly #options: ReflectorOptions
  readonly #backoff: Backoff
  #position: Position | undefined
  /** The API path that the last list was of; undefined if there was none. */
  #served: string | undefined
  #completeAt = -Infinity
  #listReason: ListReason = 'start'
  /** Whether lists are streamed; one that failed is followed by a plain one, which may be possible where it is not. */
  #streams: 'yes' | 'after a plain one' | 'never' = 'yes'

  constructor(options: ReflectorOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.now)
  }

  /** When the store was last known to be complete, by the monotonic clock; -Infinity before the first time. */
  get completeAt(): number {
    return this.#completeAt
  }

  /** Runs until the signal; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#position) await this.#watch(this.#position, signal)
        else await this.#list(signal)
      } catch (error) {
        if (signal.aborted) return
        await this.#recover(error, signal).catch(() => {})
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { api, kind, now } = this.#options
    const begun = now()
    const path = await discoverGrants(api, kind, signal)
    if (path === undefined) {
      this.#replace({ at: begun, path, grants: [], streamed: false })
      await wait(ABSENT_PROBE, undefined, { signal })
    } else if (!(await this.#streamList(path, signal))) {
      const { grants, resourceVersion } = await listGrants(api, kind, path, undefined, signal)
      this.#replace({ at: begun, path, grants, streamed: false })
      this.#position = { path, resourceVersion }
    }
  }

  /** Lists by a watch, and goes on with it until it ends; false if that is not to be had. */
  async #streamList(path: string, signal: AbortSignal): Promise<boolean> {
    if (this.#streams !== 'yes') return false
    this.#streams = 'after a plain one'
    try {
      await this.#watch({ path }, signal)
    } catch (error) {
      if (this.#position || !(error instanceof ApiError && NO_STREAMS.includes(error.status))) throw error
      this.#streams = 'never'
      return false
    }
    return true
  }

  /** Takes what was there at a moment for all that there is. */
  #replace({ at, path, grants, streamed }: Listed): void {
    const { store, logger } = this.#options
    if (this.#served !== path || this.#completeAt === -Infinity)
      logger.info({ path: path ?? 'not served', grants: grants.length, streamed }, 'synced')
    store.beginList()
    for (const grant of grants) store.set(grant)
    for (const _ of store.sweep());
    this.#served = path
    this.#completeAt = at
    this.lists[this.#listReason] += 1
    // Without the API, the next list is the one that finds it.
    this.#listReason = 'api'
    if (this.#streams !== 'never') this.#streams = 'yes'
  }

  async #watch({ path, resourceVersion }: Position, signal: AbortSignal): Promise<void> {
    const { api, kind, store, now } = this.#options
    const begun = now()
    const start = resourceVersion === undefined ? LIST_FIRST : `resourceVersion=${resourceVersion}`
    const asked = `${path}/${kind.plural}?watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH}&${start}`
    // Put aside until it is whole: half a list would look like grants that are gone.
    let list = resourceVersion === undefined ? new Map<string, Grant>() : undefined
    let events = 0
    for await (const event of api.stream(asked, SILENCE, signal) as AsyncGenerator<WatchEvent>) {
      this.#apply(event, asked, list ? partOf(list) : store)
      const { metadata } = event.object
      if (list && metadata.annotations?.[LIST_ENDS] !== 'true') continue
      if (list) this.#replace({ at: begun, path, grants: [...list.values()], streamed: true })
      else this.#completeAt = now()
      list = undefined
      this.#position = { path, resourceVersion: metadata.resourceVersion }
      // However it ends, this watch has done its work.
      this.#backoff.success()
      events += 1
    }
    if (list) throw new Error(`${asked}: the watch ended before its list`)
    const ended = now()
    if (events === 0 && ended - begun < VERY_SHORT) throw new Error(`${asked}: the watch ended at once`)
    this.watches.timeout += 1
    if (ended - this.#completeAt > UNPROVEN) this.#listNext('unproven')
  }

  #listNext(reason: ListReason): void {
    this.#position = undefined
    this.#listReason = reason
  }

  #apply({ type, object }: WatchEvent, path: string, store: Pick<GrantStore, 'set' | 'delete'>): void {
    if (type === 'ERROR') throw new ApiError(path, object.code ?? 0, object.message ?? 'the watch failed')
    const grant = type === 'BOOKMARK' ? undefined : parseGrant(object, this.#options.kind)
    if (!grant) return
    if (type === 'DELETED') store.delete(grant)
    else store.set(grant)
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { logger, now } = this.#options
    const status = error instanceof ApiError ? error.status : undefined
    const stuck = now() - this.#completeAt > STUCK
    if (this.#position) {
      this.watches[status === undefined ? 'broken' : 'refused'] += 1
      if (status === 404) this.#listNext('api')
      else if (status === 410) this.#listNext('expired')
      else if (stuck) this.#listNext('stuck')
    }
    const asked = error instanceof ApiError ? (error.retryAfter ?? 0) : 0
    const pause = Math.max(this.#backoff.failure(), asked)
    logger.warn(
      { err: error, kind: this.#options.kind.kind, retryMilliseconds: Math.round(pause) },
      'watching grants failed; trying again',
    )
    await wait(pause, undefined, { signal })
  }
}

/** Takes the events of a list that is streamed. */
function partOf(list: Map<string, Grant>): Pick<GrantStore, 'set' | 'delete'> {
  const key = ({ namespace, name }: GrantName) => `${namespace}/${name}`
  return { set: (grant) => list.set(key(grant), grant), delete: (grant) => list.delete(key(grant)) }
}

/** A list: as of when, of which API path if any. */
interface Listed {
  readonly at: number
  readonly path: string | undefined
  readonly grants: readonly Grant[]
  readonly streamed: boolean
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: {
    readonly metadata: { readonly resourceVersion: string; readonly annotations?: Readonly<Record<string, string>> }
    readonly code?: number
    readonly message?: string
  }
}
