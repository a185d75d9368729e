import type { GrantFrom, GrantName } from './grant.ts'
import type { GrantKind } from './grant-kinds.ts'
import type { Target } from './namespace-grants.ts'

/** The result of a lookup in the grants of one namespace. */
export interface Found {
  /** For each target, in order, a grant that permits it, or undefined if no grant does. */
  readonly grants: readonly (GrantName | undefined)[]
  /** Whether all grants of the namespace were searched. If not, a target without a grant may still have one. */
  readonly complete: boolean
}

/** Finds the grants of one kind that permit references. */
export interface KindLookup {
  /**
   * Returns the grants of a namespace that permit references of one referrer. Visits the entries of grants that accept
   * the referrer once for all targets.
   */
  permitting(from: GrantFrom, namespace: string, targets: readonly Target[]): Found
}

/** The grants of every kind, kept apart by kind: a lookup in one kind never returns a grant of another. */
export interface GrantLookup {
  of(kind: GrantKind): KindLookup
}

/** The lookup for a kind whose grants are unknown. */
export const NOT_KNOWN: KindLookup = {
  permitting: (_from, _namespace, targets) => ({ grants: targets.map(() => undefined), complete: false }),
}

/** Combines the lookups of several kinds into one. */
export function allOf(kinds: readonly GrantKind[], grants: GrantLookup): KindLookup {
  const [only] = kinds
  if (only && kinds.length === 1) return grants.of(only)
  return {
    permitting(from, namespace, targets) {
      const found = kinds.map((kind) => grants.of(kind).permitting(from, namespace, targets))
      return {
        grants: targets.map((_, at) => found.find(({ grants }) => grants[at])?.grants[at]),
        complete: found.every(({ complete }) => complete),
      }
    },
  }
}
