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
  const verdicts = new Array<Verdict>(references.length)
  for (const places of byLookUp(references)) {
    const shared = places.map((place) => references[place] as Reference)
    const found = lookUp(shared, grants)
    for (let at = 0; at < places.length; at += 1)
      verdicts[places[at] as number] = verdict(shared[at] as Reference, found.grants[at], found.complete)
  }
  return verdicts
}

type Places = Map<string, Map<Reference['grantKinds'], number[]>>

/** Groups the places of references that share a look-up: those with the same target namespace and kinds of grants. */
function byLookUp(references: readonly Reference[]): number[][] {
  const all: Places = new Map()
  let last: Reference | undefined
  let places: number[] = []
  for (let place = 0; place < references.length; place += 1) {
    const reference = references[place] as Reference
    // Most references share the look-up of the one before.
    if (reference.to.namespace !== last?.to.namespace || reference.grantKinds !== last.grantKinds)
      places = placesIn(all, reference)
    places.push(place)
    last = reference
  }
  return [...all.values()].flatMap((ofNamespace) => [...ofNamespace.values()])
}

function placesIn(all: Places, { to: { namespace }, grantKinds }: Reference): number[] {
  const ofNamespace = all.get(namespace) ?? new Map<Reference['grantKinds'], number[]>()
  const places = ofNamespace.get(grantKinds) ?? []
  all.set(namespace, ofNamespace.set(grantKinds, places))
  return places
}

/** Looks up references that share a look-up. */
function lookUp(references: readonly Reference[], grants: GrantLookup) {
  const [first] = references as [Reference]
  const targets = references.map(({ to }) => to)
  if (!crosses(first)) return { grants: targets.map(() => 'same namespace' as const), complete: true }
  return allOf(grantKindsFor(first), grants).permitting(first.from, first.to.namespace, targets)
}

function verdict(reference: Reference, by: GrantName | 'same namespace' | undefined, complete: boolean): Verdict {
  return by === undefined ? { reference, permitted: false, complete } : { reference, permitted: true, by }
}
