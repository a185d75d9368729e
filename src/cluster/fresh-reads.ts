import type { Grant } from '../policy/grant.ts'
import { GrantIndex } from '../policy/grant-index.ts'
import { type GrantKind, resourceOf } from '../policy/grant-kinds.ts'
import type { Api } from './api.ts'
import { ApiError } from './api-error.ts'
import type { Charge } from './budget.ts'
import { Deadline } from './deadline.ts'
import { confirmAbsent, discover } from './discovery.ts'
import type { FairQueue } from './fair-queue.ts'
import { grantResource } from './grant-resource.ts'
import { NamespaceReads, Outgrown } from './namespace-reads.ts'
import type { ClusterObserver, ReadEnd } from './observer.ts'
import type { ReadingRoom } from './reading-room.ts'
import { nameOf, type Resource } from './resource.ts'
import type { ReadResult } from './shared-read.ts'
import { listInto } from './store.ts'

/** Timeout for one read, in ms. A review waits for at most half of its timeout, which is 5 s in the manifests. */
const LONGEST_READ = 10_000

/** How many bytes one token of the budget pays for: a few hundred plain grants. */
const TOKEN_BYTES = 64 * 1024

/**
 * The length of a list above which a namespace is large, in bytes: some 300 plain grants. A smaller list takes 3 ms of
 * processor time. So much estimated memory belongs to a longer list, since the cache keeps less of a grant than a list has.
 */
const LARGE = 256 * 1024

/** How many large namespaces are remembered. Forgotten ones are the oldest. */
const REMEMBERED = 4_096

/**
 * Where reads wait for their turn. Those of large namespaces wait only for each other: a tenant can fill many namespaces
 * with grants, which makes their lists slow, but not those of other namespaces.
 */
export interface ReadQueues {
  readonly small: FairQueue
  readonly large: FairQueue
}

/** Whether a name is valid for a namespace. Source: Kubernetes, "Object Names and IDs", DNS label names. */
export const isNamespace = (name: string) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)

const NONE: ReadResult = { grants: new GrantIndex(), bytes: 0 }

/** The API server does not serve a kind of grants, but may do so again. */
export class NotServed extends Error {
  readonly kind: string

  constructor({ kind }: GrantKind) {
    super(`the API server does not serve kind ${kind} now`)
    this.kind = kind
  }
}

interface FreshReadsOptions {
  readonly api: Api
  readonly kind: GrantKind
  /** Where the reads of all kinds wait for their turn. */
  readonly queues: ReadQueues
  /** Bounds the memory of the reads of all kinds that are in flight. */
  readonly reading: ReadingRoom
  /** The most that is kept of one namespace, in bytes (see IndexLimits). */
  readonly most: number
  /** Returns the estimated memory of the cached grants of a namespace, in bytes. */
  readonly cached: (namespace: string) => number
  readonly observer: ClusterObserver
  /** A monotonic clock, in ms. */
  readonly now: () => number
  /** Whether the API is known to be absent, so that a 404 means that the namespace has no grants. */
  readonly absent: () => boolean
}

/** Reads the grants of single namespaces. Readers that come before a read begins share its result. */
export class FreshReads {
  readonly #options: FreshReadsOptions
  readonly #resource: Resource<Grant>
  readonly #name: string
  readonly #namespaces = new Map<string, NamespaceReads>()
  /** The namespaces whose last list was large. */
  readonly #large = new Set<string>()
  #path: string | undefined

  constructor(options: FreshReadsOptions) {
    this.#options = options
    this.#resource = grantResource(options.kind)
    this.#name = nameOf(options.kind)
  }

  /** How many namespaces have reads that wait or are in flight. */
  get active(): number {
    return this.#namespaces.size
  }

  /**
   * Returns the grants of a namespace from a read that begins after this call.
   *
   * @param owner the namespace of the referrer, which causes the read
   * @param afford takes a token from the budget; called only if no other reader has paid for the read
   * @param signal ends the wait
   * @returns undefined if the budget is spent
   */
  read(
    namespace: string,
    owner: string,
    afford: () => Charge | undefined,
    signal?: AbortSignal,
  ): Promise<ReadResult> | undefined {
    // An invalid name such as `..` would change the API path.
    if (!isNamespace(namespace)) return Promise.resolve(NONE)
    const reads = this.#namespaces.get(namespace) ?? this.#readsOf(namespace)
    if (reads.waiting) {
      this.#options.observer.readShared(this.#name)
      return reads.join(owner, signal)
    }
    const charge = afford()
    if (!charge) {
      this.#options.observer.readRefused(this.#name)
      return undefined
    }
    this.#namespaces.set(namespace, reads)
    const result = reads.join(owner, signal)
    result.then(
      ({ bytes }) => charge(bytes / TOKEN_BYTES),
      () => {},
    )
    return result
  }

  #readsOf(namespace: string): NamespaceReads {
    return new NamespaceReads(
      (signal, own) => this.#read(namespace, signal, own),
      () => this.#queueOf(namespace),
      this.#options.now,
      (reads) => this.#forget(namespace, reads),
    )
  }

  #queueOf(namespace: string): FairQueue {
    const { queues } = this.#options
    return this.#isLarge(namespace) ? queues.large : queues.small
  }

  #isLarge(namespace: string): boolean {
    return this.#large.has(namespace) || this.#options.cached(namespace) > LARGE
  }

  async #read(namespace: string, signal: AbortSignal, own: boolean): Promise<ReadResult> {
    const { observer, now } = this.#options
    observer.readStarted(this.#name)
    const begun = now()
    let end: ReadEnd = 'failed'
    const deadline = new Deadline('the read did not end', LONGEST_READ, signal)
    try {
      const result = await this.#list(namespace, deadline.signal, own)
      end = 'done'
      return result
    } catch (error) {
      if (signal.aborted || error instanceof Outgrown) end = 'given up'
      // Node's client throws an AbortError in place of the reason.
      throw deadline.reasonFor(error)
    } finally {
      deadline.clear()
      observer.readEnded(this.#name, end, now() - begun)
    }
  }

  /** An abandoned read may end late, when other reads have taken the place of its namespace. */
  #forget(namespace: string, reads: NamespaceReads): void {
    if (reads.idle && this.#namespaces.get(namespace) === reads) this.#namespaces.delete(namespace)
  }

  async #list(namespace: string, signal: AbortSignal, own: boolean): Promise<ReadResult> {
    const { api, kind, absent } = this.#options
    if (this.#path !== undefined) {
      try {
        return await this.#listAt(this.#path, namespace, signal, own)
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error
      }
    }
    // The served version may have changed, or the API may have been installed or removed.
    this.#path = await discover(api, this.#resource, signal)
    if (this.#path !== undefined) return this.#listAt(this.#path, namespace, signal, own)
    // One answer does not prove absence; the reflector asks twice.
    if (!absent()) throw new NotServed(kind)
    await confirmAbsent(api, this.#resource, signal)
    return NONE
  }

  /** @throws Outgrown if the read waited among those of small namespaces, and the list is large */
  async #listAt(path: string, namespace: string, signal: AbortSignal, own: boolean): Promise<ReadResult> {
    const { api, kind, reading, most } = this.#options
    const grants = reading.open(resourceOf(kind), { all: most, eachNamespace: most })
    const isLarge = this.#isLarge(namespace)
    let bytes = 0
    const received = (more: number) => {
      bytes += more
      if (isLarge || bytes <= LARGE) return
      this.#rememberLarge(namespace)
      throw new Outgrown()
    }
    try {
      await listInto(grants, api, this.#resource, path, namespace, signal, { ownConnection: own, received })
      if (bytes > LARGE) this.#rememberLarge(namespace)
      else this.#large.delete(namespace)
      return { grants, bytes }
    } finally {
      reading.close(grants)
    }
  }

  #rememberLarge(namespace: string): void {
    this.#large.delete(namespace)
    this.#large.add(namespace)
    const [oldest] = this.#large
    if (this.#large.size > REMEMBERED && oldest !== undefined) this.#large.delete(oldest)
  }
}
