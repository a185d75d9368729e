import type { Coverage } from '../policy/coverage.ts'
import type { GrantFlaw } from '../policy/finding.ts'
import { type LintCode, SEVERITIES, type Severity } from '../policy/finding-codes.ts'
import type { Grant } from '../policy/grant.ts'
import { kindOf } from '../policy/grant-kinds.ts'
import { type LintFinding, lintGrant } from '../policy/lint.ts'
import type { OmittedFindings } from './omitted.ts'
import { withoutIndexes } from './told.ts'

/** The most findings of each kind that a report for people shows; the others are counted. */
export const SHOWN = 1_000

/** The first findings about grants, each with its object, and the counts of all. */
interface Flaws<T> {
  readonly flaws: readonly (GrantFlaw & { readonly object: T })[]
  readonly counts: Readonly<Record<Severity, number>>
}

/** Counts the findings on a grant that are not returned, by their code and their field without list indexes. */
class Rest {
  readonly #counts = new Map<string, { readonly finding: LintFinding; number: number }>()

  count(code: LintCode, path: string): void {
    const field = withoutIndexes(path)
    const key = `${code} ${field}`
    const known = this.#counts.get(key)
    if (known) known.number += 1
    else this.#counts.set(key, { finding: { code, severity: SEVERITIES[code], path: field }, number: 1 })
  }

  *[Symbol.iterator](): Generator<readonly [finding: LintFinding, number: number]> {
    for (const { finding, number } of this.#counts.values()) yield [finding, number]
  }
}

/**
 * Lints grants, each with the object it was parsed from.
 *
 * @param most the most findings to return; the others are counted, since each entry of a grant may have several
 * @param omitted collects the others
 */
export function flawsOf<T>(
  grants: readonly { readonly grant: Grant; readonly object: T }[],
  contentOf: (object: T) => unknown,
  coverage: Coverage,
  most = SHOWN,
  omitted?: OmittedFindings,
): Flaws<T> {
  const flaws: (GrantFlaw & { object: T })[] = []
  const counts = { error: 0, warning: 0, note: 0 }
  for (const { grant, object } of grants) {
    const { namespace, name, resource } = grant
    const kind = kindOf(grant, coverage.grantKinds)
    const named = { namespace, name, ...(resource !== undefined && { resource }) }
    const rest = new Rest()
    const count = omitted && ((code: LintCode, path: string) => rest.count(code, path))
    const result = lintGrant(contentOf(object), namespace, coverage, most - flaws.length, kind, count)
    for (const [finding, number] of rest) omitted?.add({ ...finding, grant: named, grantKind: kind.kind }, number)
    for (const finding of result.findings) flaws.push({ ...finding, grant: named, grantKind: kind.kind, object })
    for (const severity of Object.keys(counts) as Severity[]) counts[severity] += result.counts[severity]
  }
  return { flaws, counts }
}
