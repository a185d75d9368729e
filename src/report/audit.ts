import { kindTitle } from '../policy/explain.ts'
import type { Grant } from '../policy/grant.ts'
import type { Severity } from '../policy/lint.ts'
import { bare, quote } from '../policy/quote.ts'
import type { ObjectName } from '../policy/reference.ts'
import type { Survey, SurveyedReference } from '../policy/survey.ts'
import type { GrantFlaw } from './finding.ts'
import { table } from './table.ts'
import { counted, findingSentence, REPORT_VERSION, shown, toJson } from './words.ts'

/** What `refgrant audit` has seen. */
export interface AuditReport {
  /** All grants, sorted. */
  readonly grants: readonly Grant[]
  readonly survey: Survey
  /** Those that are shown, and how many there are. */
  readonly flaws: readonly GrantFlaw[]
  readonly counts: Readonly<Record<Severity, number>>
  /** What could not be read: the report is not complete then. */
  readonly problems: readonly string[]
  /** What was left out or assumed. */
  readonly notes: readonly string[]
}

type Rows = Iterable<readonly string[]>

/** Rows that are made each time that they are gone through. */
const rowsOf = <T>(items: readonly T[], rows: (item: T) => Rows): Rows => ({
  *[Symbol.iterator]() {
    for (const item of items) yield* rows(item)
  },
})

/** The report for people: five tables, each left out where it has no rows, and a summary. */
export function* auditText(report: AuditReport): Generator<string> {
  const { grants, survey, flaws } = report
  const refused = survey.references.filter(isRefused)
  const permitted = survey.references.filter((one) => !isRefused(one))
  const permitting = grants.filter(permits)
  yield* section('What grants permit', permitting.length, GRANT, rowsOf(permitting, grantRows))
  yield* section(
    'References that no grant permits',
    refused.length,
    ['OBJECT', 'FIELD', 'TO'],
    rowsOf(refused, refusedRow),
  )
  yield* section('References that are permitted', permitted.length, PERMITTED, rowsOf(permitted, permittedRow))
  const unused = rowsOf(survey.unused, ({ namespace, name }) => [[bare(namespace), bare(name)]])
  yield* section('Grants that nothing uses', survey.unused.length, ['NAMESPACE', 'GRANT'], unused)
  const findings = rowsOf(flaws, (flaw) => [[flaw.severity, findingSentence(flaw)]])
  yield* section('Grants to look at', count(report), ['SEVERITY', 'WHAT'], findings)
  const more = count(report) - flaws.length
  if (more > 0) yield `and ${more} more\n\n`
  const exempt =
    survey.exempt.length > 0 ? `, ${counted(survey.exempt.length, 'object')} whose references need none` : ''
  yield `${counted(survey.references.length, 'reference')} into other namespaces: ${permitted.length} permitted, ${refused.length} not${exempt}\n`
}

const GRANT = ['TO NAMESPACE', 'GRANT', 'FROM', 'TO'] as const
const PERMITTED = ['OBJECT', 'FIELD', 'TO', 'BY GRANTS'] as const

function* section(heading: string, count: number, head: readonly string[], rows: Rows): Generator<string> {
  if (count === 0) return
  yield `${heading} (${count})\n\n`
  yield* table(head, rows)
  yield '\n'
}

/** Both halves of a grant beside each other: each of `from` may refer to each of `to`. */
function* grantRows({ namespace, name, from, to }: Grant): Generator<string[]> {
  for (let index = 0; index < Math.max(from.length, to.length); index += 1) {
    const [accepted, exposed] = [from[index], to[index]]
    yield [
      index === 0 ? bare(namespace) : '',
      index === 0 ? bare(name) : '',
      accepted ? `${kindTitle(accepted)} in ${bare(accepted.namespace)}` : '',
      exposed ? target(exposed) : '',
    ]
  }
}

function refusedRow({ reference }: SurveyedReference): Rows {
  return [[title(reference.from), reference.path, title(reference.to)]]
}

function permittedRow({ reference, grants, moreGrants }: SurveyedReference): Rows {
  const names = grants.map(({ name }) => bare(name)).join(', ')
  const by = moreGrants > 0 ? `${names} and ${moreGrants} more` : names
  return [[title(reference.from), reference.path, title(reference.to), by]]
}

function target(to: Grant['to'][number]): string {
  return to.name === undefined ? `every ${kindTitle(to)}` : `${kindTitle(to)} ${quote(to.name)}`
}

function title(object: ObjectName): string {
  return `${kindTitle(object)} ${quote(`${object.namespace}/${object.name}`)}`
}

const isRefused = ({ grants }: SurveyedReference) => grants.length === 0
const permits = ({ from, to }: Grant) => from.length > 0 && to.length > 0
const count = ({ counts }: AuditReport) => counts.error + counts.warning + counts.note

/** The report for machines. */
export function auditJson(report: AuditReport): Generator<string> {
  const { grants, survey, flaws, problems, notes } = report
  const notPermitted = survey.references.filter(isRefused).length
  return toJson({
    apiVersion: REPORT_VERSION,
    kind: 'AuditReport',
    complete: problems.length === 0,
    problems,
    notes,
    summary: {
      references: survey.references.length,
      permitted: survey.references.length - notPermitted,
      notPermitted,
    },
    permissions: each(grants.filter(permits), permission),
    references: each(survey.references, surveyed),
    unusedGrants: each(survey.unused, grantName),
    exempt: each(survey.exempt, ({ object, reason }) => ({ object: shown(object), reason })),
    findings: each(flaws, finding),
    omittedFindings: count(report) - flaws.length,
  })
}

/** Made one at a time, as they are printed. */
function* each<T>(items: readonly T[], one: (item: T) => unknown): Generator<unknown> {
  for (const item of items) yield one(item)
}

/** What one grant permits: each of `from` may refer to each of `to`, in its namespace. */
function permission(grant: Grant) {
  return { grant: grantName(grant), from: grant.from.map(shown), to: grant.to.map(shown) }
}

function surveyed({ reference, grants, moreGrants }: SurveyedReference) {
  return {
    from: shown(reference.from),
    field: reference.path,
    to: shown(reference.to),
    permitted: grants.length > 0,
    grants: grants.map(grantName),
    moreGrants,
  }
}

function finding(flaw: GrantFlaw) {
  const { code, severity, grant, path } = flaw
  return { code, severity, message: findingSentence(flaw), grant: shown(grant), field: path }
}

function grantName({ namespace, name, resource }: Grant) {
  return shown({ namespace, name, ...(resource !== undefined && { resource }) })
}
