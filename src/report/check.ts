import { styleText } from 'node:util'
import type { Severity } from '../policy/lint.ts'
import type { Finding } from './finding.ts'
import { counted, findingSentence, REPORT_VERSION, toJson } from './words.ts'

/** What `refgrant check` has seen and found. */
export interface CheckReport {
  readonly files: number
  readonly objects: number
  /** References into other namespaces that a grant has to permit. */
  readonly references: number
  /** In the order of files and lines. */
  readonly findings: readonly Finding[]
}

const COLOURS = { error: 'red', warning: 'yellow', note: 'cyan' } as const

/** The report for people: a line a finding, `FILE:LINE: SEVERITY: SENTENCE [CODE]`, and a summary. */
export function checkText(report: CheckReport, stream: NodeJS.WriteStream): string {
  const lines = report.findings.map((finding) => {
    const place = finding.place ? `${finding.place.file}:${finding.place.line}: ` : ''
    const severity = styleText(COLOURS[finding.severity], finding.severity, { stream })
    return `${place}${severity}: ${findingSentence(finding)} [${finding.code}]`
  })
  return `${[...lines, summaryLine(report)].join('\n')}\n`
}

function summaryLine({ files, objects, references, findings }: CheckReport): string {
  const seen = `${counted(files, 'file')}, ${counted(objects, 'object')}, ${counted(references, 'reference')} into other namespaces`
  const { error, warning, note } = bySeverity(findings)
  return `${seen}: ${counted(error, 'error')}, ${counted(warning, 'warning')}, ${counted(note, 'note')}`
}

/** The report for machines. */
export function checkJson({ files, objects, references, findings }: CheckReport): string {
  const { error: errors, warning: warnings, note: notes } = bySeverity(findings)
  return toJson({
    apiVersion: REPORT_VERSION,
    kind: 'CheckReport',
    summary: { files, objects, references, errors, warnings, notes },
    findings: findings.map(flat),
  })
}

function flat(finding: Finding) {
  const { code, severity, place } = finding
  const about =
    finding.code === 'not-permitted'
      ? { object: finding.reference.from, field: finding.reference.path, target: finding.reference.to }
      : { grant: finding.grant, field: finding.path }
  return { code, severity, message: findingSentence(finding), ...place, ...about }
}

function bySeverity(findings: readonly Finding[]): Record<Severity, number> {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length
  return { error: count('error'), warning: count('warning'), note: count('note') }
}
