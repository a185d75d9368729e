import type { Logger } from 'pino'
import type { Grant } from '../policy/grant.ts'
import { GrantIndex, type IndexLimits, type ReadonlyIndex } from '../policy/grant-index.ts'
import { type GrantKind, resourceOf } from '../policy/grant-kinds.ts'
import type { KindLookup } from '../policy/grant-lookup.ts'
import type { IndexObserver } from '../policy/index-observer.ts'
import type { Additions } from './additions.ts'
import type { Api } from './api.ts'
import type { Charge } from './budget.ts'
import { FreshReads, type ReadQueues } from './fresh-reads.ts'
import { grantResource } from './grant-resource.ts'
import type { ClusterObserver } from './observer.ts'
import type { ReadingRoom } from './reading-room.ts'
import { Reflector } from './reflector.ts'
import { nameOf } from './resource.ts'

/** What the grants of all kinds have in common. */
interface KindGrantsOptions {
  readonly api: Api
  readonly logger: Logger
  readonly observer: ClusterObserver
  /** A monotonic clock, in ms. */
  readonly now: () => number
  /** The limits of the index. */
  readonly limits: IndexLimits
  /** Where fresh reads wait for their turn, and what bounds their memory while they are in flight. */
  readonly queues: ReadQueues
  readonly reading: ReadingRoom
  /** Who follows the additions to the indexes of all kinds. */
  readonly additions: Additions
}

/** The grants of one kind: an index that a reflector keeps up to date, and fresh reads. */
export class KindGrants {
  readonly #index: GrantIndex
  readonly #reflector: Reflector<Grant>
  readonly #reads: FreshReads
  #readable = true

  constructor(kind: GrantKind, options: KindGrantsOptions) {
    const { api, logger, observer, now, limits, queues, reading } = options
    this.#index = new GrantIndex(resourceOf(kind), limits, indexObserver(kind, options))
    const resource = grantResource(kind)
    const reflector = new Reflector({ api, resource, store: this.#index, logger, observer, now })
    this.#reflector = reflector
    const absent = () => reflector.absent
    const cached = (namespace: string) => this.#index.weightOf(namespace)
    this.#reads = new FreshReads({
      api,
      kind,
      queues,
      reading,
      most: limits.eachNamespace,
      cached,
      observer,
      now,
      absent,
    })
  }

  /** The cached grants, to look up. Only the reflector changes them. */
  get index(): ReadonlyIndex {
    return this.#index
  }

  /** Keeps the index up to date until the signal. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal)
  }

  /** The time up to which the index is complete; see Reflector. */
  get completeAt(): number {
    return this.#reflector.completeAt
  }

  /** Whether the last fresh read succeeded. */
  get readable(): boolean {
    return this.#readable
  }

  /** Records that a review timed out while it waited for a fresh read. */
  timedOut(): void {
    this.#readable = false
  }

  /** Returns the grants of a namespace from a read that begins after this call; see FreshReads. */
  read(
    namespace: string,
    owner: string,
    afford: () => Charge | undefined,
    signal: AbortSignal,
  ): Promise<KindLookup> | undefined {
    return this.#reads.read(namespace, owner, afford, signal)?.then(
      ({ grants }) => {
        this.#readable = true
        return grants
      },
      (error) => {
        this.#readable = false
        throw error
      },
    )
  }
}

/** Reports what the index of a kind adds and does not keep, and logs incomplete namespaces. */
function indexObserver(kind: GrantKind, { observer, logger, additions }: KindGrantsOptions): IndexObserver {
  const resource = nameOf(kind)
  return {
    added: (namespace) => additions.added(namespace),
    skipped: (namespace) => observer.skipped(resource, namespace),
    evicted: (namespace) => observer.evicted(resource, namespace),
    incomplete: (namespace) => {
      logger.warn(
        { namespace, kind: kind.kind },
        'some grants of the namespace are not cached: they exceed a limit. Reviews use fresh reads; raise the memory limit or write smaller grants.',
      )
    },
  }
}
