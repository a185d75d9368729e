import type { GrantName } from '../policy/grant.ts'
import type { LintFinding } from '../policy/lint.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import type { Refusal } from '../wording/refusal.ts'
import type { Oversize } from './oversize.ts'
import { EXEMPTIONS } from './settings.ts'

/** What was decided on one request, as data. */
export type Decision = Verdict | Undecided

/** A decision that answers the request. */
export type Verdict = (Unjudged | Permitted | Refused | Oversized | Advised) & Misfits

interface Misfits {
  /** Paths of rows of the configuration that led to something other than a reference. */
  readonly misfits?: readonly string[]
}

/** Why a request is let through without looking at grants. Reasons are stable: audit logs and metrics have them. */
export const UNJUDGED_REASONS = [
  'nothing crosses',
  'mesh route',
  'exempt target',
  ...EXEMPTIONS,
  'operation',
  'subresource',
  'unknown kind',
] as const

/** Let through without looking at grants. */
export interface Unjudged {
  readonly outcome: 'unjudged'
  readonly reason: (typeof UNJUDGED_REASONS)[number]
}

export interface Permitted {
  readonly outcome: 'permitted'
  /** The references that the request adds, each with the grant that permits it. */
  readonly granted: readonly { readonly reference: Reference; readonly by: GrantName }[]
  /** References that no grant permits, let through with a warning because the stored object has them already. */
  readonly existing: readonly Reference[]
}

export interface Refused extends Refusal {
  readonly outcome: 'refused'
}

/** The object is too large to judge: refused, unless the stored object was too large already. */
export interface Oversized extends Oversize {
  readonly outcome: 'oversized'
  readonly object: ObjectName
  /** Whether the stored object is too large too, so that the update is let through with a warning. */
  readonly existing: boolean
}

/** Grants could not be looked up: there is no verdict. */
export interface Undecided extends Misfits {
  readonly outcome: 'undecided'
  /** Shown to the requester. */
  readonly why: string
}

/** A grant was linted. It is allowed, whatever was found. */
export interface Advised {
  readonly outcome: 'advised'
  readonly grant: ObjectName
  /** The first findings. */
  readonly findings: readonly LintFinding[]
  /** How many findings there are. */
  readonly count: number
  /** Why the grant was not read, if it is too large. */
  readonly unread?: Oversize | undefined
}
