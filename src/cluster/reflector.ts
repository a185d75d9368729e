import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { ProblemReports } from '../system/problem-reports.ts'
import { reasonOf } from '../system/reason.ts'
import type { Api } from './api.ts'
import { ApiError } from './api-error.ts'
import { Backoff } from './backoff.ts'
import { Deadline } from './deadline.ts'
import { confirmAbsent, discover } from './discovery.ts'
import type { ClusterObserver, ListReason } from './observer.ts'
import { type Event, type Listing, next, type Probing, START, type State } from './reflector-state.ts'
import { nameOf, type Resource } from './resource.ts'
import { endList, listInto, type Store, takeEvent } from './store.ts'
import { NO_STREAMS, type WatchRequest, watch } from './watch.ts'
import { LONGEST_LIST, WatchTimes, watchDuration } from './watch-time.ts'

/** How often to ask for an API that is absent, in ms: often enough that the store does not become stale. */
const ABSENT_PROBE = 5_000

/** Time between the two answers that prove an API absent, in ms: an API server that starts lists all APIs before. */
const ABSENT_AGAIN = 2_000

/** A watch that ends sooner than this, in ms, counts as a failure, so that the next one waits for the backoff. */
const VERY_SHORT = 1_000

/** The longest `Retry-After` that is respected, in ms: the store becomes stale meanwhile. */
const LONGEST_PAUSE = 30_000

/** How often a full list may be made only because the store is incomplete, in ms. */
const COMPLETING = 300_000

export interface ReflectorOptions<T> {
  readonly api: Api
  /** The resource to list and watch. */
  readonly resource: Resource<T>
  readonly store: Store<T>
  readonly logger: Logger
  readonly observer: ClusterObserver
  /** A monotonic clock, in ms. */
  readonly now: () => number
}

/**
 * Keeps a store equal to the cluster's objects of one resource. It makes a list, streamed by a watch if the API server
 * supports that, then watches from the resource version of the list. It resumes a broken watch or, if that is not
 * possible, makes a list again.
 *
 * The API may be installed or removed at any time. The reflector concludes that it is absent, so that there are no
 * objects, only when the resource itself answers 404 and discovery does not list it, twice, some time apart.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>
  readonly #name: string
  readonly #backoff: Backoff
  readonly #problems: ProblemReports
  #state: State = START
  #completeAt = -Infinity
  #listedAt = -Infinity
  /** Whether the answer of the current watch has begun. */
  #opened = false
  /** The API path of the last list that was logged. */
  #logged: string | undefined

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#name = nameOf(options.resource)
    this.#backoff = new Backoff(options.now)
    this.#problems = new ProblemReports(options.now)
  }

  /**
   * The time up to which the store is complete, by the monotonic clock: it has every write before that; -Infinity
   * before the first list. It is the start of a list request or the requested end of a watch. It is never the arrival
   * of an event, which the network may have delayed.
   */
  get completeAt(): number {
    return this.#completeAt
  }

  /** Whether the API is proved absent, so that there are no objects. */
  get absent(): boolean {
    return this.#state.does === 'probe' && this.#state.absent
  }

  /** Runs until the signal; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#move(await this.#step(signal))
      } catch (error) {
        if (signal.aborted) return
        this.#fail(error)
        await this.#pause(error, signal).catch(() => {})
      }
    }
  }

  #move(event: Event): void {
    this.#state = next(this.#state, event)
  }

  /** Runs the step of the current state, and returns its last event. A watch changes the state with each event before that. */
  #step(signal: AbortSignal): Promise<Event> {
    const state = this.#state
    switch (state.does) {
      case 'discover':
        return this.#discover(signal)
      case 'list':
        return state.streams === 'yes' ? this.#stream(state, signal) : this.#list(state, signal)
      case 'watch':
        return this.#watch({ ...state, duration: watchDuration(this.#age()) }, signal)
      case 'probe':
        return this.#probe(state, signal)
    }
  }

  async #discover(signal: AbortSignal): Promise<Event> {
    const { api, resource } = this.#options
    const path = await discover(api, resource, signal)
    if (path !== undefined) return { is: 'served', path }
    await confirmAbsent(api, resource, signal)
    return { is: 'not served' }
  }

  /** Asks again, after a pause, whether the API is absent: first to prove it, later to find that it was installed. */
  async #probe({ absent }: Probing, signal: AbortSignal): Promise<Event> {
    const { store, now } = this.#options
    await wait(absent ? ABSENT_PROBE : ABSENT_AGAIN, undefined, { signal })
    const begun = now()
    const event = await this.#discover(signal)
    if (event.is === 'not served') {
      store.beginList()
      await endList(store)
      this.#listed({ reason: 'api', begun, path: undefined, streamed: false })
    }
    return event
  }

  /** Watches from the beginning, with a streamed list first. */
  async #stream(state: Listing, signal: AbortSignal): Promise<Event> {
    try {
      return await this.#watch({ path: state.path, resourceVersion: undefined, duration: watchDuration(0) }, signal)
    } catch (error) {
      const isRefused = error instanceof ApiError && NO_STREAMS.includes(error.status) && this.#state === state
      if (isRefused) return { is: 'stream refused' }
      throw error
    }
  }

  /** Lists page by page. */
  async #list({ reason, path }: Listing, signal: AbortSignal): Promise<Event> {
    const { api, resource, store, now } = this.#options
    const begun = now()
    const deadline = new Deadline(`${path}: the list did not end`, LONGEST_LIST, signal)
    try {
      const { resourceVersion } = await listInto(store, api, resource, path, undefined, deadline.signal)
      this.#listed({ reason, begun, path, streamed: false })
      return { is: 'listed', resourceVersion }
    } catch (error) {
      throw deadline.reasonFor(error)
    } finally {
      deadline.clear()
    }
  }

  /** Watches until the API server ends the watch. In the state `list`, the watch begins with a streamed list. */
  async #watch(request: WatchRequest, signal: AbortSignal): Promise<Event> {
    const { api, resource, store, now } = this.#options
    const { path, duration } = request
    const begun = now()
    const times = new WatchTimes(begun, duration)
    this.#opened = false
    const opened = () => {
      this.#opened = true
      times.opened(now())
    }
    if (this.#state.does === 'list') store.beginList()
    for await (const event of watch(api, resource, request, signal, opened)) {
      takeEvent(store, resource, event)
      const { resourceVersion, endsList } = event
      const state = this.#state
      if (state.does === 'list' && !endsList) continue
      if (state.does === 'list') {
        await endList(store)
        this.#listed({ reason: state.reason, begun, path, streamed: true })
        this.#move({ is: 'listed', resourceVersion })
      } else {
        times.arrived(now())
        this.#move({ is: 'advanced', resourceVersion })
      }
      // The watch has brought something: it counts as a success, however it ends.
      this.#backoff.success()
      this.#problems.gone()
    }
    if (this.#state.does === 'list') throw new Error(`${path}: the watch ended before its list`)
    return this.#ended(path, begun, times)
  }

  /** Handles a watch that the API server has ended in order. */
  #ended(path: string, begun: number, times: WatchTimes): Event {
    const { store, now, observer } = this.#options
    const at = now()
    if (at - begun < VERY_SHORT) throw new Error(`${path}: the watch ended immediately`)
    observer.watchEnded(this.#name, 'timeout')
    this.#completeAt = times.provenUntil(at) ?? this.#completeAt
    const lacking = store.incomplete.size > 0 && at - this.#listedAt > COMPLETING
    return { is: 'ended', age: this.#age(), lacking }
  }

  /** Records a complete list. */
  #listed({ reason, begun, path, streamed }: List): void {
    const { logger, resource, observer, now } = this.#options
    if (this.#logged !== path || this.#completeAt === -Infinity)
      logger.info({ kind: resource.kind, path: path ?? 'not served', streamed }, 'synced')
    this.#logged = path
    this.#completeAt = begun
    this.#listedAt = begun
    observer.listed(this.#name, reason, now() - begun)
  }

  /** The age of the store, in ms. */
  #age(): number {
    return this.#options.now() - this.#completeAt
  }

  #fail(error: unknown): void {
    const answered = error instanceof ApiError ? error.status : undefined
    if (this.#state.does === 'watch')
      this.#options.observer.watchEnded(this.#name, answered === undefined ? 'broken' : 'refused')
    const status = answered ?? (this.#opened ? undefined : 'no answer')
    this.#move({ is: 'failed', age: this.#age(), status })
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    const { kind } = this.#options.resource
    const asked = error instanceof ApiError ? (error.retryAfter ?? 0) : 0
    const pause = Math.max(this.#backoff.failure(), Math.min(asked, LONGEST_PAUSE))
    const details = { reason: reasonOf(error), kind, retryMilliseconds: Math.round(pause) }
    if (this.#problems.found(details.reason)) this.#options.logger.warn(details, 'watching failed; trying again')
    await wait(pause, undefined, { signal })
  }
}

/** A complete list: why and when it was requested, and its API path; undefined if the API is absent. */
interface List {
  readonly reason: ListReason
  readonly begun: number
  readonly path: string | undefined
  readonly streamed: boolean
}
