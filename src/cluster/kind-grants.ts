import type { Logger } from 'pino'
import type { Grant } from '../policy/grant.ts'
import { GrantIndex, type IndexLimits, type IndexObserver } from '../policy/grant-index.ts'
import { type GrantKind, resourceOf } from '../policy/grant-kinds.ts'
import type { Api } from './api.ts'
import type { Charge } from './budget.ts'
import type { FairQueue } from './fair-queue.ts'
import { FreshReads } from './fresh-reads.ts'
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
  /** What the index keeps. */
  readonly room: IndexLimits
  /** Where fresh reads wait for their turn, and what they take while they are in flight. */
  readonly queue: FairQueue
  readonly reading: ReadingRoom
}

/** What is known of the grants of one kind: an index that a reflector keeps, and fresh reads. */
export class KindGrants {
  readonly index: GrantIndex
  readonly #reflector: Reflector<Grant>
  readonly #reads: FreshReads
  #readable = true

  constructor(kind: GrantKind, { api, logger, observer, now, room, queue, reading }: KindGrantsOptions) {
    this.index = new GrantIndex(resourceOf(kind), room, telling(kind, observer, logger))
    const resource = grantResource(kind)
    const reflector = new Reflector({ api, resource, store: this.index, logger, observer, now })
    this.#reflector = reflector
    const absent = () => reflector.absent
    this.#reads = new FreshReads({ api, kind, queue, room: reading, most: room.eachNamespace, observer, now, absent })
  }

  /** Keeps the index until the signal. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal)
  }

  /** A moment such that the index has all that was written before it; see Reflector. */
  get completeAt(): number {
    return this.#reflector.completeAt
  }

  /** Whether the fresh read that ended last could be made. */
  get readable(): boolean {
    return this.#readable
  }

  /** Takes note that a review ran out of time while it waited for a fresh read. */
  late(): void {
    this.#readable = false
  }

  /** The grants of a namespace, read after this call began; see FreshReads. */
  read(
    namespace: string,
    owner: string,
    afford: () => Charge | undefined,
    signal: AbortSignal,
  ): Promise<GrantIndex> | undefined {
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

/** Tells of what the index of a kind does not keep, and logs which namespaces are incomplete. */
function telling(kind: GrantKind, observer: ClusterObserver, logger: Logger): IndexObserver {
  const resource = nameOf(kind)
  return {
    skipped: (namespace) => observer.skipped(resource, namespace),
    evicted: (namespace) => observer.evicted(resource, namespace),
    incomplete: (namespace) => {
      observer.incomplete(resource, namespace)
      logger.warn(
        { namespace, kind: kind.kind },
        'the grants of a namespace are more, or one of them larger, than is cached; those that are missing are read when a review needs them',
      )
    },
  }
}
