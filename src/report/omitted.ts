import type { Finding } from '../policy/finding.ts'
import type { FindingCode, Severity } from '../policy/finding-codes.ts'
import { digestOf, identified } from './told.ts'

/** Findings of one identity that are counted and not shown. */
export interface OmittedFinding {
  readonly code: FindingCode
  readonly severity: Severity
  readonly count: number
}

/** The findings that a report counts and does not show, by the digest of their identity. */
export type Omitted = ReadonlyMap<string, OmittedFinding>

/** Returns how many findings these are. */
export const countOf = (some: readonly OmittedFinding[]) => some.reduce((sum, { count }) => sum + count, 0)

/** The version of the digests in a report: a change of `digestOf` or of `identityOf` needs another. */
const VERSION = 1

/** Collects findings that are not shown. Its memory grows with the different identities, and not with the findings. */
export class OmittedFindings {
  readonly byDigest = new Map<string, OmittedFinding>()

  add(finding: Finding, count = 1): void {
    const { code, severity } = finding
    const digest = digestOf(identified(finding))
    const known = this.byDigest.get(digest)?.count ?? 0
    this.byDigest.set(digest, { code, severity, count: known + count })
  }
}

/** Returns the identities of findings that a report does not show, so that it is a baseline for them, too. */
export function omittedJson(omitted: Omitted) {
  if (omitted.size === 0) return undefined
  return {
    version: VERSION,
    digests: Object.fromEntries(Array.from(omitted, ([digest, { count }]) => [digest, count])),
  }
}

/** Returns how many findings of each digest a report does not show; undefined if it does not say so in a known version. */
export function omittedIn(value: unknown): Map<string, number> | undefined {
  const { version, digests } = Object(value) as Record<string, unknown>
  if (version !== VERSION || typeof digests !== 'object' || digests === null) return undefined
  const counts = Object.entries(digests)
  return counts.every(([, count]) => Number.isSafeInteger(count) && count > 0) ? new Map(counts) : undefined
}
