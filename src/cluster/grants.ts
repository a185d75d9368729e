import { type FreshGrants, type GrantSource, LookupFailed } from '../admission/grant-source.ts'
import type { Grant } from '../policy/grant.ts'
import { anyOf, GrantIndex, lookupIn } from '../policy/grant-index.ts'
import { type GrantKind, resourceOf } from '../policy/grant-kinds.ts'
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

interface ClusterGrantsOptions extends Pick<ReflectorOptions, 'api' | 'logger' | 'now'> {
  /** What counts as a grant. */
  readonly kinds: readonly GrantKind[]
  readonly limits: Limits
}

/** The cluster's grants: an index that reflectors keep, and fresh reads where it is too old or says no. */
export class ClusterGrants implements GrantSource {
  readonly #kinds: readonly { readonly index: GrantIndex; readonly reflector: Reflector; readonly reads: FreshReads }[]
  readonly #now: () => number
  #budget: Budget
  #knowledgeAge: number
  /** Whether the fresh reads that ended last could be made. */
  #readable = true

  constructor({ api, logger, now, kinds, limits }: ClusterGrantsOptions) {
    this.#now = now
    this.#kinds = kinds.map((kind) => {
      const index = new GrantIndex(resourceOf(kind))
      const reflector = new Reflector({ api, kind, store: index, logger, now })
      return { index, reflector, reads: new FreshReads(api, kind) }
    })
    this.#budget = new Budget(limits.eachNamespace, limits.allNamespaces, now)
    this.#knowledgeAge = limits.knowledgeAge
  }

  /** Takes other limits from now on; budgets begin full. */
  limit({ knowledgeAge, eachNamespace, allNamespaces }: Limits): void {
    this.#knowledgeAge = knowledgeAge
    this.#budget = new Budget(eachNamespace, allNamespaces, this.#now)
  }

  /** Keeps the index until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#kinds.map(({ reflector }) => reflector.run(signal)))
  }

  /** Time since the index was last known to be complete, in ms; Infinity before the first time. */
  get age(): number {
    return this.#now() - Math.min(...this.#kinds.map(({ reflector }) => reflector.completeAt))
  }

  /** How many grants are known. */
  get size(): number {
    return this.#kinds.reduce((sum, { index }) => sum + index.size, 0)
  }

  /** Fresh reads since the start. */
  get freshReads(): FreshReads['counts'] {
    return sum(this.#kinds.map(({ reads }) => reads.counts))
  }

  /** Time that fresh reads took, in ms. */
  get freshReadTime(): number {
    return this.#kinds.reduce((sum, { reads }) => sum + reads.milliseconds, 0)
  }

  /** How watches ended, and why all was listed, since the start. */
  get watches(): Reflector['watches'] {
    return sum(this.#kinds.map(({ reflector }) => reflector.watches))
  }

  get lists(): Reflector['lists'] {
    return sum(this.#kinds.map(({ reflector }) => reflector.lists))
  }

  cached() {
    return { grants: anyOf(this.#kinds.map(({ index }) => index)), current: this.age <= this.#knowledgeAge }
  }

  async fresh(namespaces: readonly string[], referrerNamespace: string, signal: AbortSignal): Promise<FreshGrants> {
    const begun = new Map<string, Promise<Grant[]>[]>()
    for (const namespace of namespaces) {
      const reads = this.#readAll(namespace, referrerNamespace)
      if (!reads) break
      begun.set(namespace, reads)
    }
    // What fails for fresh reads fails for watches too, most likely: the index may lack what is seconds old.
    if (begun.size === 0 && !this.#readable)
      throw new LookupFailed('the last reads failed, and too many had to be made lately to make more')
    try {
      const lists = await Promise.race([Promise.all([...begun.values()].flat()), aborted(signal)])
      this.#readable ||= begun.size > 0
      return { grants: lookupIn(lists.flat()), read: new Set(begun.keys()) }
    } catch (error) {
      this.#readable = false
      throw new LookupFailed(explain(error), { cause: error })
    }
  }

  /** Reads of every kind in one namespace; undefined if they could not be afforded. */
  #readAll(namespace: string, referrerNamespace: string): Promise<Grant[]>[] | undefined {
    const reads: Promise<Grant[]>[] = []
    for (const kind of this.#kinds) {
      const read = kind.reads.read(namespace, () => this.#budget.take(referrerNamespace))
      if (!read) {
        // Those that are on their way are of use to others; their failures are nobody's here.
        for (const begun of reads) begun.catch(() => {})
        return undefined
      }
      reads.push(read)
    }
    return reads
  }
}

/** Counts of the same things, added up. */
function sum<K extends string>(all: readonly Readonly<Record<K, number>>[]): Record<K, number> {
  const total = { ...all[0] } as Record<K, number>
  for (const counts of all.slice(1)) for (const key of Object.keys(total) as K[]) total[key] += counts[key]
  return total
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
