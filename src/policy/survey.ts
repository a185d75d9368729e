import type { Catalogue } from './catalogue.ts'
import { crossingReferences } from './crossing.ts'
import type { Grant } from './grant.ts'
import { GrantIndex } from './grant-index.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'

/** An object with its name. */
export interface NamedObject {
  readonly name: ObjectName
  readonly object: unknown
}

/** A reference into another namespace, and every grant that permits it: none if it is not permitted. */
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

/** Judges every reference of these objects by these grants, and the grants by what they are used for. */
export function survey<T extends NamedObject>(
  catalogue: Catalogue,
  objects: Iterable<T>,
  grants: Iterable<Grant>,
): Survey<T> {
  const index = new GrantIndex(grants)
  const references: SurveyedReference<T>[] = []
  const exempt: { object: ObjectName; reason: string }[] = []
  for (const object of objects) {
    const crossing = crossingReferences(catalogue, object.name, object.object)
    if (crossing.exempt) exempt.push({ object: object.name, reason: crossing.exempt })
    for (const reference of crossing.references)
      references.push({ object, reference, grants: index.allPermitting(reference) })
  }
  const used = new Set(references.flatMap((one) => one.grants))
  // What other kinds do with a grant cannot be seen: nothing is said of grants that accept one.
  const unused = [...index].filter((grant) => !used.has(grant) && grant.from.every((from) => catalogue.referrer(from)))
  return { references, exempt, unused }
}

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
