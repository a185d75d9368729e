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

/** How watches ended: in good order after their time, by a broken or silent connection, or refused by the API server. */
export type WatchEnd = 'timeout' | 'broken' | 'refused'

/**
 * Why everything was listed: at the start; after a watch that proved nothing; because the version to go on from is too
 * old; because the API came or went; because nothing worked for a while.
 */
export type ListReason = 'start' | 'unproven' | 'expired' | 'api' | 'stuck'

/** Takes what a reflector learns. */
export interface GrantStore {
  replace(grants: readonly Grant[]): void
  set(grant: Grant): void
  delete(grant: GrantName): void
}

/** Where a watch goes on: which version of the API, and after which event. */
interface Position {
  readonly path: string
  resourceVersion: string
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
 * Keeps a store equal to the cluster's ReferenceGrants: a list, then watches from where it ended, for ever. A broken
 * watch is resumed; where it cannot be (410, the API is gone, nothing works for a while), a new list replaces all.
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
        this.#position ??= await this.#list(signal)
        if (this.#position) await this.#watch(this.#position, signal)
        else await wait(ABSENT_PROBE, undefined, { signal })
      } catch (error) {
        if (signal.aborted) return
        await this.#recover(error, signal).catch(() => {})
      }
    }
  }

  async #list(signal: AbortSignal): Promise<Position | undefined> {
    const { api, kind, store, logger, now } = this.#options
    const begun = now()
    const path = await discoverGrants(api, kind, signal)
    const { grants, resourceVersion } = path ? await listGrants(api, kind, path, undefined, signal) : NOTHING
    if (this.#served !== path || this.#completeAt === -Infinity)
      logger.info({ path: path ?? 'not served', grants: grants.length }, 'synced')
    store.replace(grants)
    this.#served = path
    this.#completeAt = begun
    this.lists[this.#listReason] += 1
    // Without the API, the next list is the one that finds it.
    this.#listReason = 'api'
    return path === undefined ? undefined : { path, resourceVersion }
  }

  async #watch(position: Position, signal: AbortSignal): Promise<void> {
    const begun = this.#options.now()
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH}&resourceVersion=${position.resourceVersion}`
    const path = `${position.path}/${this.#options.kind.plural}?${query}`
    let events = 0
    for await (const event of this.#options.api.stream(path, SILENCE, signal)) {
      this.#apply(event as WatchEvent, path)
      position.resourceVersion = (event as WatchEvent).object.metadata.resourceVersion
      this.#completeAt = this.#options.now()
      // However it ends, this watch has done its work.
      this.#backoff.success()
      events += 1
    }
    const ended = this.#options.now()
    if (events === 0 && ended - begun < VERY_SHORT) throw new Error(`${path}: the watch ended at once`)
    this.watches.timeout += 1
    if (ended - this.#completeAt > UNPROVEN) this.#listNext('unproven')
  }

  #listNext(reason: ListReason): void {
    this.#position = undefined
    this.#listReason = reason
  }

  #apply({ type, object }: WatchEvent, path: string): void {
    if (type === 'ERROR') throw new ApiError(path, object.code ?? 0, object.message ?? 'the watch failed')
    const grant = type === 'BOOKMARK' ? undefined : parseGrant(object, this.#options.kind)
    if (!grant) return
    if (type === 'DELETED') this.#options.store.delete(grant)
    else this.#options.store.set(grant)
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

const NOTHING = { grants: [], resourceVersion: '' }

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: {
    readonly metadata: { readonly resourceVersion: string }
    readonly code?: number
    readonly message?: string
  }
}
