import type { Coverage } from '../policy/coverage.ts'
import type { GrantFlaw } from '../policy/finding.ts'
import type { Severity } from '../policy/finding-codes.ts'
import type { Grant } from '../policy/grant.ts'
import { kindOf } from '../policy/grant-kinds.ts'
import { lintGrant } from '../policy/lint.ts'

/** The most findings of each kind that a report for people shows; the others are counted. */
export const SHOWN = 1_000

/** The first findings about grants, each with its object, and the counts of all. */
interface Flaws<T> {
  readonly flaws: readonly (GrantFlaw & { readonly object: T })[]
  readonly counts: Readonly<Record<Severity, number>>
}

/**
 * Lints grants, each with the object it was parsed from.
 *
 * @param most the most findings to return; the others are counted, since each entry of a grant may have several
 */
export function flawsOf<T>(
  grants: readonly { readonly grant: Grant; readonly object: T }[],
  contentOf: (object: T) => unknown,
  coverage: Coverage,
  most = SHOWN,
): Flaws<T> {
  const flaws: (GrantFlaw & { object: T })[] = []
  const counts = { error: 0, warning: 0, note: 0 }
  for (const { grant, object } of grants) {
    const { namespace, name, resource } = grant
    const kind = kindOf(grant, coverage.grantKinds)
    const result = lintGrant(contentOf(object), namespace, coverage, most - flaws.length, kind)
    const named = { namespace, name, ...(resource !== undefined && { resource }) }
    for (const finding of result.findings) flaws.push({ ...finding, grant: named, grantKind: kind.kind, object })
    for (const severity of Object.keys(counts) as Severity[]) counts[severity] += result.counts[severity]
  }
  return { flaws, counts }
}
