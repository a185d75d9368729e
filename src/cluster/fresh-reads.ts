import type { Grant } from '../policy/grant.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import { type Api, ApiError } from './api.ts'
import { discoverGrants } from './discovery.ts'
import { listGrants } from './grant-list.ts'

/** Longest that one read may take, in ms: the longest that any review can wait for it. */
const LONGEST_READ = 15_000

/** What a namespace may be called (Kubernetes, "Object Names and IDs", DNS label names). Others hold no grants. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const NONE: Promise<Grant[]> = Promise.resolve([])

/** The reads of one namespace: at most one on its way, and one that will begin when it ends. */
interface Reads {
  readonly running: Promise<Grant[]>
  waiting?: Promise<Grant[]>
}

/**
 * Reads the grants of single namespaces. Readers who come while a read is on its way share the next one, which begins
 * after they came, so however many there are, the API server sees one read at a time for each namespace.
 */
export class FreshReads {
  readonly counts = { started: 0, shared: 0, failed: 0, over_budget: 0 }
  /** Time that reads took, those that failed included, in ms. */
  milliseconds = 0
  readonly #api: Api
  readonly #kind: GrantKind
  readonly #reads = new Map<string, Reads>()
  #path: string | undefined

  constructor(api: Api, kind: GrantKind) {
    this.#api = api
    this.#kind = kind
  }

  /**
   * The grants of a namespace, by a read that begins after this call.
   *
   * @param afford asked only if a read has to begin for this reader alone
   * @returns undefined if it could not be afforded
   */
  read(namespace: string, afford: () => boolean): Promise<Grant[]> | undefined {
    // In a path, `..` would lead elsewhere.
    if (!NAMESPACE.test(namespace)) return NONE
    const reads = this.#reads.get(namespace)
    if (reads?.waiting) {
      this.counts.shared += 1
      return reads.waiting
    }
    if (!afford()) {
      this.counts.over_budget += 1
      return undefined
    }
    if (!reads) return this.#begin(namespace)
    reads.waiting = reads.running.catch(() => {}).then(() => this.#begin(namespace))
    return reads.waiting
  }

  #begin(namespace: string): Promise<Grant[]> {
    this.counts.started += 1
    const begun = performance.now()
    const running = this.#list(namespace).finally(() => {
      this.milliseconds += performance.now() - begun
    })
    const reads: Reads = { running }
    this.#reads.set(namespace, reads)
    const end = () => {
      if (!reads.waiting) this.#reads.delete(namespace)
    }
    running.then(end, () => {
      this.counts.failed += 1
      end()
    })
    return running
  }

  async #list(namespace: string): Promise<Grant[]> {
    const signal = AbortSignal.timeout(LONGEST_READ)
    if (this.#path !== undefined) {
      try {
        return (await listGrants(this.#api, this.#kind, this.#path, namespace, signal)).grants
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error
      }
    }
    // The version may have changed, or the API may have come or gone: only a discovery made now can tell.
    this.#path = await discoverGrants(this.#api, this.#kind, signal)
    return this.#path === undefined
      ? []
      : (await listGrants(this.#api, this.#kind, this.#path, namespace, signal)).grants
  }
}
