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
  const at = (place: number) => references[place] as Reference
  const verdicts = new Array<Verdict>(references.length)
  for (const places of byLookup(references)) {
    const first = at(places[0] as number)
    const targets = places.map((place) => at(place).to)
    const found = crosses(first)
      ? allOf(grantKindsFor(first), grants).permitting(first.from, first.to.namespace, targets)
      : { grants: targets.map(() => 'same namespace' as const), complete: true }
    for (let index = 0; index < places.length; index += 1) {
      const place = places[index] as number
      verdicts[place] = verdict(at(place), found.grants[index], found.complete)
    }
  }
  return verdicts
}

/** Groups the places of references that share a lookup: those with the same target namespace and kinds of grants. */
function byLookup(references: readonly Reference[]): number[][] {
  const byNamespace = Map.groupBy(references.keys(), (place) => references[place]?.to.namespace)
  return [...byNamespace.values()].flatMap((group) => [
    ...Map.groupBy(group, (place) => references[place]?.grantKinds).values(),
  ])
}

function verdict(reference: Reference, by: GrantName | 'same namespace' | undefined, complete: boolean): Verdict {
  return by === undefined ? { reference, permitted: false, complete } : { reference, permitted: true, by }
}
