import type { Coverage } from './coverage.ts'
import { crossingReferences, MOST_REFERENCES } from './crossing.ts'
import type { Grant, GrantFrom, GrantTo } from './grant.ts'
import { grantKindsFor, resourceOf } from './grant-kinds.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'

/** The most grants named for one reference; the others are counted, since any number of grants may permit a reference. */
const NAMED = 16

/** An object with its name. */
export interface NamedObject {
  readonly name: ObjectName
  readonly object: unknown
}

/** A reference into another namespace, and the grants that permit it; an empty list if it is not permitted. */
export interface SurveyedReference<T extends NamedObject = NamedObject> extends Permitting {
  /** The object that holds the reference. */
  readonly object: T
  readonly reference: Reference
}

/** The first grants that permit a reference, and the number of further ones. */
interface Permitting {
  readonly grants: readonly Grant[]
  readonly moreGrants: number
}

/** The result of judging a set of objects by a set of grants. */
export interface Survey<T extends NamedObject = NamedObject> {
  /** Every reference that needs a grant, in the order of the objects; only the first MOST_REFERENCES of one object. */
  readonly references: readonly SurveyedReference<T>[]
  /** Objects whose references into other namespaces need no grant. */
  readonly exemptObjects: readonly { readonly object: ObjectName; readonly reason: string }[]
  /** Objects with more than MOST_REFERENCES references, with the number that they have. */
  readonly tooLarge: readonly { readonly object: T; readonly count: number }[]
  /** Grants that permit none of the references, although refgrant judges every kind that they accept; sorted. */
  readonly unused: readonly Grant[]
  /** For each of the other grants, which of its entries the references use. */
  readonly uses: ReadonlyMap<Grant, GrantUse>
}

/** How references use a grant. */
interface GrantUse {
  /** The entries that permit none of the references. */
  readonly unusedFrom: readonly GrantFrom[]
  readonly unusedTo: readonly GrantTo[]
  /** How many pairs of an entry in `from` and an entry in `to` permit a reference. */
  readonly usedPairs: number
}

/**
 * Judges every reference of the objects by the grants, and finds the grants that permit none of them.
 *
 * @param exemptNamespaces namespaces of objects that the webhook does not judge
 */
export function survey<T extends NamedObject>(
  coverage: Coverage,
  objects: Iterable<T>,
  grants: Iterable<Grant>,
  exemptNamespaces: ReadonlySet<string> = new Set(),
): Survey<T> {
  const distinct = sorted(grants)
  const kinds = new Map([...Map.groupBy(distinct, ({ resource }) => resource)].map(ofOneKind))
  const references: SurveyedReference<T>[] = []
  const exemptObjects: { object: ObjectName; reason: string }[] = []
  const tooLarge: { object: T; count: number }[] = []
  for (const object of objects) {
    const crossing = crossingReferences(coverage, object.name, object.object)
    if (crossing.count > 0 && exemptNamespaces.has(object.name.namespace)) {
      exemptObjects.push({ object: object.name, reason: 'exempt namespace' })
      continue
    }
    if (crossing.count > MOST_REFERENCES) tooLarge.push({ object, count: crossing.count })
    if (crossing.exemptReason) exemptObjects.push({ object: object.name, reason: crossing.exemptReason })
    for (const reference of crossing.references) references.push({ object, reference, ...permitting(kinds, reference) })
  }
  // A grant that accepts a kind that is not judged may be used by objects that were not read.
  const unused = distinct.filter(
    (grant) => !kinds.get(grant.resource)?.used.has(grant) && grant.from.every((from) => coverage.referrer(from)),
  )
  const uses = new Map([...kinds.values()].flatMap((ofKind) => [...ofKind.uses()]))
  return { references, exemptObjects, tooLarge, unused, uses }
}

/** Returns the grants, sorted by namespace and name; of several with the same name the last, since it replaces the others. */
export function sorted(grants: Iterable<Grant>): Grant[] {
  const distinct = new Map<string, Grant>()
  for (const grant of grants) distinct.set(JSON.stringify([grant.namespace, grant.name, grant.resource]), grant)
  return [...distinct.values()].sort(byName)
}

/** Compares by namespace, then by name: the order of reports. */
export function byName(a: Named, b: Named): number {
  return order(a.namespace, b.namespace) || order(a.name, b.name)
}

type Named = Pick<ObjectName, 'namespace' | 'name'>

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** The grants of each kind, by resource. */
type SurveyedKinds = ReadonlyMap<string | undefined, SurveyedGrants>

function ofOneKind([resource, grants]: [string | undefined, Grant[]]): [string | undefined, SurveyedGrants] {
  return [resource, new SurveyedGrants(grants)]
}

/** Returns the grants that permit a reference, kind by kind, and in each kind first those that name the target. */
function permitting(kinds: SurveyedKinds, reference: Reference): Permitting {
  const matching = grantKindsFor(reference).flatMap((kind) => kinds.get(resourceOf(kind))?.matching(reference) ?? [])
  const count = matching.reduce((count, { named, unnamed }) => {
    return count + named.size + unnamed.size - common(named, unnamed).size
  }, 0)
  const grants = first(NAMED, ...matching.flatMap(({ named, unnamed }) => [named, unnamed]))
  return { grants, moreGrants: count - grants.length }
}

/** The grants of one kind that permit a reference: those that name its target, and those that expose its whole kind. */
interface Matching {
  readonly named: ReadonlySet<Grant>
  readonly unnamed: ReadonlySet<Grant>
}

/**
 * The grants of one kind, by the keys of `from` and of `to` separately, so that memory is proportional to the entries: a
 * grant with m entries in `from` and n in `to` stands for m times n pairs.
 */
class SurveyedGrants {
  /** Grants that permitted something, with the keys of the entries that did. */
  readonly used = new Map<Grant, Used>()
  readonly #byFrom = new Map<string, Set<Grant>>()
  readonly #byTo = new Map<string, Set<Grant>>()
  /** The results of earlier lookups, since many references share a key. */
  readonly #matches = new Map<string, ReadonlySet<Grant>>()
  readonly #numbers = new Map<string | undefined, number>()

  constructor(grants: readonly Grant[]) {
    for (const grant of grants) {
      for (const from of grant.from) add(this.#byFrom, this.#fromKey(from, grant.namespace), grant)
      for (const to of grant.to) add(this.#byTo, this.#toKey(to, grant.namespace), grant)
    }
  }

  matching({ from, to }: Reference): Matching {
    const accepting = this.#fromKey(from, to.namespace)
    const named = this.#match(accepting, this.#toKey(to, to.namespace))
    const unnamed = this.#match(accepting, this.#toKey({ group: to.group, kind: to.kind }, to.namespace))
    return { named, unnamed }
  }

  #match(from: string, to: string): ReadonlySet<Grant> {
    const key = `${from}:${to}`
    const known = this.#matches.get(key)
    if (known) return known
    const found = common(this.#byFrom.get(from) ?? NONE, this.#byTo.get(to) ?? NONE)
    for (const grant of found) this.#use(grant, from, to)
    this.#matches.set(key, found)
    return found
  }

  /** Records that a pair of entries permitted something; called once for each pair. */
  #use(grant: Grant, from: string, to: string): void {
    const used = this.used.get(grant) ?? { from: new Set(), to: new Set(), pairs: 0 }
    used.from.add(from)
    used.to.add(to)
    used.pairs += 1
    this.used.set(grant, used)
  }

  /** Returns the use of each grant that permitted something. */
  *uses(): Generator<[Grant, GrantUse]> {
    for (const [grant, { from, to, pairs }] of this.used) {
      const unusedFrom = grant.from.filter((one) => !from.has(this.#fromKey(one, grant.namespace)))
      const unusedTo = grant.to.filter((one) => !to.has(this.#toKey(one, grant.namespace)))
      yield [grant, { unusedFrom, unusedTo, usedPairs: pairs }]
    }
  }

  #fromKey({ group, kind, namespace }: GroupKind & { readonly namespace: string }, target: string): string {
    return this.#key(target, group, kind, namespace)
  }

  #toKey({ group, kind, name }: GroupKind & { readonly name?: string }, target: string): string {
    return this.#key(target, group, kind, name)
  }

  /** Replaces each text by a number, so that a long text that many references share is not copied into each key. */
  #key(...texts: readonly (string | undefined)[]): string {
    const numbers = texts.map((text) => {
      const number = this.#numbers.get(text) ?? this.#numbers.size
      this.#numbers.set(text, number)
      return number
    })
    return numbers.join()
  }
}

/** The keys of the entries that permitted something. */
interface Used {
  readonly from: Set<string>
  readonly to: Set<string>
  pairs: number
}

const NONE: ReadonlySet<Grant> = new Set()

function add(grants: Map<string, Set<Grant>>, key: string, grant: Grant): void {
  const known = grants.get(key)
  if (known) known.add(grant)
  else grants.set(key, new Set([grant]))
}

/** Returns the intersection, in as many steps as the smaller set has elements. */
function common(a: ReadonlySet<Grant>, b: ReadonlySet<Grant>): Set<Grant> {
  const [small, large] = a.size < b.size ? [a, b] : [b, a]
  const both = new Set<Grant>()
  for (const one of small) if (large.has(one)) both.add(one)
  return both
}

/** Returns the first elements of the sets, each once, at most `most`. */
function first(most: number, ...sets: readonly ReadonlySet<Grant>[]): Grant[] {
  const taken = new Set<Grant>()
  for (const set of sets)
    for (const grant of set) {
      if (taken.size === most) return [...taken]
      taken.add(grant)
    }
  return [...taken]
}
