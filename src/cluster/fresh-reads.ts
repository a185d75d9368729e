import type { Grant } from '../policy/grant.ts'
import { GrantIndex } from '../policy/grant-index.ts'
import { type GrantKind, resourceOf } from '../policy/grant-kinds.ts'
import { type Api, ApiError } from './api.ts'
import type { Charge } from './budget.ts'
import { confirmAbsent, discover } from './discovery.ts'
import type { FairQueue } from './fair-queue.ts'
import { grantResource } from './grant-resource.ts'
import { type Made, NamespaceReads } from './namespace-reads.ts'
import type { ClusterObserver, ReadEnd } from './observer.ts'
import type { ReadingRoom } from './reading-room.ts'
import { nameOf, type Resource } from './resource.ts'
import { listInto } from './store.ts'

/** Longest that one read may take, in ms; reviews wait half of their timeout, which is 5 s as registered. */
const LONGEST_READ = 10_000

/** Bytes that one token of the budget pays for: some hundred plain grants. */
const TOKEN_BYTES = 64 * 1024

/** What a namespace may be called (Kubernetes, "Object Names and IDs", DNS label names). Others hold no grants. */
export const isNamespace = (name: string) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)

const NONE: Made = { grants: new GrantIndex(), bytes: 0 }

interface FreshReadsOptions {
  readonly api: Api
  readonly kind: GrantKind
  /** Where reads wait for their turn, those of all kinds. */
  readonly queue: FairQueue
  /** What reads take while they are on their way, those of all kinds. */
  readonly room: ReadingRoom
  /** Most that is kept of one namespace, in bytes (see IndexLimits). */
  readonly most: number
  readonly observer: ClusterObserver
  /** A monotonic clock, in ms. */
  readonly now: () => number
  /** Whether the API is known to be absent, so that a 404 means that there are no grants. */
  readonly absent: () => boolean
}

/** Reads the grants of single namespaces; what a read has made is shared by all who may use it. */
export class FreshReads {
  readonly #options: FreshReadsOptions
  readonly #resource: Resource<Grant>
  readonly #name: string
  readonly #namespaces = new Map<string, NamespaceReads>()
  #path: string | undefined

  constructor(options: FreshReadsOptions) {
    this.#options = options
    this.#resource = grantResource(options.kind)
    this.#name = nameOf(options.kind)
  }

  /** How many namespaces have reads that wait or are on their way. */
  get active(): number {
    return this.#namespaces.size
  }

  /**
   * The grants of a namespace, by a read that begins after this call.
   *
   * @param owner who causes it: the namespace of the referrer
   * @param afford asked only if no other reader has paid for the read already
   * @param signal ends the wait
   * @returns undefined if it could not be afforded
   */
  read(
    namespace: string,
    owner: string,
    afford: () => Charge | undefined,
    signal?: AbortSignal,
  ): Promise<Made> | undefined {
    // In a path, `..` would lead elsewhere.
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
    const { queue, now } = this.#options
    return new NamespaceReads(
      (signal, own) => this.#read(namespace, signal, own),
      queue,
      now,
      (reads) => this.#forget(namespace, reads),
    )
  }

  async #read(namespace: string, signal: AbortSignal, own: boolean): Promise<Made> {
    const { observer, now } = this.#options
    observer.readStarted(this.#name)
    const begun = now()
    let end: ReadEnd = 'failed'
    try {
      const made = await this.#list(namespace, AbortSignal.any([signal, AbortSignal.timeout(LONGEST_READ)]), own)
      end = 'done'
      return made
    } catch (error) {
      if (signal.aborted) end = 'given up'
      throw error
    } finally {
      observer.readEnded(this.#name, end, now() - begun)
    }
  }

  /** A read that was given up may end after its namespace was forgotten and is read again. */
  #forget(namespace: string, reads: NamespaceReads): void {
    if (reads.idle && this.#namespaces.get(namespace) === reads) this.#namespaces.delete(namespace)
  }

  async #list(namespace: string, signal: AbortSignal, own: boolean): Promise<Made> {
    const { api, kind, room, most, absent } = this.#options
    const list = async (path: string): Promise<Made> => {
      const grants = room.open(resourceOf(kind), { all: most, eachNamespace: most })
      try {
        const { bytes } = await listInto(grants, api, this.#resource, path, namespace, signal, { ownConnection: own })
        return { grants, bytes }
      } finally {
        room.close(grants)
      }
    }
    if (this.#path !== undefined) {
      try {
        return await list(this.#path)
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error
      }
    }
    // The version may have changed, or the API may have come or gone.
    this.#path = await discover(api, this.#resource, signal)
    if (this.#path !== undefined) return list(this.#path)
    // One answer proves no absence; the reflector looks twice.
    if (!absent()) throw new Error(`the API server does not list ${this.#name} now`)
    await confirmAbsent(api, this.#resource, signal)
    return NONE
  }
}
