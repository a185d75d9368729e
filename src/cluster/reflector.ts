import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type Api, ApiError } from './api.ts'
import { Backoff } from './backoff.ts'
import { confirmAbsent, discover } from './discovery.ts'
import type { ClusterObserver, ListReason } from './observer.ts'
import { nameOf, type Resource } from './resource.ts'
import { endList, listInto, type Store } from './store.ts'
import { takeEvent, type WatchRequest, watch } from './watch.ts'
import { Deadline, LONGEST_LIST, lastingAt, OVERDUE, RESUMABLE, WatchTimes } from './watch-time.ts'

/** How often a cluster without the API is asked for it, in ms: often enough to stay within the bound. */
const ABSENT_PROBE = 5_000

/** Time between the two answers that prove the API's absence, in ms: an API server that starts is complete before. */
const ABSENT_AGAIN = 2_000

/** A watch that ends sooner than this, in ms, is a failure whatever it brought: one after another would have no pause. */
const VERY_SHORT = 1_000

/** Longest wait that an API server is granted, in ms, whatever it asks for: what is known becomes too old meanwhile. */
const LONGEST_PAUSE = 30_000

/** How often a list may be made only because the store lacks something, in ms. */
const COMPLETING = 300_000

/**
 * How an API server without streaming lists refuses one: the parameter is invalid. Source:
 * k8s.io/apimachinery/pkg/apis/meta/internalversion/validation, ValidateListOptions.
 */
const NO_STREAMS = [400, 422]

/** What a reflector does next. */
export type State =
  | { readonly does: 'list'; readonly reason: ListReason }
  | { readonly does: 'probe'; readonly established: boolean }
  | { readonly does: 'watch'; readonly path: string; readonly resourceVersion: string }

export interface ReflectorOptions<T> {
  readonly api: Api
  /** What is listed and watched. */
  readonly resource: Resource<T>
  readonly store: Store<T>
  readonly logger: Logger
  readonly observer: ClusterObserver
  /** A monotonic clock, in ms. */
  readonly now: () => number
}

/**
 * Keeps a store equal to the cluster's objects of one resource: a list, streamed by a watch where the API server can, then
 * watches from where it ended, for ever. A broken watch is resumed; where it cannot be, a list brings the store up.
 *
 * The API may be missing, or come and go. Without it there are no objects; that is concluded only when the resource itself
 * answers 404 and discovery agrees, twice, with time between.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>
  readonly #backoff: Backoff
  #state: State = { does: 'list', reason: 'start' }
  #completeAt = -Infinity
  #listedAt = -Infinity
  /** The API path of the last list, as it was logged. */
  #logged: string | undefined
  /** Whether the next list is streamed; one that failed is followed by a plain one, which may be possible where it is not. */
  #streams: 'yes' | 'not now' | 'never' = 'yes'

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#backoff = new Backoff(options.now)
  }

  /**
   * A moment, by the monotonic clock, such that the store has all that was written before it; -Infinity before the first
   * list. It is when a list was asked for, or the end of the time that a watch was asked to last; never when something
   * arrived, which may have been long on its way.
   */
  get completeAt(): number {
    return this.#completeAt
  }

  /** Whether the API is known to be absent, so that there are no objects. */
  get absent(): boolean {
    return this.#state.does === 'probe' && this.#state.established
  }

  /** Runs until the signal; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#state = await this.#step(this.#state, signal)
      } catch (error) {
        if (signal.aborted) return
        this.#state = this.#after(error)
        await this.#pause(error, signal).catch(() => {})
      }
    }
  }

  #step(state: State, signal: AbortSignal): Promise<State> {
    switch (state.does) {
      case 'list':
        return this.#list(state.reason, signal)
      case 'probe':
        return this.#probe(state.established, signal)
      case 'watch':
        return this.#watch({ ...state, lasting: lastingAt(this.#age()) }, undefined, signal)
    }
  }

  async #list(reason: ListReason, signal: AbortSignal): Promise<State> {
    const { api, resource, store, now } = this.#options
    const begun = now()
    const path = await discover(api, resource, signal)
    if (path === undefined) {
      await confirmAbsent(api, resource, signal)
      return { does: 'probe', established: false }
    }
    if (this.#streams === 'yes') {
      this.#streams = 'not now'
      try {
        return await this.#watch({ path, resourceVersion: undefined, lasting: lastingAt(0) }, reason, signal)
      } catch (error) {
        if (!(error instanceof ApiError && NO_STREAMS.includes(error.status)) || this.#state.does === 'watch')
          throw error
        this.#streams = 'never'
      }
    }
    if (this.#streams === 'not now') this.#streams = 'yes'
    const deadline = new Deadline(`${path}: the list`, LONGEST_LIST, signal)
    try {
      const { resourceVersion } = await listInto(store, api, resource, path, undefined, deadline.signal)
      this.#listed({ reason, begun, path, streamed: false })
      return { does: 'watch', path, resourceVersion }
    } catch (error) {
      throw deadline.reasonFor(error)
    } finally {
      deadline.clear()
    }
  }

  /** Looks a second time whether the API is absent, and then again and again. */
  async #probe(established: boolean, signal: AbortSignal): Promise<State> {
    const { api, resource, store, now } = this.#options
    await wait(established ? ABSENT_PROBE : ABSENT_AGAIN, undefined, { signal })
    const begun = now()
    if ((await discover(api, resource, signal)) !== undefined) return { does: 'list', reason: 'api' }
    await confirmAbsent(api, resource, signal)
    store.beginList()
    await endList(store)
    this.#listed({ reason: 'api', begun, path: undefined, streamed: false })
    return { does: 'probe', established: true }
  }

  /** Takes note of a list that the store has taken whole. */
  #listed({ reason, begun, path, streamed }: List): void {
    const { logger, resource, observer, now } = this.#options
    if (this.#logged !== path || this.#completeAt === -Infinity)
      logger.info({ kind: resource.kind, path: path ?? 'not served', streamed }, 'synced')
    this.#logged = path
    this.#completeAt = begun
    this.#listedAt = begun
    observer.listed(nameOf(resource), reason, now() - begun)
    if (streamed) this.#streams = 'yes'
  }

  /** Watches; with a list first, if there is a reason for one. */
  async #watch(request: WatchRequest, listReason: ListReason | undefined, signal: AbortSignal): Promise<State> {
    const { api, resource, store, now, observer } = this.#options
    const { path, lasting } = request
    const begun = now()
    let reason = listReason
    const times = new WatchTimes(begun, lasting)
    const opened = () => {
      observer.watchStarted(nameOf(resource))
      times.opened(now())
    }
    if (reason) store.beginList()
    for await (const event of watch(api, resource, request, signal, opened)) {
      takeEvent(store, resource, event)
      if (reason && !event.endsList) continue
      if (reason) {
        await endList(store)
        this.#listed({ reason, begun, path, streamed: true })
        reason = undefined
      } else times.arrived(now())
      this.#state = { does: 'watch', path, resourceVersion: event.resourceVersion }
      // However it ends, this watch has done its work.
      this.#backoff.success()
      if (now() - begun > lasting + OVERDUE) throw new Error(`${path}: the watch did not end after ${lasting} ms`)
    }
    if (reason) throw new Error(`${path}: the watch ended before its list`)
    const ended = now()
    if (ended - begun < VERY_SHORT) throw new Error(`${path}: the watch ended at once`)
    observer.watchEnded(nameOf(resource), 'timeout')
    this.#completeAt = times.provenUntil(ended) ?? this.#completeAt
    return this.#afterWatch(ended)
  }

  /** Age of what is known, in ms. */
  #age(): number {
    return this.#options.now() - this.#completeAt
  }

  #afterWatch(ended: number): State {
    const { store } = this.#options
    if (this.#age() > RESUMABLE) return { does: 'list', reason: 'unproven' }
    if (store.incomplete.size > 0 && ended - this.#listedAt > COMPLETING) return { does: 'list', reason: 'incomplete' }
    return this.#state
  }

  /** What to do after a failure. */
  #after(error: unknown): State {
    const state = this.#state
    const status = error instanceof ApiError ? error.status : undefined
    if (state.does === 'probe') return { does: 'list', reason: 'api' }
    if (state.does === 'list') return state
    const { resource, observer } = this.#options
    observer.watchEnded(nameOf(resource), status === undefined ? 'broken' : 'refused')
    if (status === 404) return { does: 'list', reason: 'api' }
    if (status === 410) return { does: 'list', reason: 'expired' }
    return this.#age() > RESUMABLE ? { does: 'list', reason: 'unproven' } : state
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    const { logger, resource } = this.#options
    const asked = error instanceof ApiError ? (error.retryAfter ?? 0) : 0
    const pause = Math.max(this.#backoff.failure(), Math.min(asked, LONGEST_PAUSE))
    logger.warn(
      { err: error, kind: resource.kind, retryMilliseconds: Math.round(pause) },
      'watching failed; trying again',
    )
    await wait(pause, undefined, { signal })
  }
}

/** A list that is complete: why it was made, when it was asked for, and of which API path, if any. */
interface List {
  readonly reason: ListReason
  readonly begun: number
  readonly path: string | undefined
  readonly streamed: boolean
}
