import { styleText } from 'node:util'
import { API_VERSION } from '../admission/names.ts'
import { type FailOn, fails, type Judged } from '../policy/fail-on.ts'
import type { Finding } from '../policy/finding.ts'
import type { Severity } from '../policy/finding-codes.ts'
import type { ObjectName } from '../policy/reference.ts'
import { counted } from '../wording/counted.ts'
import { findingSentence } from '../wording/finding.ts'
import { placeTitle } from '../wording/place.ts'
import { quote, visible } from '../wording/quote.ts'
import { neededGrants, SPELT_OUT } from '../wording/refusal.ts'
import { shown, toJson } from './json.ts'
import { countOf, type Omitted, type OmittedFinding, omittedJson } from './omitted.ts'
import { type Told, toldOf } from './told.ts'

/** The result of `refgrant check`. */
export interface CheckReport {
  readonly files: number
  readonly objects: number
  /** The number of references into other namespaces that need a grant. */
  readonly references: number
  /** The findings that are shown, in the order of files and lines. */
  readonly findings: readonly Finding[]
  /** The findings that are counted and not shown. */
  readonly omitted: Omitted
  /** The counts of all findings, including those that are not shown. */
  readonly counts: Readonly<Record<Severity, number>>
  /** Objects whose references need no grant. */
  readonly exemptObjects: readonly { readonly object: ObjectName; readonly reason: string }[]
  /** What could not be read. If there are problems, the report is incomplete. */
  readonly problems: readonly string[]
  /** What was left out or assumed. */
  readonly notes: readonly string[]
  /** Only if the findings were compared with those of a baseline. */
  readonly baseline?: Comparison
}

/** How findings differ from those of a baseline. */
interface Comparison {
  /** The file or the revision. */
  readonly source: string
  readonly introduced: number
  readonly unchanged: number
  /** The findings that only the baseline has. */
  readonly fixed: readonly Told[]
  /** The number of the others, which the baseline does not show. */
  readonly omittedFixed: number
  /** The introduced findings that are not shown. */
  readonly omittedIntroduced: readonly OmittedFinding[]
}

/** Commands that help with references that no grant permits. */
interface Remedies {
  readonly grant: string
  readonly explain: string
}

const COLOURS = { error: 'red', warning: 'yellow', note: 'cyan' } as const

/**
 * Prints the report as text: a line for each finding, `FILE:LINE: SEVERITY: SENTENCE [CODE]`, the grants that are needed, and
 * a summary.
 *
 * @param remedies the commands that print the missing grants, and all near misses
 * @param stream where the text goes, which decides about colours; undefined for a file
 */
export function* checkText(report: CheckReport, remedies: Remedies, stream?: NodeJS.WriteStream): Generator<string> {
  const shown = report.findings.filter(({ change }) => change !== 'unchanged')
  for (const finding of shown) {
    const place = finding.place ? `${placeTitle(finding.place)}: ` : ''
    const severity = stream ? styleText(COLOURS[finding.severity], finding.severity, { stream }) : finding.severity
    yield `${place}${severity}: ${findingSentence(finding)} [${finding.code}]\n`
  }
  const more = unshown(report)
  if (more > 0) yield `Not shown: ${counted(more, 'more finding')}\n`
  const refused = shown.flatMap((one) => (one.code === 'not-permitted' ? [one.reference] : []))
  if (refused.length > 0) {
    if (refused.length <= SPELT_OUT) for (const line of neededGrants(refused)) yield `${line}\n`
    yield `To print the grants that are missing: ${visible(remedies.grant)}\n`
  }
  const isNear = shown.some((one) => one.code === 'not-permitted' && one.nearest)
  if (isNear) yield `To see every grant that nearly permits a reference: ${visible(remedies.explain)}\n`
  for (const { message, code } of report.baseline?.fixed ?? []) yield `fixed: ${visible(message)} [${visible(code)}]\n`
  yield `${summaryLine(report)}\n`
  if (report.baseline) yield* comparedLines(report.baseline)
}

function summaryLine({ files, objects, references, counts, exemptObjects }: CheckReport): string {
  const seen = `${counted(files, 'file')}, ${counted(objects, 'object')}, ${counted(references, 'reference')} into other namespaces`
  const { error, warning, note } = counts
  return `${seen}: ${counted(error, 'error')}, ${counted(warning, 'warning')}, ${counted(note, 'note')}${exemptWords(exemptObjects)}`
}

/** Returns `compared with "main": 1 introduced, 0 fixed, 12 unchanged`. */
export function comparedLine({ source, introduced, fixed, omittedFixed, unchanged }: Comparison): string {
  return `compared with ${quote(source)}: ${introduced} introduced, ${fixed.length + omittedFixed} fixed, ${unchanged} unchanged`
}

function* comparedLines(baseline: Comparison): Generator<string> {
  yield `${comparedLine(baseline)}\n`
  const { unchanged } = baseline
  if (unchanged > 0) yield `Not shown: ${counted(unchanged, 'unchanged finding')}. To see them, leave out --baseline.\n`
}

/** Returns `; 3 objects exempt (mesh route: 2, exempt namespace: 1)`; an empty text if there are none. */
function exemptWords(exempt: CheckReport['exemptObjects']): string {
  if (exempt.length === 0) return ''
  const byReason = Object.entries(Object.groupBy(exempt, ({ reason }) => reason))
  const reasons = byReason.map(([reason, some = []]) => `${reason}: ${some.length}`).join(', ')
  return `; ${counted(exempt.length, 'object')} exempt (${reasons})`
}

/** Prints the report as JSON. */
export function checkJson(report: CheckReport): Generator<string> {
  const { files, objects, references, findings, counts, exemptObjects, problems } = report
  const { error: errors, warning: warnings, note: notes } = counts
  return toJson({
    apiVersion: API_VERSION,
    kind: 'CheckReport',
    complete: problems.length === 0,
    problems,
    notes: report.notes,
    baseline: comparisonJson(report),
    summary: { files, objects, references, errors, warnings, notes },
    findings: findings.map(toldOf),
    omittedFindings: omitted(report),
    omittedIdentities: omittedJson(report.omitted),
    exempt: exemptObjects.map(({ object, reason }) => ({ object: shown(object), reason })),
  })
}

function comparisonJson({ baseline }: CheckReport) {
  return baseline && { ...baseline, omittedIntroduced: countOf(baseline.omittedIntroduced) }
}

/** Whether a report makes the command fail. Findings that are not shown count, too. */
export function failed(failOn: FailOn, report: CheckReport): boolean {
  const { findings, omitted, baseline } = report
  const rest = failOn.onlyNew ? baseline?.omittedIntroduced : omitted.values()
  return [...findings, ...(rest ?? [])].some((one: Judged) => fails(failOn, one))
}

/** Returns a note if only findings that the baseline has, too, make the command fail. */
export function oldFailures(failOn: FailOn, report: CheckReport): string[] {
  const { baseline } = report
  if (baseline === undefined || failed({ ...failOn, onlyNew: true }, report) || !failed(failOn, report)) return []
  return [
    `the exit code is 1 because of findings that ${quote(baseline.source)} has too: with --fail-on new, only new findings make it 1`,
  ]
}

/** Returns the number of findings that are not shown; compared with a baseline, of the introduced ones. */
export function unshown(report: CheckReport): number {
  return report.baseline ? countOf(report.baseline.omittedIntroduced) : omitted(report)
}

/** Returns the number of findings that are counted but not shown. */
function omitted({ findings, counts }: CheckReport): number {
  return counts.error + counts.warning + counts.note - findings.length
}
