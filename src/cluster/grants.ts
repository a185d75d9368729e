import { type FreshGrants, type GrantSource, LookupFailed } from '../admission/grant-source.ts'
import { GrantIndex } from '../policy/grant-index.ts'
import { ApiError } from './api.ts'
import { Budget, type Rate } from './budget.ts'
import { FreshReads } from './fresh-reads.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'

/** How much fresh reading is allowed, and how old knowledge may be. */
export interface Limits {
  /** Age beyond which the watched grants are judged by no more, in ms. */
  readonly knowledgeAge: number
  /** Fresh reads that the objects of one namespace may cause, and all objects together. */
  readonly eachNamespace: Rate
  readonly allNamespaces: Rate
}

/** The cluster's grants: an index that a reflector keeps, and fresh reads where it is too old or says no. */
export class ClusterGrants implements GrantSource {
  readonly index = new GrantIndex()
  readonly #reflector: Reflector
  readonly #reads: FreshReads
  readonly #now: () => number
  #budget: Budget
  #knowledgeAge: number

  constructor({ api, logger, now, limits }: Omit<ReflectorOptions, 'store'> & { readonly limits: Limits }) {
    this.#now = now
    this.#reflector = new Reflector({ api, store: this.index, logger, now })
    this.#reads = new FreshReads(api)
    this.#budget = new Budget(limits.eachNamespace, limits.allNamespaces, now)
    this.#knowledgeAge = limits.knowledgeAge
  }

  /** Takes other limits from now on; budgets begin full. */
  limit({ knowledgeAge, eachNamespace, allNamespaces }: Limits): void {
    this.#knowledgeAge = knowledgeAge
    this.#budget = new Budget(eachNamespace, allNamespaces, this.#now)
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
    return { grants: this.index, current: this.age <= this.#knowledgeAge }
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
