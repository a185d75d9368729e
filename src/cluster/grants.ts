import { getHeapStatistics } from 'node:v8'
import type { Logger } from 'pino'
import { type GrantPlace, type GrantSource, LookupFailed } from '../admission/grant-source.ts'
import type { IndexLimits } from '../policy/grant-index.ts'
import { type GrantKind, resourceOf } from '../policy/grant-kinds.ts'
import { type GrantLookup, type KindLookup, NOT_KNOWN } from '../policy/grant-lookup.ts'
import { unlessAborted } from '../system/unless-aborted.ts'
import { NO_LOOKUP } from '../wording/unavailable.ts'
import { Additions } from './additions.ts'
import type { Api } from './api.ts'
import { ApiError } from './api-error.ts'
import { Budget, type Rate } from './budget.ts'
import { FairQueue } from './fair-queue.ts'
import { isNamespace, NotServed } from './fresh-reads.ts'
import { KindGrants } from './kind-grants.ts'
import { type ClusterObserver, UNOBSERVED } from './observer.ts'
import { ReadingRoom } from './reading-room.ts'

/**
 * The share of the heap for cached grants, and the share of that for one namespace. A container of 256 MiB has a heap
 * of 165 MiB: it caches 100,000 plain grants, and 6,000 in one namespace.
 */
const HEAP_SHARE = 0.15
const NAMESPACE_SHARE = 1 / 16

/**
 * How many fresh reads of small and of large namespaces run at once. A read of a small one waits for the network most of
 * its time; a few large ones keep the processor busy. A read that takes longer than SLOW_READ, in ms, gives its place to
 * the next.
 */
const READS_AT_ONCE = { small: 16, large: 4 }
const SLOW_READ = 1_000

/** The share of the heap for all fresh reads. */
const READS_SHARE = 0.05

/** How many fresh reads are allowed, and how old cached grants may be. */
export interface Limits {
  /** Age beyond which cached grants are stale, in ms. */
  readonly knowledgeAge: number
  /** The rate of fresh reads for the objects of one namespace, and of the reserve that all namespaces share. */
  readonly eachNamespace: Rate
  readonly allNamespaces: Rate
}

export interface ClusterGrantsOptions {
  readonly api: Api
  readonly logger: Logger
  /** The kinds of grants. */
  readonly kinds: readonly GrantKind[]
  readonly limits: Limits
  /** The limits of each kind's index; by default a share of the heap. */
  readonly indexLimits?: IndexLimits
  readonly observer?: ClusterObserver
  /** A monotonic clock, in ms. */
  readonly now: () => number
}

/**
 * The grants of a cluster. For each kind, a reflector keeps an index, and fresh reads answer where the index is stale
 * or does not permit. A failure of one kind does not affect the others.
 */
export class ClusterGrants implements GrantSource {
  /** By resource (see `resourceOf`). */
  readonly #byResource: ReadonlyMap<string | undefined, KindGrants>
  readonly #kinds: readonly KindGrants[]
  readonly #lookup: GrantLookup = { of: (kind) => this.#indexOf(kind) }
  readonly #now: () => number
  readonly #additions = new Additions()
  #budget: Budget
  #knowledgeAge: number

  constructor(options: ClusterGrantsOptions) {
    const { api, logger, now, kinds, limits, indexLimits = heapShare(kinds.length), observer = UNOBSERVED } = options
    this.#now = now
    const queues = {
      small: new FairQueue(READS_AT_ONCE.small, SLOW_READ),
      large: new FairQueue(READS_AT_ONCE.large, SLOW_READ),
    }
    const reading = new ReadingRoom(getHeapStatistics().heap_size_limit * READS_SHARE)
    const common = { api, logger, observer, now, limits: indexLimits, queues, reading, additions: this.#additions }
    this.#byResource = new Map(kinds.map((kind) => [resourceOf(kind), new KindGrants(kind, common)]))
    this.#kinds = [...this.#byResource.values()]
    this.#budget = new Budget(limits.eachNamespace, limits.allNamespaces, now)
    this.#knowledgeAge = limits.knowledgeAge
  }

  /** Changes the limits. The budgets are full again. */
  limit({ knowledgeAge, eachNamespace, allNamespaces }: Limits): void {
    this.#knowledgeAge = knowledgeAge
    this.#budget = new Budget(eachNamespace, allNamespaces, this.#now)
  }

  /** Keeps the indexes up to date until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#kinds.map((kind) => kind.run(signal)))
  }

  /** The age of the oldest index, in ms; Infinity before its first list. */
  get age(): number {
    return Math.max(...this.#kinds.map((kind) => this.#ageOf(kind)))
  }

  /** How many grants are cached. */
  get size(): number {
    return this.#kinds.reduce((sum, { index }) => sum + index.size, 0)
  }

  /** How many namespaces are incomplete: not all of their grants are cached. */
  get incomplete(): number {
    return this.#kinds.reduce((sum, { index }) => sum + index.incomplete.size, 0)
  }

  /** The cached grants. The lookup knows nothing of a kind whose index is stale; `current` is true if any index is. */
  cached() {
    return { grants: this.#lookup, current: this.#kinds.some((kind) => this.#isCurrent(kind)) }
  }

  async fresh(
    places: readonly GrantPlace[],
    referrerNamespace: string,
    received: (namespace: string, grants: GrantLookup) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const counting = this.#counting(places)
    // The budget remembers owners, and the sender of a forged review can name any number of namespaces.
    const owner = isNamespace(referrerNamespace) ? referrerNamespace : ''
    const begun: Promise<void>[] = []
    for (const place of places) {
      const reads = this.#readAll(place, owner, signal)
      if (!reads) break
      const taken = reads.then((grants) => {
        if (!signal.aborted) received(place.namespace, grants)
      })
      // If the read of another namespace fails first, nothing awaits this one.
      taken.catch(() => {})
      begun.push(taken)
    }
    // Where fresh reads fail, watches most likely fail too: the index may lack the grants of the last seconds.
    if (begun.length === 0 && !counting.every(({ readable }) => readable)) throw new LookupFailed(NO_LOOKUP.unreadable)
    try {
      await unlessAborted(signal, Promise.all(begun))
    } catch (error) {
      // A client that has disconnected is not a failure of the API server.
      if (signal.aborted && (error as Error).name !== 'AbortError') for (const kind of counting) kind.timedOut()
      throw new LookupFailed(failureReason(error), { cause: error })
    }
  }

  onAdded(namespace: string, listener: () => void): () => void {
    return this.#additions.follow(namespace, listener)
  }

  /** Reads each kind that counts in a namespace. Returns undefined if the budget is spent. */
  #readAll({ namespace, kinds }: GrantPlace, owner: string, signal: AbortSignal): Promise<GrantLookup> | undefined {
    const reads: Promise<[string | undefined, KindLookup]>[] = []
    for (const resource of kinds.map(resourceOf)) {
      const read = this.#byResource.get(resource)?.read(namespace, owner, () => this.#budget.take(owner), signal)
      if (!read) {
        // Other reviews may share the reads in flight; nothing awaits them here.
        for (const begun of reads) begun.catch(() => {})
        return undefined
      }
      reads.push(read.then((grants) => [resource, grants]))
    }
    return Promise.all(reads).then((lookups) => {
      const byResource = new Map(lookups)
      return { of: (kind) => byResource.get(resourceOf(kind)) ?? NOT_KNOWN }
    })
  }

  /**
   * Returns the kinds that count in any of these places.
   *
   * @throws LookupFailed for a kind without a reflector: a reloaded configuration may name one
   */
  #counting(places: readonly GrantPlace[]): KindGrants[] {
    return [...new Set(places.flatMap(({ kinds }) => kinds))].map((kind) => {
      const counting = this.#byResource.get(resourceOf(kind))
      if (!counting) throw new LookupFailed(NO_LOOKUP.notWatched(kind.kind))
      return counting
    })
  }

  #indexOf(kind: GrantKind): KindLookup {
    const known = this.#byResource.get(resourceOf(kind))
    return known && this.#isCurrent(known) ? known.index : NOT_KNOWN
  }

  #isCurrent(kind: KindGrants): boolean {
    return this.#ageOf(kind) <= this.#knowledgeAge
  }

  #ageOf({ completeAt }: KindGrants): number {
    return this.#now() - completeAt
  }
}

function heapShare(kinds: number): IndexLimits {
  const all = (getHeapStatistics().heap_size_limit * HEAP_SHARE) / kinds
  return { all, eachNamespace: all * NAMESPACE_SHARE }
}

/** Describes a failure to the requester: without addresses, and without the body of the answer. */
function failureReason(error: unknown): string {
  if (error instanceof ApiError) return NO_LOOKUP.answered(error.status)
  if (error instanceof NotServed) return NO_LOOKUP.notServed(error.kind)
  const { name, code, cause } = Object(error) as { name?: unknown; code?: unknown; cause?: { code?: unknown } }
  if (name === 'TimeoutError') return NO_LOOKUP.late
  // Node gives a code to an error of a connection.
  return [code, cause?.code].some((one) => typeof one === 'string') ? NO_LOOKUP.unreachable : NO_LOOKUP.unusable
}
