import type { Catalogue } from '../policy/catalogue.ts'
import type { GrantFlaw } from '../policy/finding.ts'
import type { Severity } from '../policy/finding-codes.ts'
import type { Grant } from '../policy/grant.ts'
import { kindOf } from '../policy/grant-kinds.ts'
import { lintGrant } from '../policy/lint.ts'

/** Findings about grants that a report shows; the others are counted. Nobody reads more, and an entry may have several. */
const SHOWN = 1_000

/** What is wrong with grants: the first findings, each with its object, and how many there are. */
interface Flaws<T> {
  readonly flaws: readonly (GrantFlaw & { readonly object: T })[]
  readonly counts: Readonly<Record<Severity, number>>
}

/** Lints grants, each with the object that was written. */
export function flawsOf<T>(
  grants: readonly { readonly grant: Grant; readonly object: T }[],
  contentOf: (object: T) => unknown,
  catalogue: Catalogue,
): Flaws<T> {
  const flaws: (GrantFlaw & { object: T })[] = []
  const counts = { error: 0, warning: 0, note: 0 }
  for (const { grant, object } of grants) {
    const { namespace, name, resource } = grant
    const kind = kindOf(grant, catalogue.grantKinds)
    const result = lintGrant(contentOf(object), namespace, catalogue, SHOWN - flaws.length, kind)
    const named = { namespace, name, ...(resource !== undefined && { resource }) }
    for (const finding of result.findings) flaws.push({ ...finding, grant: named, grantKind: kind.kind, object })
    for (const severity of Object.keys(counts) as Severity[]) counts[severity] += result.counts[severity]
  }
  return { flaws, counts }
}
