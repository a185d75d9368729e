import { API_VERSION } from '../admission/names.ts'
import type { CheckReport } from './check.ts'
import { countOf, type Omitted, type OmittedFinding, omittedIn } from './omitted.ts'
import { digestOf, identified, type Told } from './told.ts'

/** The findings that a report has. */
interface Former {
  readonly findings: readonly Told[]
  /** How many findings it does not show, by the digest of their identity. */
  readonly omitted: ReadonlyMap<string, number>
}

/** The findings of a baseline. */
export interface Baseline extends Former {
  /** The file or the revision that it was read from. */
  readonly source: string
  /** Why findings may be missing. */
  readonly notes: readonly string[]
}

/**
 * Returns the report with the change of each finding. Findings of one identity are counted: if the baseline has two and the
 * report three, one was introduced.
 */
export function comparedWith(report: CheckReport, baseline: Baseline): CheckReport {
  const former = new FormerFindings(baseline)
  const compared = report.findings.map((finding) => {
    const isOld = former.take(digestOf(identified(finding)), 1) === 1
    return { ...finding, change: isOld ? ('unchanged' as const) : ('introduced' as const) }
  })
  const shown = compared.filter(({ change }) => change === 'introduced').length
  const { introduced, unchanged } = comparedOmitted(report.omitted, former)
  return {
    ...report,
    findings: compared,
    notes: [...report.notes, ...baseline.notes],
    baseline: {
      source: baseline.source,
      introduced: shown + countOf(introduced),
      unchanged: compared.length - shown + unchanged,
      ...former.left(),
      omittedIntroduced: introduced,
    },
  }
}

/** Compares the findings that the report does not show. */
function comparedOmitted(omitted: Omitted, former: FormerFindings) {
  const introduced: OmittedFinding[] = []
  let unchanged = 0
  for (const [digest, one] of omitted) {
    const old = former.take(digest, one.count)
    unchanged += old
    if (old < one.count) introduced.push({ ...one, count: one.count - old })
  }
  return { introduced, unchanged }
}

/** The findings of a baseline that were not found again. */
class FormerFindings {
  readonly #shown: Map<string, Told[]>
  readonly #omitted: Map<string, number>

  constructor({ findings, omitted }: Former) {
    this.#shown = Map.groupBy(findings, digestOf)
    this.#omitted = new Map(omitted)
  }

  /** Takes findings of an identity. Returns how many there were, at most the asked number. */
  take(digest: string, count: number): number {
    const ofShown = this.#shown.get(digest)?.splice(0, count).length ?? 0
    const omitted = this.#omitted.get(digest) ?? 0
    const ofOmitted = Math.min(omitted, count - ofShown)
    if (ofOmitted > 0) this.#omitted.set(digest, omitted - ofOmitted)
    return ofShown + ofOmitted
  }

  /** Returns what was not taken. */
  left(): { fixed: Told[]; omittedFixed: number } {
    return { fixed: [...this.#shown.values()].flat(), omittedFixed: totalOf(this.#omitted) }
  }
}

const totalOf = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0)

/** Returns the findings of a JSON report, and whether it has all of them; undefined if a text is not such a report. */
export function findingsIn(text: string): (Former & { isComplete: boolean }) | undefined {
  try {
    const { apiVersion, kind, findings, complete, omittedFindings, omittedIdentities } = JSON.parse(text)
    if (apiVersion !== API_VERSION || kind !== 'CheckReport' || !findings.every(isTold)) return undefined
    const omitted = omittedIn(omittedIdentities) ?? new Map<string, number>()
    return { findings, omitted, isComplete: complete === true && omittedFindings === totalOf(omitted) }
  } catch {
    return undefined
  }
}

function isTold(value: unknown): value is Told {
  const { code, message, field, object, grant, target } = (value ?? {}) as Record<string, unknown>
  const isName = (name: unknown) => name === undefined || (typeof name === 'object' && name !== null)
  return (
    [code, message].every((one) => typeof one === 'string') &&
    ['string', 'undefined'].includes(typeof field) &&
    [object, grant, target].every(isName)
  )
}
