import type { GrantName } from '../policy/grant.ts'
import type { LintFinding } from '../policy/lint.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import type { Oversize } from '../wording/oversize.ts'
import type { Refusal } from '../wording/refusal.ts'
import { EXEMPT_WRITE_REASONS } from './settings.ts'

/** The decision on one request, as data. */
export type Decision = Decided | Undecided

/** A decision that answers the request. */
export type Decided = (Unjudged | Permitted | Refused | Oversized | Advised) & Misfits

interface Misfits {
  /** Paths of guarded fields of the configuration where the object has something other than a reference. */
  readonly misfits?: readonly string[]
}

/** Why a request is allowed without a check of grants. Reasons are stable: audit logs and metrics have them. */
export const UNJUDGED_REASONS = [
  'nothing crosses',
  'mesh route',
  'exempt target',
  ...EXEMPT_WRITE_REASONS,
  'operation',
  'subresource',
  'unknown kind',
] as const

/** Allowed without a check of grants. */
export interface Unjudged {
  readonly outcome: 'unjudged'
  readonly reason: (typeof UNJUDGED_REASONS)[number]
}

export interface Permitted {
  readonly outcome: 'permitted'
  /** The grants that permit the references. */
  readonly grants: readonly GrantName[]
  /** References that no grant permits, allowed with a warning because the stored object already has them. */
  readonly existing: readonly Reference[]
}

export interface Refused extends Refusal {
  readonly outcome: 'refused'
}

/** The object is too large to judge: refused, unless the stored object was too large already. */
export interface Oversized extends Oversize {
  readonly outcome: 'oversized'
  readonly object: ObjectName
  /** Whether the stored object is too large, too, so that the update is allowed with a warning. */
  readonly existing: boolean
}

/** The lookup of grants failed: there is no verdict. */
export interface Undecided extends Misfits {
  readonly outcome: 'undecided'
  /** The reason, shown to the requester. */
  readonly why: string
}

/** A grant was linted. It is always allowed. */
export interface Advised {
  readonly outcome: 'advised'
  readonly grant: ObjectName
  /** The first findings. */
  readonly findings: readonly LintFinding[]
  /** The number of all findings. */
  readonly count: number
  /** Why the grant is too large to read, if it is. */
  readonly unread?: Oversize | undefined
}
