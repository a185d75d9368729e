import type { Absence, Tool } from './apply-order.ts'
import type { Severity } from './finding-codes.ts'
import type { GrantName } from './grant.ts'
import type { LintFinding } from './lint.ts'
import type { ObjectFlaw } from './lint-object.ts'
import type { NearMiss } from './near-miss.ts'
import type { ObjectName, Reference } from './reference.ts'

/** A part of a text. Lines and columns count from 1, columns in UTF-16 units; the end is behind the last character. */
export interface Span {
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
}

/** A part of a file. */
export interface Place extends Span {
  readonly file: string
}

/** A reference into another namespace that no grant permits. */
interface NotPermitted {
  readonly code: 'not-permitted'
  readonly severity: Severity
  readonly reference: Reference
  /** The grant that is nearest to permitting it. */
  readonly nearest?: NearMiss
}

/** An object with more references into other namespaces than the webhook judges, which it therefore denies. */
interface TooLarge {
  readonly code: 'too-many-references'
  readonly severity: Severity
  readonly object: ObjectName
  readonly references: number
}

/** A mistake in a grant, or something that its author may not have intended. */
export interface GrantFlaw extends LintFinding {
  readonly grant: GrantName
  /** The kind of the grant: `ReferenceGrant`. */
  readonly grantKind: string
}

/** A grant that is written in two places with different contents; the last one counts. */
export interface DuplicateGrant {
  readonly code: 'grant-duplicate'
  readonly severity: Severity
  readonly grant: GrantName
  readonly grantKind: string
  readonly path: string
  readonly other: Place
  readonly place: Place
}

/** A reference that a grant permits, but a tool applies the grant only after the object. */
export interface RefusedAtInstall {
  readonly code: 'refused-at-install'
  readonly severity: Severity
  readonly reference: Reference
  readonly tool: Tool
  /** Why the grant is not there. */
  readonly absence: Absence
  /** The first of the grants that permit the reference. */
  readonly grant: GrantName
  readonly grantKind: string
  readonly other: Place
  readonly place: Place
}

/** Whether a baseline has a finding, too. */
export type Change = 'introduced' | 'unchanged'

/** A finding of `refgrant check`. */
export type Finding = (NotPermitted | TooLarge | GrantFlaw | ObjectFlaw | DuplicateGrant | RefusedAtInstall) & {
  readonly place?: Place
  /** Only with a baseline. */
  readonly change?: Change
}
