import type { GrantKind } from './grant-kinds.ts'

/** An API group and a kind. The version never counts; `""` is the core group. */
export interface GroupKind {
  readonly group: string
  readonly kind: string
}

/** One namespaced object, by name. */
export interface ObjectName extends GroupKind {
  readonly namespace: string
  readonly name: string
}

/** What the object `from` says in its field `path`: that it uses the object `to`. */
export interface Reference {
  readonly from: ObjectName
  readonly to: ObjectName
  /** The field, with list indexes: `spec.rules[0].backendRefs[1]`. */
  readonly path: string
  /** The kinds whose grants may permit it, the usual one first; without it, ReferenceGrants alone. */
  readonly grantKinds?: readonly GrantKind[]
}
