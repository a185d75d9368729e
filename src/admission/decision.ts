import type { Refusal } from '../policy/explain.ts'
import type { GrantName } from '../policy/grant.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import type { Oversize } from './oversize.ts'
import { EXEMPTIONS } from './settings.ts'

/** What was decided on one request, as data. */
export type Decision = (Unjudged | Permitted | Refused | Oversized) & {
  /** Rows of the admin's own that led to what is no reference, by their paths. */
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

interface Permitted {
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
