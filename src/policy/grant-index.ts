import type { Grant, GrantFrom, GrantName } from './grant.ts'
import { resourceOf } from './grant-kinds.ts'
import type { Found, GrantLookup, KindLookup } from './grant-lookup.ts'
import { type IndexObserver, UNOBSERVED } from './index-observer.ts'
import { Missing } from './missing.ts'
import { isSame, NamespaceGrants, type Target, weightOf } from './namespace-grants.ts'

/** The limits of an index, in bytes of estimated memory. */
export interface IndexLimits {
  readonly all: number
  readonly eachNamespace: number
}

/**
 * The part of the limit that is used, at most, after an eviction. Finding the largest namespaces takes a look at all of
 * them, so an eviction makes room for many grants.
 */
const LEFT_AFTER_EVICTION = 0.9

/** The most namespaces for which the index remembers that a reference into them was looked up. */
const MOST_LOOKED_UP = 4_096

/** The grants that `sweep` visits between two pauses: about a millisecond. */
const SWEPT_AT_ONCE = 5_000

/**
 * The grants of one kind. Memory and work are proportional to the entries of a grant, never to the pairs that they form.
 *
 * A list of all grants updates the index in place: `beginList`, then `set` for each grant, then `sweep`, which deletes
 * the grants that the list did not have. A namespace is incomplete if one of its grants was skipped or evicted: a grant
 * that is found there permits, but a grant that is not found may still exist.
 */
export class GrantIndex implements KindLookup {
  readonly #resource: string | undefined
  readonly #limits: IndexLimits
  readonly #observer: IndexObserver
  readonly #namespaces = new Map<string, NamespaceGrants>()
  readonly #missing = new Missing()
  /** For each namespace, the number of the list during or after which a reference into it was last looked up. */
  readonly #lookedUp = new Map<string, number>()
  #size = 0
  #weight = 0
  #list = 0

  /** @param resource the resource of the grants, unless they are ReferenceGrants (see GrantName) */
  constructor(
    resource?: string,
    limits: IndexLimits = { all: Infinity, eachNamespace: Infinity },
    observer: IndexObserver = UNOBSERVED,
  ) {
    this.#resource = resource
    this.#limits = limits
    this.#observer = observer
  }

  /** The number of grants. */
  get size(): number {
    return this.#size
  }

  /** The estimated memory of the grants of one namespace, in bytes. */
  weightOf(namespace: string): number {
    return this.#namespaces.get(namespace)?.weight ?? 0
  }

  /** The estimated memory of the grants, in bytes. */
  get weight(): number {
    return this.#weight
  }

  /** The incomplete namespaces. */
  get incomplete(): Pick<Missing, 'size' | 'has' | typeof Symbol.iterator> {
    return this.#missing
  }

  /**
   * Adds a grant, or replaces the grant with the same namespace and name.
   *
   * @returns false if the grant is not kept, since a limit is reached; its namespace is then incomplete
   */
  set(grant: Grant): boolean {
    const { namespace } = grant
    if (this.#missing.isEvicted(namespace)) {
      this.miss(namespace)
      return false
    }
    const known = this.#namespace(namespace)
    const before = known.get(grant.name)
    const stored = known.compacted(grant, this.#list)
    if (before && isSame(before, stored)) {
      before.list = this.#list
      return true
    }
    if (before) this.#change(known, () => known.remove(before))
    if (known.weight + weightOf(stored) > this.#limits.eachNamespace) {
      this.miss(namespace)
      this.#dropIfEmpty(namespace, known)
      return false
    }
    this.#change(known, () => known.add(stored))
    if (this.#weight > this.#limits.all) this.#evict(this.#limits.all * LEFT_AFTER_EVICTION)
    if (this.#missing.isEvicted(namespace)) return false
    this.#observer.added(namespace)
    return true
  }

  /** Deletes a grant, if the index has it. */
  delete({ namespace, name }: Pick<GrantName, 'namespace' | 'name'>): void {
    const known = this.#namespaces.get(namespace)
    const stored = known?.get(name)
    if (!known || !stored) return
    this.#change(known, () => known.remove(stored))
    this.#dropIfEmpty(namespace, known)
  }

  /** Records that a grant of this namespace was skipped. */
  miss(namespace: string): void {
    this.#observer.skipped(namespace)
    this.#markIncomplete(namespace)
  }

  /** Begins a list of all grants. A list without a `sweep` at its end deletes nothing. */
  beginList(): void {
    this.#list += 1
    this.#missing.beginList()
  }

  /** Deletes the grants that the list did not set, and marks the namespaces that it had in full complete; yields for pauses. */
  *sweep(): Generator<void> {
    let visited = 0
    for (const [namespace, known] of this.#namespaces) {
      for (const stored of known) {
        if (stored.list !== this.#list) this.#change(known, () => known.remove(stored))
        visited += 1
        if (visited % SWEPT_AT_ONCE === 0) yield
      }
      this.#dropIfEmpty(namespace, known)
    }
    this.#missing.endList(this.#list)
    for (const [namespace, list] of this.#lookedUp) if (list < this.#list - 1) this.#lookedUp.delete(namespace)
  }

  /** Replaces all grants with these. */
  replace(grants: Iterable<Grant>): void {
    this.beginList()
    for (const grant of grants) this.set(grant)
    for (const _ of this.sweep());
  }

  permitting(from: GrantFrom, namespace: string, targets: readonly Target[]): Found {
    const known = this.#namespaces.get(namespace)
    const complete = !this.#missing.has(namespace)
    if (known || !complete) this.#rememberLookUp(namespace)
    const found = known?.permitting(from, targets) ?? targets.map(() => undefined)
    const names = new Map([...new Set(found)].map((stored) => [stored, stored && this.#nameOf(namespace, stored)]))
    return { grants: found.map((stored) => names.get(stored)), complete }
  }

  /** Returns the names of all grants. */
  *[Symbol.iterator](): Generator<GrantName> {
    for (const [namespace, known] of this.#namespaces) for (const stored of known) yield this.#nameOf(namespace, stored)
  }

  #nameOf(namespace: string, { name }: Pick<GrantName, 'name'>): GrantName {
    return { namespace, name, ...(this.#resource !== undefined && { resource: this.#resource }) }
  }

  #namespace(name: string): NamespaceGrants {
    const known = this.#namespaces.get(name)
    if (known) return known
    const empty = new NamespaceGrants()
    this.#namespaces.set(name, empty)
    this.#weight += empty.weight
    return empty
  }

  #dropIfEmpty(namespace: string, known: NamespaceGrants): void {
    if (known.size > 0 || this.#namespaces.get(namespace) !== known) return
    this.#namespaces.delete(namespace)
    this.#weight -= known.weight
  }

  /** Changes the grants of a namespace, and updates the size and the weight. */
  #change(known: NamespaceGrants, change: () => void): void {
    const { size, weight } = known
    change()
    this.#size += known.size - size
    this.#weight += known.weight - weight
  }

  /** Evicts all grants: their namespaces are incomplete, and none of their grants is kept until the next list. */
  evictAll(): void {
    this.#evict(0)
  }

  #rememberLookUp(namespace: string): void {
    if (this.#lookedUp.get(namespace) === this.#list) return
    this.#lookedUp.set(namespace, this.#list)
    const [first] = this.#lookedUp.keys()
    if (this.#lookedUp.size > MOST_LOOKED_UP && first !== undefined) this.#lookedUp.delete(first)
  }

  /**
   * Evicts the largest namespaces, so that one namespace cannot make others incomplete. Namespaces in which no reference
   * was looked up since the list before the last one began are evicted first.
   *
   * @param left the weight at which to stop, in bytes
   */
  #evict(left: number): void {
    const inOrder = [...this.#namespaces].sort(
      ([one, { weight }], [other, { weight: otherWeight }]) =>
        Number(this.#lookedUp.has(one)) - Number(this.#lookedUp.has(other)) || otherWeight - weight,
    )
    for (const [namespace, { size, weight }] of inOrder) {
      if (this.#weight <= left) return
      this.#namespaces.delete(namespace)
      this.#size -= size
      this.#weight -= weight
      this.#observer.evicted(namespace)
      this.#markIncomplete(namespace, true)
    }
  }

  #markIncomplete(namespace: string, evicted?: boolean): void {
    if (!this.#missing.has(namespace)) this.#observer.incomplete(namespace)
    this.#missing.add(namespace, this.#list, evicted)
  }
}

/** An index for those who only look up. */
export type ReadonlyIndex = KindLookup & Pick<GrantIndex, 'size' | 'incomplete'>

/** Returns a lookup in grants of any kinds. */
export function lookupIn(grants: Iterable<Grant>): GrantLookup {
  const indexes = new Map<string | undefined, GrantIndex>()
  for (const [resource, ofKind] of Map.groupBy(grants, ({ resource }) => resource)) {
    const index = new GrantIndex(resource)
    index.replace(ofKind)
    indexes.set(resource, index)
  }
  return { of: (kind) => indexes.get(resourceOf(kind)) ?? new GrantIndex() }
}
