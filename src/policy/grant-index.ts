import type { Grant, GrantName, GrantTo } from './grant.ts'
import type { GroupKind, Reference } from './reference.ts'

/** Answers which grant, if any, permits a reference into another namespace. */
export interface GrantLookup {
  permitting(reference: Reference): Grant | undefined
}

/** The grants of one namespace, and which of them permit each pair of a `from` and a `to`. */
interface NamespaceGrants {
  readonly byName: Map<string, Grant>
  readonly byPair: Map<string, Set<Grant>>
}

/**
 * All grants, arranged so that a look-up costs the same however many there are: two map reads, one for grants that
 * name the target and one for grants to every object of its kind.
 */
export class GrantIndex implements GrantLookup {
  #namespaces = new Map<string, NamespaceGrants>()
  #size = 0

  constructor(grants: Iterable<Grant> = []) {
    for (const grant of grants) this.set(grant)
  }

  /** How many grants there are. */
  get size(): number {
    return this.#size
  }

  /** Takes these grants in place of all there were, at once. */
  replace(grants: Iterable<Grant>): void {
    const next = new GrantIndex(grants)
    this.#namespaces = next.#namespaces
    this.#size = next.#size
  }

  /** Adds a grant, or replaces the one of its resource, namespace and name. */
  set(grant: Grant): void {
    this.delete(grant)
    const { byName, byPair } = this.#namespace(grant.namespace)
    byName.set(nameKey(grant), grant)
    for (const pair of pairs(grant)) {
      const grants = byPair.get(pair)
      if (grants) grants.add(grant)
      else byPair.set(pair, new Set([grant]))
    }
    this.#size += 1
  }

  /** Forgets the grant of this resource, namespace and name, if it is known. */
  delete(gone: GrantName): void {
    const { namespace } = gone
    const known = this.#namespaces.get(namespace)
    const grant = known?.byName.get(nameKey(gone))
    if (!known || !grant) return
    known.byName.delete(nameKey(gone))
    for (const pair of pairs(grant)) {
      const grants = known.byPair.get(pair)
      grants?.delete(grant)
      if (grants?.size === 0) known.byPair.delete(pair)
    }
    if (known.byName.size === 0) this.#namespaces.delete(namespace)
    this.#size -= 1
  }

  permitting({ from, to }: Reference): Grant | undefined {
    const byPair = this.#namespaces.get(to.namespace)?.byPair
    if (!byPair) return undefined
    const grants = byPair.get(pairKey(from, to)) ?? byPair.get(pairKey(from, { group: to.group, kind: to.kind }))
    return grants?.values().next().value
  }

  /** Every grant that permits a reference, where `permitting` names one. */
  allPermitting({ from, to }: Reference): Grant[] {
    const byPair = this.#namespaces.get(to.namespace)?.byPair
    const named = byPair?.get(pairKey(from, to)) ?? []
    const unnamed = byPair?.get(pairKey(from, { group: to.group, kind: to.kind })) ?? []
    return [...new Set([...named, ...unnamed])]
  }

  *[Symbol.iterator](): Generator<Grant> {
    for (const { byName } of this.#namespaces.values()) yield* byName.values()
  }

  #namespace(name: string): NamespaceGrants {
    const known = this.#namespaces.get(name) ?? { byName: new Map(), byPair: new Map() }
    this.#namespaces.set(name, known)
    return known
  }
}

// A resource holds no slash.
const nameKey = ({ resource = '', name }: GrantName) => `${resource}/${name}`

function* pairs(grant: Grant): Generator<string> {
  for (const from of grant.from) for (const to of grant.to) yield pairKey(from, to)
}

// JSON keeps the parts apart whatever characters they hold: none can be written so that two pairs share a key.
function pairKey(from: GroupKind & { readonly namespace: string }, to: GrantTo): string {
  return JSON.stringify([from.group, from.kind, from.namespace, to.group, to.kind, to.name])
}
