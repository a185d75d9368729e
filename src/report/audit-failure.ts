import { type AuditReport, type AuditText, isRefused } from './audit.ts'
import type { Since } from './since.ts'

/** What may make the exit code of an audit 1. A severity of findings about grants includes the higher ones. */
export const AUDIT_FAILURES = [
  ...(['not-permitted', 'new', 'error', 'warning', 'note'] as const),
  ...(['unused', 'superfluous', 'broad', 'none'] as const),
] as const

export type AuditFailure = (typeof AUDIT_FAILURES)[number]

/** Returns what makes the exit code 1 unless `--fail-on` names something else: what is printed. */
export function failuresShown(only: AuditText['only']): ReadonlySet<AuditFailure> {
  if (only.size === 0) return new Set(['not-permitted'])
  return new Set([...only, ...(only.has('unused') ? (['superfluous'] as const) : [])])
}

/** Whether a report has something that makes the exit code 1. */
export function isFailed(report: AuditReport, failOn: ReadonlySet<AuditFailure>, since: Since | undefined): boolean {
  const { survey, counts, excess } = report
  const isNew = [...(since?.new ?? []), ...(since?.changed ?? [])].some(({ is }) => is === 'not permitted')
  const found: Record<AuditFailure, boolean> = {
    'not-permitted': survey.references.some(isRefused),
    new: isNew,
    error: counts.error > 0,
    warning: counts.error + counts.warning > 0,
    note: counts.error + counts.warning + counts.note > 0,
    unused: survey.unused.length + excess.unusedEntries.length > 0,
    superfluous: excess.superfluous.length > 0,
    broad: excess.broad.length > 0,
    none: false,
  }
  return [...failOn].some((one) => found[one])
}
