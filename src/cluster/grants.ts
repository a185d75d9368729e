import { getHeapStatistics } from 'node:v8'
import type { Logger } from 'pino'
import { type GrantPlace, type GrantSource, LookupFailed } from '../admission/grant-source.ts'
import { unlessAborted } from '../admission/unless-aborted.ts'
import type { IndexLimits } from '../policy/grant-index.ts'
import { type GrantKind, resourceOf } from '../policy/grant-kinds.ts'
import { type GrantLookup, type KindLookup, NOT_KNOWN } from '../policy/grant-lookup.ts'
import { type Api, ApiError } from './api.ts'
import { Budget, type Rate } from './budget.ts'
import { FairQueue } from './fair-queue.ts'
import { isNamespace } from './fresh-reads.ts'
import { KindGrants } from './kind-grants.ts'
import { type ClusterObserver, UNOBSERVED } from './observer.ts'
import { ReadingRoom } from './reading-room.ts'

/**
 * What the cached grants may take of the heap, and those of one namespace of that. In a container of 256 MiB, where the
 * heap has 153 MiB, that is 100,000 plain grants, and 6,000 in one namespace.
 */
const HEAP_SHARE = 0.15
const NAMESPACE_SHARE = 1 / 16

/**
 * Fresh reads at once, and what they may take of the heap together: some are as large as one namespace may be, most are
 * small. One that takes longer than this, in ms, waits for the network, and gives its place to the next.
 */
const READS_AT_ONCE = 16
const READS_SHARE = 0.05
const SLOW_READ = 1_000

/** How much fresh reading is allowed, and how old knowledge may be. */
export interface Limits {
  /** Age beyond which cached grants are judged by no more, in ms. */
  readonly knowledgeAge: number
  /** Fresh reads that the objects of one namespace may cause, and what all may take together beyond that. */
  readonly eachNamespace: Rate
  readonly allNamespaces: Rate
}

export interface ClusterGrantsOptions {
  readonly api: Api
  readonly logger: Logger
  /** What counts as a grant. */
  readonly kinds: readonly GrantKind[]
  readonly limits: Limits
  /** What the index of each kind keeps; by default a share of the heap. */
  readonly room?: IndexLimits
  readonly observer?: ClusterObserver
  /** A monotonic clock, in ms. */
  readonly now: () => number
}

/**
 * The cluster's grants: for each kind an index that a reflector keeps, and fresh reads where that is too old or says no.
 * What fails for one kind changes nothing for another.
 */
export class ClusterGrants implements GrantSource {
  /** By their resources (see `resourceOf`). */
  readonly #byResource: ReadonlyMap<string | undefined, KindGrants>
  readonly #kinds: readonly KindGrants[]
  readonly #lookup: GrantLookup = { of: (kind) => this.#indexOf(kind) }
  readonly #now: () => number
  #budget: Budget
  #knowledgeAge: number

  constructor(options: ClusterGrantsOptions) {
    const { api, logger, now, kinds, limits, room = roomInHeap(kinds.length), observer = UNOBSERVED } = options
    this.#now = now
    const queue = new FairQueue(READS_AT_ONCE, SLOW_READ)
    const reading = new ReadingRoom(getHeapStatistics().heap_size_limit * READS_SHARE)
    const common = { api, logger, observer, now, room, queue, reading }
    this.#byResource = new Map(kinds.map((kind) => [resourceOf(kind), new KindGrants(kind, common)]))
    this.#kinds = [...this.#byResource.values()]
    this.#budget = new Budget(limits.eachNamespace, limits.allNamespaces, now)
    this.#knowledgeAge = limits.knowledgeAge
  }

  /** Takes other limits from now on; budgets begin full. */
  limit({ knowledgeAge, eachNamespace, allNamespaces }: Limits): void {
    this.#knowledgeAge = knowledgeAge
    this.#budget = new Budget(eachNamespace, allNamespaces, this.#now)
  }

  /** Keeps the indexes until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#kinds.map((kind) => kind.run(signal)))
  }

  /** Age of what is cached of the kind that is oldest, in ms; Infinity before its first list. */
  get age(): number {
    return Math.max(...this.#kinds.map((kind) => this.#ageOf(kind)))
  }

  /** How many grants are cached. */
  get size(): number {
    return this.#kinds.reduce((sum, { index }) => sum + index.size, 0)
  }

  /** Namespaces of which not all grants are cached. */
  get incomplete(): number {
    return this.#kinds.reduce((sum, { index }) => sum + index.incomplete.size, 0)
  }

  /** Of a kind that is too old, nothing is known; what is cached is current while some kind is. */
  cached() {
    return { grants: this.#lookup, current: this.#kinds.some((kind) => this.#isCurrent(kind)) }
  }

  async fresh(
    places: readonly GrantPlace[],
    referrerNamespace: string,
    take: (namespace: string, grants: GrantLookup) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const counting = this.#counting(places)
    // The sender of a made-up review chooses its namespace, and owners are remembered.
    const owner = isNamespace(referrerNamespace) ? referrerNamespace : ''
    const begun: Promise<void>[] = []
    for (const place of places) {
      const reads = this.#readAll(place, owner, signal)
      if (!reads) break
      const taken = reads.then((grants) => {
        if (!signal.aborted) take(place.namespace, grants)
      })
      // A review that fails for another namespace does not wait for this one.
      taken.catch(() => {})
      begun.push(taken)
    }
    // What fails for fresh reads fails for watches too, most likely: the index may lack what is seconds old.
    if (begun.length === 0 && !counting.every(({ readable }) => readable))
      throw new LookupFailed('the last reads failed, and too many had to be made lately to make more')
    try {
      await unlessAborted(signal, Promise.all(begun))
    } catch (error) {
      // A review whose client has gone says nothing of the API server.
      if (signal.aborted && (error as Error).name !== 'AbortError') for (const kind of counting) kind.late()
      throw new LookupFailed(explain(error), { cause: error })
    }
  }

  /** Reads of each kind that counts in a namespace; undefined if they could not be afforded. */
  #readAll({ namespace, kinds }: GrantPlace, owner: string, signal: AbortSignal): Promise<GrantLookup> | undefined {
    const reads: Promise<[string | undefined, KindLookup]>[] = []
    for (const resource of kinds.map(resourceOf)) {
      const read = this.#byResource.get(resource)?.read(namespace, owner, () => this.#budget.take(owner), signal)
      if (!read) {
        // Other reviews may share the reads in flight; this one does not hear of their failures.
        for (const begun of reads) begun.catch(() => {})
        return undefined
      }
      reads.push(read.then((grants) => [resource, grants]))
    }
    return Promise.all(reads).then((made) => {
      const byResource = new Map(made)
      return { of: (kind) => byResource.get(resourceOf(kind)) ?? NOT_KNOWN }
    })
  }

  /**
   * The kinds that count somewhere.
   *
   * @throws LookupFailed for a kind that is not followed: a changed configuration may name one
   */
  #counting(places: readonly GrantPlace[]): KindGrants[] {
    return [...new Set(places.flatMap(({ kinds }) => kinds))].map((kind) => {
      const counting = this.#byResource.get(resourceOf(kind))
      if (!counting) throw new LookupFailed(`refgrant follows objects of kind ${kind.kind} only after a restart`)
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

function roomInHeap(kinds: number): IndexLimits {
  const all = (getHeapStatistics().heap_size_limit * HEAP_SHARE) / kinds
  return { all, eachNamespace: all * NAMESPACE_SHARE }
}

/** The failure in words that may reach any requester: no addresses, nothing of the answer's body. */
function explain(error: unknown): string {
  if (error instanceof ApiError) return `the API server answered HTTP ${error.status}`
  const late = (error as { name?: unknown } | undefined)?.name === 'TimeoutError'
  return late ? 'the API server did not answer in time' : 'the API server could not be reached'
}
