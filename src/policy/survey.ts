import type { Catalogue } from './catalogue.ts'
import { crossingReferences } from './crossing.ts'
import type { Grant, GrantFrom } from './grant.ts'
import { fromKey, kindKey, toKey } from './grant-keys.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'

/** An object with its name. */
export interface NamedObject {
  readonly name: ObjectName
  readonly object: unknown
}

/** A reference into another namespace, and the first grants that permit it: none if it is not permitted. */
export interface SurveyedReference<T extends NamedObject = NamedObject> {
  /** The object that holds it. */
  readonly object: T
  readonly reference: Reference
  readonly grants: readonly Grant[]
}

/** What a set of objects and grants comes to. */
export interface Survey<T extends NamedObject = NamedObject> {
  /** Every reference that needs a grant, in the objects' order. */
  readonly references: readonly SurveyedReference<T>[]
  /** Objects whose references into other namespaces need no grant. */
  readonly exempt: readonly { readonly object: ObjectName; readonly reason: string }[]
  /** Grants that permit none of the references, though they accept a kind that the catalogue knows. */
  readonly unused: readonly Grant[]
}

/**
 * Grants named for one reference at most. Each of many references may be permitted by each of many grants; a person
 * needs the first few.
 */
const NAMED = 16

/**
 * Judges every reference of these objects by these grants, and the grants by what they are used for. Of two grants of
 * one name the last counts, as when both are applied.
 */
export function survey<T extends NamedObject>(
  catalogue: Catalogue,
  objects: Iterable<T>,
  grants: Iterable<Grant>,
): Survey<T> {
  const crossing: { object: T; reference: Reference }[] = []
  const exempt: { object: ObjectName; reason: string }[] = []
  for (const object of objects) {
    const found = crossingReferences(catalogue, object.name, object.object)
    if (found.exempt) exempt.push({ object: object.name, reason: found.exempt })
    for (const reference of found.references) crossing.push({ object, reference })
  }
  const effective = [...new Map([...grants].map((grant) => [nameKey(grant), grant])).values()]
  const { permitting, used } = match(
    crossing.map(({ reference }) => reference),
    effective,
  )
  const references = crossing.map((one) => ({ ...one, grants: permitting(one.reference) }))
  // What other kinds do with a grant cannot be seen: nothing is said of grants that accept one.
  const unused = effective.filter((grant) => !used.has(grant) && grant.from.every((from) => catalogue.referrer(from)))
  return { references, exempt, unused }
}

/** Which grants permit which references: each entry of a grant is visited once for each referrer that it accepts. */
function match(references: readonly Reference[], grants: readonly Grant[]) {
  const accepting = new Map<string, Set<Grant>>()
  for (const grant of grants)
    for (const from of grant.from) {
      const key = pairKey(from, grant.namespace)
      accepting.set(key, (accepting.get(key) ?? new Set()).add(grant))
    }
  const used = new Set<Grant>()
  const byTarget = new Map<string, Grant[]>()
  for (const [pair, group] of Map.groupBy(references, ({ from, to }) => pairKey(from, to.namespace))) {
    for (const { to } of group) for (const key of [toKey(to), kindKey(to)]) byTarget.set(pair + key, [])
    for (const grant of accepting.get(pair) ?? [])
      for (const key of new Set(grant.to.map(toKey))) {
        const permitting = byTarget.get(pair + key)
        if (permitting) used.add(grant)
        if (permitting && permitting.length < NAMED) permitting.push(grant)
      }
  }
  const permitting = ({ from, to }: Reference): Grant[] => {
    const pair = pairKey(from, to.namespace)
    const found = [toKey(to), kindKey(to)].flatMap((key) => byTarget.get(pair + key) ?? [])
    return [...new Set(found)].slice(0, NAMED)
  }
  return { used, permitting }
}

const nameKey = ({ resource, namespace, name }: Grant) => JSON.stringify([resource, namespace, name])

const pairKey = (from: GrantFrom, namespace: string) => JSON.stringify([fromKey(from), namespace])

/** One thing that a grant permits: objects of a kind in a namespace may refer to one object or to all of a kind. */
export interface Permission {
  readonly from: GroupKind & { readonly namespace: string }
  readonly to: GroupKind & { readonly namespace: string; readonly name?: string }
  readonly grant: Grant
}

/** Everything that grants permit, each pair of a `from` and a `to`, by target namespace. */
export function permissions(grants: Iterable<Grant>): Permission[] {
  return [...grants]
    .sort((a, b) => order(a.namespace, b.namespace) || order(a.name, b.name))
    .flatMap((grant) =>
      grant.from.flatMap((from) => grant.to.map((to) => ({ from, to: { ...to, namespace: grant.namespace }, grant }))),
    )
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
