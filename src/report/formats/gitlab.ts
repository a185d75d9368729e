import type { Severity } from '../../policy/finding-codes.ts'
import type { CheckReport } from '../check.ts'
import { toJson } from '../json.ts'
import { withDigests } from '../told.ts'
import { errorsFirst, type Format, spanOf } from './format.ts'

const SEVERITY: Record<Severity, string> = { error: 'major', warning: 'minor', note: 'info' }

/** Prints the report as a Code Quality report of GitLab, which shows one finding for each fingerprint. */
export function checkGitlab(report: CheckReport, { pathOf }: Format): Generator<string> {
  const findings = errorsFirst(report)
  return toJson(
    Array.from(withDigests(findings), ([told, fingerprint]) => {
      const { code, severity, message, file = '' } = told
      const { line, endLine } = spanOf(told)
      return {
        description: message,
        check_name: code,
        fingerprint,
        severity: SEVERITY[severity],
        location: { path: pathOf(file), lines: { begin: line, end: endLine } },
      }
    }),
  )
}
