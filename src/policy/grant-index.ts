import type { Grant, GrantFrom, GrantName } from './grant.ts'
import { fromKey, kindKey, toKey } from './grant-keys.ts'
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

/** How much an index keeps, in bytes of memory as `weightOf` estimates them. */
export interface IndexLimits {
  readonly all: number
  readonly eachNamespace: number
}

/** A grant as it is kept: its name, and one key for each entry of its halves. */
interface Stored {
  readonly name: string
  /** The keys of `from`, then those of `to`, in one list: a list of its own would take 64 bytes more. */
  readonly keys: readonly string[]
  /** How many of the keys are of `from`. */
  readonly accepted: number
  /** The list that had it last, or GONE. */
  list: number
}

/** Grants that accept one referrer. */
interface Accepting {
  readonly key: string
  /** Those that are gone are left in until they are the half. */
  grants: Stored[]
  gone: number
}

/** In place of the list of a grant that is not kept any more. */
const GONE = -1

/** The grants of one namespace. */
interface NamespaceGrants {
  readonly byName: Map<string, Stored>
  /** By the key of a `from`: one grant, as most have it, or several. */
  readonly byFrom: Map<string, Stored | Accepting>
  weight: number
  /** The list during or after which a grant was not kept; undefined if all are kept. */
  missedIn: number | undefined
  /** Whether nothing more is kept until the next list, since all namespaces together are too much. */
  evicted: boolean
}

/** Memory of a grant and of one key, in bytes, beside the characters: measured with Node 24 for a million grants. */
const GRANT_WEIGHT = 100
const KEY_WEIGHT = 32

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
    const before = known.byName.get(grant.name)
    const stored = store(grant, known, this.#list)
    if (before && before.accepted === stored.accepted && equal(before.keys, stored.keys)) {
      before.list = this.#list
      return true
    }
    if (before) this.#remove(known, before)
    if (known.evicted || known.weight + weightOf(stored) > this.#limits.eachNamespace) {
      this.miss(grant.namespace)
      return false
    }
    this.#add(known, stored)
    while (this.#weight > this.#limits.all) this.#evictLargest()
    return !known.evicted
  }

  /** Forgets a grant, if it is known. */
  delete({ namespace, name }: Pick<GrantName, 'namespace' | 'name'>): void {
    const known = this.#namespaces.get(namespace)
    const stored = known?.byName.get(name)
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
      for (const stored of known.byName.values()) {
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
    const complete = known?.missedIn === undefined
    const accepting = known?.byFrom.get(fromKey(from))
    if (accepting === undefined) return { grants: targets.map(() => undefined), complete }
    const byKey = new Map<string, Stored | undefined>()
    for (const target of targets) byKey.set(toKey(target), undefined).set(kindKey(target), undefined)
    for (const stored of 'grants' in accepting ? accepting.grants : [accepting]) {
      if (stored.list === GONE) continue
      for (let at = stored.accepted; at < stored.keys.length; at += 1) {
        const key = stored.keys[at] as string
        if (byKey.has(key)) byKey.set(key, stored)
      }
    }
    const grants = targets.map((target) => {
      const stored = byKey.get(toKey(target)) ?? byKey.get(kindKey(target))
      return stored && this.#nameOf(namespace, stored)
    })
    return { grants, complete }
  }

  /** The names of all grants. */
  *[Symbol.iterator](): Generator<GrantName> {
    for (const [namespace, { byName }] of this.#namespaces)
      for (const stored of byName.values()) yield this.#nameOf(namespace, stored)
  }

  #nameOf(namespace: string, { name }: Stored): GrantName {
    return { namespace, name, ...(this.#resource !== undefined && { resource: this.#resource }) }
  }

  #namespace(name: string): NamespaceGrants {
    const known = this.#namespaces.get(name)
    if (known) return known
    const none = { byName: new Map(), byFrom: new Map(), weight: 0, missedIn: undefined, evicted: false }
    this.#namespaces.set(name, none)
    return none
  }

  #dropIfEmpty(namespace: string, known: NamespaceGrants): void {
    if (known.byName.size === 0 && known.missedIn === undefined) this.#namespaces.delete(namespace)
  }

  #add(known: NamespaceGrants, stored: Stored): void {
    known.byName.set(stored.name, stored)
    for (let at = 0; at < stored.accepted; at += 1) {
      const key = stored.keys[at] as string
      const others = known.byFrom.get(key)
      if (others === undefined) known.byFrom.set(key, stored)
      else if (!('grants' in others)) known.byFrom.set(key, { key, grants: [others, stored], gone: 0 })
      else others.grants.push(stored)
    }
    this.#count(known, 1, weightOf(stored))
  }

  #remove(known: NamespaceGrants, stored: Stored): void {
    known.byName.delete(stored.name)
    stored.list = GONE
    for (let at = 0; at < stored.accepted; at += 1) {
      const key = stored.keys[at] as string
      const others = known.byFrom.get(key)
      if (others === stored) known.byFrom.delete(key)
      if (others && 'grants' in others) {
        others.gone += 1
        if (others.gone * 2 > others.grants.length) compact(known, others)
      }
    }
    this.#count(known, -1, -weightOf(stored))
  }

  #count(known: NamespaceGrants, grants: number, weight: number): void {
    this.#size += grants
    this.#weight += weight
    known.weight += weight
  }

  /** Forgets all of the namespace that takes most, so that one namespace cannot make others incomplete. */
  #evictLargest(): void {
    const [namespace, largest] = [...this.#namespaces].reduce((a, b) => (b[1].weight > a[1].weight ? b : a))
    this.#count(largest, -largest.byName.size, -largest.weight)
    largest.byName.clear()
    largest.byFrom.clear()
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

/** A grant as it is kept. Keys of `from` that the namespace has already are shared, and lists are as long as they need. */
function store({ name, from, to }: Grant, { byFrom }: NamespaceGrants, list: number): Stored {
  const accepted = [...new Set(from.map(fromKey))].map((key) => {
    const others = byFrom.get(key)
    if (others === undefined) return key
    return 'grants' in others ? others.key : (others.keys.find((same) => same === key) as string)
  })
  return { name, keys: accepted.concat(to.map(toKey)), accepted: accepted.length, list }
}

/** Leaves out the grants that are gone. */
function compact({ byFrom }: NamespaceGrants, accepting: Accepting): void {
  accepting.grants = accepting.grants.filter(({ list }) => list !== GONE)
  accepting.gone = 0
  if (accepting.grants.length === 0) byFrom.delete(accepting.key)
}

function weightOf({ name, keys }: Stored): number {
  return keys.reduce((weight, key) => weight + KEY_WEIGHT + key.length, GRANT_WEIGHT + name.length)
}

function equal(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((key, at) => key === other[at])
}
