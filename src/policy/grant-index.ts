import type { Grant, GrantFrom, GrantName } from './grant.ts'
import { resourceOf } from './grant-kinds.ts'
import type { Found, GrantLookup, KindLookup } from './grant-lookup.ts'
import { Missing } from './missing.ts'
import { isSame, NamespaceGrants, type Target, weightOf } from './namespace-grants.ts'

/** How much an index keeps, in bytes of memory as they are estimated. */
export interface IndexLimits {
  readonly all: number
  readonly eachNamespace: number
}

/** Is told what an index does not keep. */
export interface IndexObserver {
  /** A grant is not kept: it could not be read whole, or there is no room for it. */
  skipped(namespace: string): void
  /** From now on, not all grants of a namespace are kept. */
  incomplete(namespace: string): void
  /** All grants of a namespace were evicted. */
  evicted(namespace: string): void
}

const UNOBSERVED: IndexObserver = { skipped: () => {}, incomplete: () => {}, evicted: () => {} }

/**
 * How much of the limit is used, at most, after namespaces were given up: to find the largest, all are looked at, so that
 * is done seldom.
 */
const LEFT = 0.9

/** Namespaces of which it is remembered that a reference into them was looked up. */
const MOST_LOOKED = 4_096

/** Grants that `sweep` looks at between two pauses: about a millisecond. */
const SWEPT_AT_ONCE = 5_000

/**
 * The grants of one kind. Memory and work are proportional to the entries of a grant, never to the pairs that they make.
 *
 * A list of everything updates the index in place: `beginList`, then `set` for each grant, then `sweep` deletes what
 * the list did not have. A namespace of which something was not kept is incomplete: a grant that is found there permits,
 * and where none is found nothing is known.
 */
export class GrantIndex implements KindLookup {
  readonly #resource: string | undefined
  readonly #limits: IndexLimits
  readonly #observer: IndexObserver
  readonly #namespaces = new Map<string, NamespaceGrants>()
  readonly #missing = new Missing()
  /** The list during or after which a reference into a namespace was last looked up; whether it is kept or not. */
  readonly #looked = new Map<string, number>()
  #size = 0
  #weight = 0
  #list = 0

  /** @param resource of the grants, where they are no ReferenceGrants (see GrantName) */
  constructor(
    resource?: string,
    limits: IndexLimits = { all: Infinity, eachNamespace: Infinity },
    observer = UNOBSERVED,
  ) {
    this.#resource = resource
    this.#limits = limits
    this.#observer = observer
  }

  /** How many grants are kept. */
  get size(): number {
    return this.#size
  }

  /** Memory that they take, in bytes, as estimated. */
  get weight(): number {
    return this.#weight
  }

  /** The namespaces of which not all grants are kept. */
  get incomplete(): Pick<Missing, 'size' | 'has' | typeof Symbol.iterator> {
    return this.#missing
  }

  /**
   * Adds a grant, or replaces the one of its namespace and name.
   *
   * @returns false if there is no room for it: its namespace is incomplete then
   */
  set(grant: Grant): boolean {
    if (this.#missing.isEvicted(grant.namespace)) {
      this.miss(grant.namespace)
      return false
    }
    const known = this.#namespace(grant.namespace)
    const before = known.get(grant.name)
    const stored = known.compacted(grant, this.#list)
    if (before && isSame(before, stored)) {
      before.list = this.#list
      return true
    }
    if (before) this.#change(known, () => known.remove(before))
    if (known.weight + weightOf(stored) > this.#limits.eachNamespace) {
      this.miss(grant.namespace)
      this.#dropIfEmpty(grant.namespace, known)
      return false
    }
    this.#change(known, () => known.add(stored))
    if (this.#weight > this.#limits.all) this.#evict(this.#limits.all * LEFT)
    return !this.#missing.isEvicted(grant.namespace)
  }

  /** Forgets a grant, if it is known. */
  delete({ namespace, name }: Pick<GrantName, 'namespace' | 'name'>): void {
    const known = this.#namespaces.get(namespace)
    const stored = known?.get(name)
    if (!known || !stored) return
    this.#change(known, () => known.remove(stored))
    this.#dropIfEmpty(namespace, known)
  }

  /** Takes note of a grant in this namespace that is not kept. */
  miss(namespace: string): void {
    this.#observer.skipped(namespace)
    this.#lack(namespace)
  }

  /** Begins a list of everything. One that is not followed by `sweep` deletes nothing. */
  beginList(): void {
    this.#list += 1
    this.#missing.beginList()
  }

  /** Deletes what the list did not set, and takes namespaces that it had whole for complete; yields for pauses. */
  *sweep(): Generator<void> {
    let looked = 0
    for (const [namespace, known] of this.#namespaces) {
      for (const stored of known) {
        if (stored.list !== this.#list) this.#change(known, () => known.remove(stored))
        looked += 1
        if (looked % SWEPT_AT_ONCE === 0) yield
      }
      this.#dropIfEmpty(namespace, known)
    }
    this.#missing.endList(this.#list)
    for (const [namespace, list] of this.#looked) if (list < this.#list - 1) this.#looked.delete(namespace)
  }

  /** Takes these grants in place of all there were. */
  replace(grants: Iterable<Grant>): void {
    this.beginList()
    for (const grant of grants) this.set(grant)
    for (const _ of this.sweep());
  }

  permitting(from: GrantFrom, namespace: string, targets: readonly Target[]): Found {
    const known = this.#namespaces.get(namespace)
    const complete = !this.#missing.has(namespace)
    if (known || !complete) this.#look(namespace)
    const found = known?.permitting(from, targets) ?? targets.map(() => undefined)
    return { grants: found.map((stored) => stored && this.#nameOf(namespace, stored)), complete }
  }

  /** The names of all grants. */
  *[Symbol.iterator](): Generator<GrantName> {
    for (const [namespace, known] of this.#namespaces) for (const stored of known) yield this.#nameOf(namespace, stored)
  }

  #nameOf(namespace: string, { name }: Pick<GrantName, 'name'>): GrantName {
    return { namespace, name, ...(this.#resource !== undefined && { resource: this.#resource }) }
  }

  #namespace(name: string): NamespaceGrants {
    const known = this.#namespaces.get(name)
    if (known) return known
    const none = new NamespaceGrants()
    this.#namespaces.set(name, none)
    this.#weight += none.weight
    return none
  }

  #dropIfEmpty(namespace: string, known: NamespaceGrants): void {
    if (known.size > 0 || this.#namespaces.get(namespace) !== known) return
    this.#namespaces.delete(namespace)
    this.#weight -= known.weight
  }

  /** Changes the grants of a namespace, and counts on. */
  #change(known: NamespaceGrants, change: () => void): void {
    const { size, weight } = known
    change()
    this.#size += known.size - size
    this.#weight += known.weight - weight
  }

  /** Forgets all grants, so that their namespaces are incomplete, and takes no more of them until the next list. */
  giveUp(): void {
    this.#evict(0)
  }

  /** Remembers that a reference into this namespace was looked up. */
  #look(namespace: string): void {
    if (this.#looked.get(namespace) === this.#list) return
    this.#looked.set(namespace, this.#list)
    const [first] = this.#looked.keys()
    if (this.#looked.size > MOST_LOOKED && first !== undefined) this.#looked.delete(first)
  }

  /**
   * Forgets all of the namespaces that take most, so that one namespace cannot make others incomplete; first of those in
   * which no reference was looked up since the list before the last one began.
   */
  #evict(left: number): void {
    const inOrder = [...this.#namespaces].sort(
      ([one, { weight }], [other, { weight: otherWeight }]) =>
        Number(this.#looked.has(one)) - Number(this.#looked.has(other)) || otherWeight - weight,
    )
    for (const [namespace, { size, weight }] of inOrder) {
      if (this.#weight <= left) return
      this.#namespaces.delete(namespace)
      this.#size -= size
      this.#weight -= weight
      this.#observer.evicted(namespace)
      this.#lack(namespace, true)
    }
  }

  /** Takes note that not all grants of a namespace are kept. */
  #lack(namespace: string, evicted?: boolean): void {
    if (!this.#missing.has(namespace)) this.#observer.incomplete(namespace)
    this.#missing.add(namespace, this.#list, evicted)
  }
}

/** Grants of any kinds, to look up in; of a kind without one, there are none. */
export function lookupIn(grants: Iterable<Grant>): GrantLookup {
  const none = new GrantIndex()
  const indexes = new Map<string | undefined, GrantIndex>()
  for (const [resource, ofKind] of Map.groupBy(grants, ({ resource }) => resource)) {
    const index = new GrantIndex(resource)
    index.replace(ofKind)
    indexes.set(resource, index)
  }
  return { of: (kind) => indexes.get(resourceOf(kind)) ?? none }
}
