import { API_VERSION } from '../admission/names.ts'
import { guardedFields } from '../policy/catalogue.ts'
import type { GrantFlaw } from '../policy/finding.ts'
import type { Severity } from '../policy/finding-codes.ts'
import type { Grant } from '../policy/grant.ts'
import type { GroupKind, ObjectName } from '../policy/reference.ts'
import type { Survey, SurveyedReference } from '../policy/survey.ts'
import { counted } from '../wording/counted.ts'
import { findingSentence } from '../wording/finding.ts'
import { kindTitle } from '../wording/objects.ts'
import { bare, quote, visible } from '../wording/quote.ts'
import { shown, toJson } from './json.ts'
import { table } from './table.ts'

/** The result of `refgrant audit`. */
export interface AuditReport {
  /** The namespace, if only one was read. */
  readonly only?: string
  /** The number of grants. */
  readonly grants: number
  /** The grants that permit something, without their useless entries; sorted. */
  readonly permitting: readonly Grant[]
  readonly survey: Survey
  /** References that may be permitted by a grant that was not read. */
  readonly unjudged: readonly SurveyedReference[]
  /** The findings that are shown, and the counts of all. */
  readonly flaws: readonly GrantFlaw[]
  readonly counts: Readonly<Record<Severity, number>>
  /** What could not be read or judged. If there are problems, the report is incomplete. */
  readonly problems: readonly string[]
  /** What was left out or assumed. */
  readonly notes: readonly string[]
}

type Rows = Iterable<readonly string[]>

/** Returns rows that are generated again for each iteration. */
const rowsOf = <T>(items: readonly T[], rows: (item: T) => Rows): Rows => ({
  *[Symbol.iterator]() {
    for (const item of items) yield* rows(item)
  },
})

/**
 * Prints the report as text: the verdict and counts, and six tables, without the empty ones.
 *
 * @param remedy the command that prints the missing grants
 */
export function* auditText(report: AuditReport, remedy: string): Generator<string> {
  const { permitting, survey, unjudged, flaws } = report
  const [refused, permitted] = [survey.references.filter(isRefused), survey.references.filter((one) => !isRefused(one))]
  yield* verdict(report, permitted.length, refused.length)
  yield* section(countedThat(refused.length, 'reference', 'no grant permits'), REFERENCE, refused, referenceRow)
  if (refused.length > 0) yield `\nTo print the grants that are missing: ${visible(remedy)}\n`
  yield* section(countedThat(unjudged.length, 'reference', 'cannot be judged'), REFERENCE, unjudged, referenceRow)
  const findings = counted(findingsOf(report), 'finding')
  yield* section(`${findings} about grants`, ['SEVERITY', 'WHAT'], flaws, (one) => [
    [one.severity, findingSentence(one)],
  ])
  const more = findingsOf(report) - flaws.length
  if (more > 0) yield `and ${more} more\n`
  yield* section(`What ${counted(permitting.length, 'grant permits', 'grants permit')}`, GRANT, permitting, grantRows)
  const are = permitted.length === 1 ? 'is permitted' : 'are permitted'
  yield* section(countedThat(permitted.length, 'reference', are), PERMITTED, permitted, permittedRow)
  const unused = countedThat(survey.unused.length, 'grant', 'nothing uses')
  yield* section(unused, ['NAMESPACE', 'GRANT'], survey.unused, ({ namespace, name }) => [
    [bare(namespace), bare(name)],
  ])
}

function* verdict(report: AuditReport, permitted: number, refused: number): Generator<string> {
  const { only, grants, permitting, survey, unjudged, counts, problems } = report
  if (only !== undefined)
    yield `Only namespace ${quote(only)} was read: the grants of other namespaces, and the use of its own grants, are unknown.\n`
  const references = counted(permitted + refused + unjudged.length, 'reference')
  const not = unjudged.length > 0 ? `, ${unjudged.length} not judged` : ''
  const exempt =
    survey.exemptObjects.length > 0
      ? `; ${counted(survey.exemptObjects.length, 'object')} whose references need no grant`
      : ''
  yield `${references} into other namespaces: ${permitted} permitted, ${refused} not permitted${not}${exempt}\n`
  const nothing = grants - permitting.length
  const all = `${counted(grants, 'grant')}: ${permitting.length} permitting something, ${nothing} permitting nothing`
  const idle = only === undefined && problems.length === 0 ? `, ${survey.unused.length} unused` : ''
  const { error, warning, note } = counts
  yield `${all}${idle}; ${counted(error, 'error')}, ${counted(warning, 'warning')}, ${counted(note, 'note')}\n`
  if (problems.length > 0)
    yield `Not complete: ${counted(problems.length, 'problem')}, see standard error. Unused grants are unknown.\n`
}

const GRANT = ['TO NAMESPACE', 'GRANT', 'FROM', 'TO'] as const
const REFERENCE = ['OBJECT', 'FIELD', 'TO'] as const
const PERMITTED = [...REFERENCE, 'BY GRANTS'] as const

/** `1 grant that nothing uses`, `2 grants that nothing uses`. */
const countedThat = (count: number, one: string, that: string) => `${counted(count, one)} that ${that}`

function* section<T>(
  heading: string,
  head: readonly string[],
  items: readonly T[],
  rows: (item: T) => Rows,
): Generator<string> {
  if (items.length === 0) return
  yield `\n${heading}\n\n`
  yield* table(head, rowsOf(items, rows))
}

/** Lists the entries of `from` and `to` side by side: each of `from` may refer to each of `to`. */
function* grantRows({ namespace, name, from, to }: Grant): Generator<string[]> {
  for (let index = 0; index < Math.max(from.length, to.length); index += 1) {
    const [accepted, exposed] = [from[index], to[index]]
    yield [
      index === 0 ? bare(namespace) : '',
      index === 0 ? bare(name) : '',
      accepted ? `${briefTitle(accepted)} in ${bare(accepted.namespace)}` : '',
      exposed ? target(exposed) : '',
    ]
  }
}

function referenceRow({ reference }: SurveyedReference): Rows {
  return [[title(reference.from), reference.path, title(reference.to)]]
}

function permittedRow({ reference, grants, moreGrants }: SurveyedReference): Rows {
  const names = grants.map(({ name }) => bare(name)).join(', ')
  const by = moreGrants > 0 ? `${names} and ${moreGrants} more` : names
  return [[title(reference.from), reference.path, title(reference.to), by]]
}

function target(to: Grant['to'][number]): string {
  return to.name === undefined ? `every ${briefTitle(to)}` : `${briefTitle(to)} ${quote(to.name)}`
}

function title(object: ObjectName): string {
  return `${briefTitle(object)} ${quote(`${object.namespace}/${object.name}`)}`
}

/** Returns a kind, without its group if it is a kind of Gateway API or of the core group. */
function briefTitle({ group, kind }: GroupKind): string {
  return kindTitle(group === GATEWAY && OWN_KINDS.has(kind) ? { group: '', kind } : { group, kind })
}

const GATEWAY = 'gateway.networking.k8s.io'
const OWN_KINDS = new Set(guardedFields.filter(({ from }) => from.group === GATEWAY).map(({ from }) => from.kind))

const isRefused = ({ grants }: SurveyedReference) => grants.length === 0
const findingsOf = ({ counts }: AuditReport) => counts.error + counts.warning + counts.note

/** Prints the report as JSON. */
export function auditJson(report: AuditReport): Generator<string> {
  const { only, permitting, survey, unjudged, flaws, problems, notes } = report
  const notPermitted = survey.references.filter(isRefused).length
  return toJson({
    apiVersion: API_VERSION,
    kind: 'AuditReport',
    namespace: only,
    complete: problems.length === 0,
    problems,
    notes,
    summary: {
      references: survey.references.length + unjudged.length,
      permitted: survey.references.length - notPermitted,
      notPermitted,
      notJudged: unjudged.length,
    },
    permissions: each(permitting, permission),
    references: each(survey.references, surveyed),
    unjudged: each(unjudged, ({ reference: { from, path, to } }) => ({
      from: shown(from),
      field: path,
      to: shown(to),
    })),
    unusedGrants: each(survey.unused, grantName),
    exempt: each(survey.exemptObjects, ({ object, reason }) => ({ object: shown(object), reason })),
    findings: each(flaws, finding),
    omittedFindings: findingsOf(report) - flaws.length,
  })
}

/** Converts items one at a time, as they are printed. */
function* each<T>(items: readonly T[], one: (item: T) => unknown): Generator<unknown> {
  for (const item of items) yield one(item)
}

/** Returns what a grant permits: each of `from` may refer to each of `to` in the grant's namespace. */
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
