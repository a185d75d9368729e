import type { Grant, GrantName } from '../policy/grant.ts'
import type { LintFinding } from '../policy/lint.ts'
import type { ObjectFlaw } from '../policy/lint-object.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import type { NamedObject } from '../policy/survey.ts'

/** A place in a file; the line is counted from 1. */
export interface Place {
  readonly file: string
  readonly line: number
}

/** An object that a file holds. */
export interface WrittenObject extends NamedObject {
  readonly file: string
  /** The line where it begins. */
  readonly line: number
  /** The line of a field, such as `spec.rules[0]`. */
  lineOf(field: string): number
}

/** A grant, and the object of a file that it is. */
export interface WrittenGrant<T extends WrittenObject = WrittenObject> {
  readonly grant: Grant
  readonly object: T
}

/** A reference into another namespace that no grant permits. */
interface NotPermitted {
  readonly code: 'not-permitted'
  readonly severity: 'error'
  readonly reference: Reference
}

/** An object with more references into other namespaces than are judged, so that the webhook refuses it. */
interface TooLarge {
  readonly code: 'too-many-references'
  readonly severity: 'error'
  readonly object: ObjectName
  readonly references: number
}

/** Something that is wrong with a grant, or that its author may not have meant. */
export interface GrantFlaw extends LintFinding {
  readonly grant: GrantName
  /** The kind that it is of: `ReferenceGrant`. */
  readonly grantKind: string
}

/** A grant that another place gives another content; the last one counts. */
export interface DuplicateGrant {
  readonly code: 'grant-duplicate'
  readonly severity: 'warning'
  readonly grant: GrantName
  readonly grantKind: string
  readonly path: string
  readonly other: Place
  readonly place: Place
}

/** What a check has found. Codes are stable. */
export type Finding = (NotPermitted | TooLarge | GrantFlaw | ObjectFlaw | DuplicateGrant) & { readonly place?: Place }
