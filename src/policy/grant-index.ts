import type { Grant, GrantFrom, GrantName } from './grant.ts'
import { kindKey, toKey } from './grant-keys.ts'
import { NamespaceGrants, type Stored, sayTheSame, weightOf } from './namespace-grants.ts'
import type { ObjectName } from './reference.ts'

/** What a reference is to, within the target namespace. */
export type Target = Pick<ObjectName, 'group' | 'kind' | 'name'>

/** What grants of one namespace say of some targets. */
export interface Found {
  /** For each target, in their order, a grant that permits it; undefined where none does. */
  readonly grants: readonly (GrantName | undefined)[]
  /** Whether all grants of the namespace were looked at. If not, a target without a grant is not known to have none. */
  readonly complete: boolean
}

/** Answers which grants permit references. */
export interface GrantLookup {
  /**
   * Which grants of a namespace permit references of one referrer. The entries of grants that accept the referrer are
   * visited once for all targets.
   */
  permitting(from: GrantFrom, namespace: string, targets: readonly Target[]): Found
}

/** How much an index keeps, in bytes of memory as estimated. */
export interface IndexLimits {
  readonly all: number
  readonly eachNamespace: number
}

/** Grants that `sweep` looks at between two pauses: about a millisecond. */
const SWEPT_AT_ONCE = 5_000

/**
 * The grants of one kind. Memory and work are proportional to the entries of a grant, never to the pairs that they make.
 *
 * A list of everything updates the index in place: `beginList`, then `set` for each grant, then `sweep` deletes what
 * the list did not have. A namespace of which something was not kept is incomplete: a grant that is found there permits,
 * and where none is found nothing is known.
 */
export class GrantIndex implements GrantLookup {
  readonly #resource: string | undefined
  readonly #limits: IndexLimits
  readonly #namespaces = new Map<string, NamespaceGrants>()
  readonly #incomplete = new Set<string>()
  #size = 0
  #weight = 0
  #list = 0

  /** @param resource of the grants, where they are no ReferenceGrants (see GrantName) */
  constructor(resource?: string, limits: IndexLimits = { all: Infinity, eachNamespace: Infinity }) {
    this.#resource = resource
    this.#limits = limits
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
  get incomplete(): ReadonlySet<string> {
    return this.#incomplete
  }

  /**
   * Adds a grant, or replaces the one of its namespace and name.
   *
   * @returns false if there is no room for it: its namespace is incomplete then
   */
  set(grant: Grant): boolean {
    const known = this.#namespace(grant.namespace)
    const before = known.get(grant.name)
    const stored = known.form(grant, this.#list)
    if (before && sayTheSame(before, stored)) {
      before.list = this.#list
      return true
    }
    if (before) this.#remove(known, before)
    if (known.evicted || known.weight + weightOf(stored) > this.#limits.eachNamespace) {
      this.miss(grant.namespace)
      return false
    }
    known.add(stored)
    this.#count(1, weightOf(stored))
    while (this.#weight > this.#limits.all) this.#evictLargest()
    return !known.evicted
  }

  /** Forgets a grant, if it is known. */
  delete({ namespace, name }: Pick<GrantName, 'namespace' | 'name'>): void {
    const known = this.#namespaces.get(namespace)
    const stored = known?.get(name)
    if (!known || !stored) return
    this.#remove(known, stored)
    this.#dropIfEmpty(namespace, known)
  }

  /** Takes note of a grant in this namespace that is not kept. */
  miss(namespace: string): void {
    this.#namespace(namespace).missedIn = this.#list
    this.#incomplete.add(namespace)
  }

  /** Begins a list of everything. One that is not followed by `sweep` deletes nothing. */
  beginList(): void {
    this.#list += 1
    for (const known of this.#namespaces.values()) known.evicted = false
  }

  /** Deletes what the list did not set, and takes namespaces that it had whole for complete; yields for pauses. */
  *sweep(): Generator<void> {
    let looked = 0
    for (const [namespace, known] of this.#namespaces) {
      for (const stored of known.all) {
        if (stored.list !== this.#list) this.#remove(known, stored)
        looked += 1
        if (looked % SWEPT_AT_ONCE === 0) yield
      }
      if (known.missedIn !== this.#list) {
        known.missedIn = undefined
        this.#incomplete.delete(namespace)
      }
      this.#dropIfEmpty(namespace, known)
    }
  }

  /** Takes these grants in place of all there were. */
  replace(grants: Iterable<Grant>): void {
    this.beginList()
    for (const grant of grants) this.set(grant)
    for (const _ of this.sweep());
  }

  permitting(from: GrantFrom, namespace: string, targets: readonly Target[]): Found {
    const known = this.#namespaces.get(namespace)
    if (!known) return { grants: targets.map(() => undefined), complete: true }
    const byKey = new Map<string, Stored | undefined>()
    for (const target of targets) byKey.set(toKey(target), undefined).set(kindKey(target), undefined)
    for (const stored of known.accepting(from))
      for (let at = stored.accepted; at < stored.keys.length; at += 1) {
        const key = stored.keys[at] as string
        if (byKey.has(key)) byKey.set(key, stored)
      }
    const grants = targets.map((target) => {
      const stored = byKey.get(toKey(target)) ?? byKey.get(kindKey(target))
      return stored && this.#nameOf(namespace, stored)
    })
    return { grants, complete: known.missedIn === undefined }
  }

  /** The names of all grants. */
  *[Symbol.iterator](): Generator<GrantName> {
    for (const [namespace, known] of this.#namespaces)
      for (const stored of known.all) yield this.#nameOf(namespace, stored)
  }

  #nameOf(namespace: string, { name }: Stored): GrantName {
    return { namespace, name, ...(this.#resource !== undefined && { resource: this.#resource }) }
  }

  #namespace(name: string): NamespaceGrants {
    const known = this.#namespaces.get(name) ?? new NamespaceGrants()
    this.#namespaces.set(name, known)
    return known
  }

  #dropIfEmpty(namespace: string, known: NamespaceGrants): void {
    if (known.size === 0 && known.missedIn === undefined) this.#namespaces.delete(namespace)
  }

  #remove(known: NamespaceGrants, stored: Stored): void {
    known.remove(stored)
    this.#count(-1, -weightOf(stored))
  }

  #count(grants: number, weight: number): void {
    this.#size += grants
    this.#weight += weight
  }

  /** Forgets all of the namespace that takes most, so that one namespace cannot make others incomplete. */
  #evictLargest(): void {
    const [namespace, largest] = [...this.#namespaces].reduce((a, b) => (b[1].weight > a[1].weight ? b : a))
    this.#count(-largest.size, -largest.weight)
    largest.clear()
    largest.evicted = true
    this.miss(namespace)
  }
}

/** Grants of several kinds, each kind in an index of its own. */
export function anyOf(indexes: readonly GrantLookup[]): GrantLookup {
  const [only] = indexes
  if (only && indexes.length === 1) return only
  return {
    permitting(from, namespace, targets) {
      const found = indexes.map((index) => index.permitting(from, namespace, targets))
      return {
        grants: targets.map((_, at) => found.find(({ grants }) => grants[at])?.grants[at]),
        complete: found.every(({ complete }) => complete),
      }
    },
  }
}

/** Grants of any kinds, to look up in. */
export function lookupIn(grants: Iterable<Grant>): GrantLookup {
  const indexes = [...Map.groupBy(grants, ({ resource }) => resource)].map(([resource, ofKind]) => {
    const index = new GrantIndex(resource)
    index.replace(ofKind)
    return index
  })
  return anyOf(indexes)
}
