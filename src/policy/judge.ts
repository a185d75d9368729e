import type { Grant } from './grant.ts'
import type { GrantLookup } from './grant-index.ts'
import type { Reference } from './reference.ts'

/** Whether a reference is permitted, and by what. */
export type Verdict =
  | { readonly reference: Reference; readonly permitted: true; readonly by: 'same namespace' | Grant }
  | { readonly reference: Reference; readonly permitted: false }

/** Whether a reference leaves its object's namespace. One that names its own namespace does not. */
export const crosses = ({ from, to }: Reference): boolean => from.namespace !== to.namespace

/**
 * The rule of the standard: a reference is permitted if it stays in its namespace, or if ONE grant in the target
 * namespace accepts its `from` (group, kind, namespace) and exposes its `to` (group, kind, and name if the grant has
 * one). Comparison is exact; versions never count; grants add up.
 *
 * Source: Gateway API, API types, ReferenceGrant; godoc of `ReferenceGrantSpec`.
 */
export function judge(reference: Reference, grants: GrantLookup): Verdict {
  if (!crosses(reference)) return { reference, permitted: true, by: 'same namespace' }
  const grant = grants.permitting(reference)
  return grant ? { reference, permitted: true, by: grant } : { reference, permitted: false }
}
