import type { GrantFrom, GrantName } from './grant.ts'
import type { GrantKind } from './grant-kinds.ts'
import type { Target } from './namespace-grants.ts'

/** What grants of one namespace say of some targets. */
export interface Found {
  /** For each target, in their order, a grant that permits it; undefined where none does. */
  readonly grants: readonly (GrantName | undefined)[]
  /** Whether all grants of the namespace were looked at. If not, a target without a grant is not known to have none. */
  readonly complete: boolean
}

/** Answers which grants of one kind permit references. */
export interface KindLookup {
  /**
   * Which grants of a namespace permit references of one referrer. The entries of grants that accept the referrer are
   * visited once for all targets.
   */
  permitting(from: GrantFrom, namespace: string, targets: readonly Target[]): Found
}

/** Grants, each kind apart from the others: only those of a kind that is asked for can permit. */
export interface GrantLookup {
  of(kind: GrantKind): KindLookup
}

/** Stands for the grants of a kind of which nothing is known. */
export const NOT_KNOWN: KindLookup = {
  permitting: (_from, _namespace, targets) => ({ grants: targets.map(() => undefined), complete: false }),
}

/** What grants of several kinds say, as one kind does. */
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
