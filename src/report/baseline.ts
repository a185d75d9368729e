import { API_VERSION } from '../admission/names.ts'
import type { CheckReport } from './check.ts'
import { identityOf, type Told, toldOf } from './told.ts'

/** The findings of a baseline. */
export interface Baseline {
  /** The file or the revision that it was read from. */
  readonly source: string
  readonly findings: readonly Told[]
  /** Why findings may be missing. */
  readonly notes: readonly string[]
}

/**
 * Returns the report with the change of each finding. Findings of one identity are counted: if the baseline has two and the
 * report three, one was introduced.
 */
export function comparedWith(report: CheckReport, { source, findings, notes }: Baseline): CheckReport {
  const former = Map.groupBy(findings, identityOf)
  const compared = report.findings.map((finding) => {
    const isOld = former.get(identityOf(toldOf(finding)))?.shift() !== undefined
    return { ...finding, change: isOld ? ('unchanged' as const) : ('introduced' as const) }
  })
  const introduced = compared.filter(({ change }) => change === 'introduced').length
  return {
    ...report,
    findings: compared,
    notes: [...report.notes, ...notes],
    baseline: {
      ...{ source, introduced, unchanged: compared.length - introduced },
      fixed: [...former.values()].flat(),
    },
  }
}

/** Returns the findings of a JSON report, and whether it has all of them; undefined if a text is not such a report. */
export function findingsIn(text: string): { findings: Told[]; isComplete: boolean } | undefined {
  try {
    const { apiVersion, kind, findings, complete, omittedFindings } = JSON.parse(text)
    if (apiVersion !== API_VERSION || kind !== 'CheckReport' || !findings.every(isTold)) return undefined
    return { findings, isComplete: complete === true && omittedFindings === 0 }
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
