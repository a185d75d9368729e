import type { Catalogue } from './catalogue.ts'
import { crossingReferences, MOST_REFERENCES } from './crossing.ts'
import type { Grant } from './grant.ts'
import { grantKindsFor, resourceOf } from './grant-kinds.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'

/** Grants named for one reference; the others are counted. Any number of grants may permit any number of references. */
const NAMED = 16

/** An object with its name. */
export interface NamedObject {
  readonly name: ObjectName
  readonly object: unknown
}

/** A reference into another namespace, and the grants that permit it: none if it is not permitted. */
export interface SurveyedReference<T extends NamedObject = NamedObject> extends Permitting {
  /** The object that holds it. */
  readonly object: T
  readonly reference: Reference
}

/** The first grants that permit a reference, and how many more do. */
interface Permitting {
  readonly grants: readonly Grant[]
  readonly moreGrants: number
}

/** What a set of objects and grants comes to. */
export interface Survey<T extends NamedObject = NamedObject> {
  /** Every reference that needs a grant, in the objects' order; of an object that is too large, those that are judged. */
  readonly references: readonly SurveyedReference<T>[]
  /** Objects whose references into other namespaces need no grant. */
  readonly exempt: readonly { readonly object: ObjectName; readonly reason: string }[]
  /** Objects with more references than are judged, with how many they have. */
  readonly tooLarge: readonly { readonly object: T; readonly count: number }[]
  /** Grants that permit none of the references, though they accept a kind that the catalogue knows; sorted. */
  readonly unused: readonly Grant[]
}

/**
 * Judges every reference of these objects by these grants, and the grants by what they are used for.
 *
 * @param exemptNamespaces namespaces of objects that the webhook does not judge
 */
export function survey<T extends NamedObject>(
  catalogue: Catalogue,
  objects: Iterable<T>,
  grants: Iterable<Grant>,
  exemptNamespaces: ReadonlySet<string> = new Set(),
): Survey<T> {
  const distinct = sorted(grants)
  const kinds = new Map([...Map.groupBy(distinct, ({ resource }) => resource)].map(ofOneKind))
  const references: SurveyedReference<T>[] = []
  const exempt: { object: ObjectName; reason: string }[] = []
  const tooLarge: { object: T; count: number }[] = []
  for (const object of objects) {
    const crossing = crossingReferences(catalogue, object.name, object.object)
    if (crossing.count > 0 && exemptNamespaces.has(object.name.namespace)) {
      exempt.push({ object: object.name, reason: 'exempt namespace' })
      continue
    }
    if (crossing.count > MOST_REFERENCES) tooLarge.push({ object, count: crossing.count })
    if (crossing.exempt) exempt.push({ object: object.name, reason: crossing.exempt })
    for (const reference of crossing.references) references.push({ object, reference, ...permitting(kinds, reference) })
  }
  // What other kinds do with a grant cannot be seen: nothing is said of grants that accept one.
  const unused = distinct.filter(
    (grant) => !kinds.get(grant.resource)?.used.has(grant) && grant.from.every((from) => catalogue.referrer(from)),
  )
  return { references, exempt, tooLarge, unused }
}

/** Grants by namespace and name; of those with one name the last, as where one replaces another. */
export function sorted(grants: Iterable<Grant>): Grant[] {
  const distinct = new Map<string, Grant>()
  for (const grant of grants) distinct.set(JSON.stringify([grant.namespace, grant.name, grant.resource]), grant)
  return [...distinct.values()].sort(byName)
}

/** The order of reports: by namespace, then by name. */
export function byName(a: Named, b: Named): number {
  return order(a.namespace, b.namespace) || order(a.name, b.name)
}

type Named = Pick<ObjectName, 'namespace' | 'name'>

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Grants of each kind, by their resources. */
type SurveyedKinds = ReadonlyMap<string | undefined, SurveyedGrants>

function ofOneKind([resource, grants]: [string | undefined, Grant[]]): [string | undefined, SurveyedGrants] {
  return [resource, new SurveyedGrants(grants)]
}

/** The grants that permit a reference, of the kinds that count for it: kind by kind, and first those that name its target. */
function permitting(kinds: SurveyedKinds, reference: Reference): Permitting {
  const matching = grantKindsFor(reference).flatMap((kind) => kinds.get(resourceOf(kind))?.matching(reference) ?? [])
  const count = matching.reduce((count, { named, unnamed }) => {
    return count + named.size + unnamed.size - common(named, unnamed).size
  }, 0)
  const grants = first(NAMED, ...matching.flatMap(({ named, unnamed }) => [named, unnamed]))
  return { grants, moreGrants: count - grants.length }
}

/** Grants of one kind that permit a reference: those that name its target, and those that permit every one of its kind. */
interface Matching {
  readonly named: ReadonlySet<Grant>
  readonly unnamed: ReadonlySet<Grant>
}

/**
 * Grants of one kind by the entries of each half, so that they need no more room than they have entries: a grant of m entries in
 * `from` and n in `to` stands for m times n pairs.
 */
class SurveyedGrants {
  /** Grants that permitted something. */
  readonly used = new Set<Grant>()
  readonly #byFrom = new Map<string, Set<Grant>>()
  readonly #byTo = new Map<string, Set<Grant>>()
  /** What was found already, since many references are alike. */
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
    for (const grant of found) this.used.add(grant)
    this.#matches.set(key, found)
    return found
  }

  #fromKey({ group, kind, namespace }: GroupKind & { readonly namespace: string }, target: string): string {
    return this.#key(target, group, kind, namespace)
  }

  #toKey({ group, kind, name }: GroupKind & { readonly name?: string }, target: string): string {
    return this.#key(target, group, kind, name)
  }

  /** A number stands for each text, so that a long one that many references share is not copied for each of them. */
  #key(...texts: readonly (string | undefined)[]): string {
    const numbers = texts.map((text) => {
      const number = this.#numbers.get(text) ?? this.#numbers.size
      this.#numbers.set(text, number)
      return number
    })
    return numbers.join()
  }
}

const NONE: ReadonlySet<Grant> = new Set()

function add(grants: Map<string, Set<Grant>>, key: string, grant: Grant): void {
  const known = grants.get(key)
  if (known) known.add(grant)
  else grants.set(key, new Set([grant]))
}

/** What both hold, in as many steps as the smaller one holds. */
function common(a: ReadonlySet<Grant>, b: ReadonlySet<Grant>): Set<Grant> {
  const [small, large] = a.size < b.size ? [a, b] : [b, a]
  const both = new Set<Grant>()
  for (const one of small) if (large.has(one)) both.add(one)
  return both
}

/** So many of these, each once. */
function first(most: number, ...sets: readonly ReadonlySet<Grant>[]): Grant[] {
  const taken = new Set<Grant>()
  for (const set of sets)
    for (const grant of set) {
      if (taken.size === most) return [...taken]
      taken.add(grant)
    }
  return [...taken]
}
