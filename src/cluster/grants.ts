import { type FreshGrants, type GrantSource, LookupFailed } from '../admission/grant-source.ts'
import { GrantIndex } from '../policy/grant-index.ts'
import { ApiError } from './api.ts'
import { Budget } from './budget.ts'
import { FreshReads } from './fresh-reads.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'

/**
 * Age beyond which the watched grants are judged by no more, in ms: watches prove themselves every 30 s, and 10 s are
 * left to notice one that does not and to begin another.
 */
const BOUND = 40_000

/**
 * Fresh reads that the objects of one namespace may cause: some applies of many objects at once, then five a second.
 * Whoever needs more is refused all the time, and by now knows why.
 */
const EACH_NAMESPACE = { burst: 20, perSecond: 5 }

/** Fresh reads that all together may cause. Each is a small read from the API server's memory, some ms of its time. */
const ALL_NAMESPACES = { burst: 200, perSecond: 50 }

/** The cluster's grants: an index that a reflector keeps, and fresh reads where it is too old or says no. */
export class ClusterGrants implements GrantSource {
  readonly index = new GrantIndex()
  readonly #reflector: Reflector
  readonly #reads: FreshReads
  readonly #budget: Budget
  readonly #now: () => number

  constructor({ api, logger, now }: Omit<ReflectorOptions, 'store'>) {
    this.#now = now
    this.#reflector = new Reflector({ api, store: this.index, logger, now })
    this.#reads = new FreshReads(api)
    this.#budget = new Budget(EACH_NAMESPACE, ALL_NAMESPACES, now)
  }

  /** Keeps the index until the signal. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal)
  }

  /** Time since the index was last known to be complete, in ms; Infinity before the first time. */
  get age(): number {
    return this.#now() - this.#reflector.completeAt
  }

  /** Fresh reads since the start. */
  get freshReads(): FreshReads['counts'] {
    return this.#reads.counts
  }

  cached() {
    return { grants: this.index, current: this.age <= BOUND }
  }

  async fresh(namespaces: readonly string[], referrerNamespace: string, signal: AbortSignal): Promise<FreshGrants> {
    const begun = new Map<string, ReturnType<FreshReads['read']> & {}>()
    for (const namespace of namespaces) {
      const read = this.#reads.read(namespace, () => this.#budget.take(referrerNamespace))
      if (!read) break
      begun.set(namespace, read)
    }
    try {
      const lists = await Promise.race([Promise.all(begun.values()), aborted(signal)])
      return { grants: new GrantIndex(lists.flat()), read: new Set(begun.keys()) }
    } catch (error) {
      throw new LookupFailed(explain(error), { cause: error })
    }
  }
}

/** The failure in words that may reach any requester: no addresses, nothing of the answer's body. */
function explain(error: unknown): string {
  if (error instanceof ApiError) return `the API server answered HTTP ${error.status}`
  const late = (error as { name?: unknown } | undefined)?.name === 'TimeoutError'
  return late ? 'the API server did not answer in time' : 'the API server could not be reached'
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
