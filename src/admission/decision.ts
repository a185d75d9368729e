import type { Refusal } from '../policy/explain.ts'
import type { Grant } from '../policy/grant.ts'
import type { Reference } from '../policy/reference.ts'
import type { Exemption } from './settings.ts'

/** What was decided on one request, as data. */
export type Decision = Unjudged | Permitted | Refused

/** Let through without looking at grants. */
export interface Unjudged {
  readonly outcome: 'unjudged'
  readonly reason:
    | 'operation'
    | 'subresource'
    | 'unknown kind'
    | 'nothing crosses'
    | 'mesh route'
    | 'exempt target'
    | Exemption
}

interface Permitted {
  readonly outcome: 'permitted'
  /** The references that the request adds, each with the grant that permits it. */
  readonly granted: readonly { readonly reference: Reference; readonly by: Grant }[]
  /** References that no grant permits, let through with a warning because the stored object has them already. */
  readonly existing: readonly Reference[]
}

export interface Refused extends Refusal {
  readonly outcome: 'refused'
}
