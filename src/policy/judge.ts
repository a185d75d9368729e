import type { GrantName } from './grant.ts'
import { grantKindsFor } from './grant-kinds.ts'
import { allOf, type GrantLookup } from './grant-lookup.ts'
import type { Reference } from './reference.ts'

/** Whether a reference is permitted, and by which grant. `complete` is false if not all grants could be searched. */
export type Verdict =
  | { readonly reference: Reference; readonly permitted: true; readonly by: 'same namespace' | GrantName }
  | { readonly reference: Reference; readonly permitted: false; readonly complete: boolean }

/** Whether a reference leaves its object's namespace. A reference that names that namespace explicitly does not. */
export const crosses = ({ from, to }: Reference): boolean => from.namespace !== to.namespace

/**
 * Applies the rule of the standard: a reference is permitted if it stays in its namespace, or if ONE grant in the target
 * namespace accepts its `from` (group, kind, namespace) and exposes its `to` (group, kind, and name if the grant has
 * one). Comparison is exact; versions never count; grants add up.
 *
 * Source: Gateway API, API types, ReferenceGrant; godoc of `ReferenceGrantSpec`.
 *
 * @param references of one object
 * @returns a verdict for each reference, in order
 */
export function judge(references: readonly Reference[], grants: GrantLookup): Verdict[] {
  const verdicts = new Map<Reference, Verdict>()
  for (const group of byLookup(references)) {
    const [reference] = group as [Reference, ...Reference[]]
    const { from, to } = reference
    const targets = group.map(({ to }) => to)
    const found = crosses(reference)
      ? allOf(grantKindsFor(reference), grants).permitting(from, to.namespace, targets)
      : undefined
    for (const [at, reference] of group.entries())
      verdicts.set(reference, verdict(reference, found ? found.grants[at] : 'same namespace', found?.complete ?? true))
  }
  return references.map((reference) => verdicts.get(reference) as Verdict)
}

/** Groups references that share a lookup: those with the same target namespace and the same kinds of grants. */
function byLookup(references: readonly Reference[]): Reference[][] {
  const byNamespace = [...Map.groupBy(references, ({ to }) => to.namespace).values()]
  return byNamespace.flatMap((group) => [...Map.groupBy(group, ({ grantKinds }) => grantKinds).values()])
}

function verdict(reference: Reference, by: GrantName | 'same namespace' | undefined, complete: boolean): Verdict {
  return by === undefined ? { reference, permitted: false, complete } : { reference, permitted: true, by }
}
