import type { GrantKind } from './grant-kinds.ts'

/** An API group and a kind. The version never counts; `""` is the core group. */
export interface GroupKind {
  readonly group: string
  readonly kind: string
}

/** The kind and name of one namespaced object. */
export interface ObjectName extends GroupKind {
  readonly namespace: string
  readonly name: string
}

/** A reference of the object `from`, in its field `path`, to the object `to`. */
export interface Reference {
  readonly from: ObjectName
  readonly to: ObjectName
  /** The field, with list indexes: `spec.rules[0].backendRefs[1]`. */
  readonly path: string
  /** The kinds of grants that may permit the reference, the preferred one first; default: ReferenceGrant. */
  readonly grantKinds?: readonly GrantKind[]
}
