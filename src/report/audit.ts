import { kindTitle } from '../policy/explain.ts'
import type { Grant, GrantName } from '../policy/grant.ts'
import { quote } from '../policy/quote.ts'
import type { ObjectName } from '../policy/reference.ts'
import type { Permission, Survey } from '../policy/survey.ts'
import type { GrantFlaw } from './finding.ts'
import { table } from './table.ts'
import { counted, findingSentence, REPORT_VERSION, toJson } from './words.ts'

/** What `refgrant audit` has seen. */
export interface AuditReport {
  readonly permissions: readonly Permission[]
  readonly survey: Survey
  readonly flaws: readonly GrantFlaw[]
  /** What could not be read: the report is not complete then. */
  readonly problems: readonly string[]
}

/** The report for people: four tables, each left out where it has no rows, and a summary. */
export function auditText({ permissions, survey, flaws }: AuditReport): string {
  const refused = survey.references.filter(({ grants }) => grants.length === 0)
  const permitted = survey.references.filter(({ grants }) => grants.length > 0)
  const sections = [
    section(
      'What grants permit',
      ['TO NAMESPACE', 'TO', 'FROM', 'GRANT'],
      permissions.map(({ from, to, grant }) => [
        to.namespace,
        to.name === undefined ? `every ${kindTitle(to)}` : target({ ...to, name: to.name }),
        `${kindTitle(from)} in ${from.namespace}`,
        grant.name,
      ]),
    ),
    section(
      'References that no grant permits',
      ['OBJECT', 'FIELD', 'TO'],
      refused.map(({ reference }) => [title(reference.from), reference.path, title(reference.to)]),
    ),
    section(
      'References that are permitted',
      ['OBJECT', 'FIELD', 'TO', 'BY GRANTS'],
      permitted.map(({ reference, grants }) => [
        title(reference.from),
        reference.path,
        title(reference.to),
        grants.map(({ name }) => name).join(', '),
      ]),
    ),
    section(
      'Grants that nothing uses',
      ['NAMESPACE', 'GRANT'],
      survey.unused.map(({ namespace, name }) => [namespace, name]),
    ),
    section(
      'Grants to look at',
      ['SEVERITY', 'WHAT'],
      flaws.map((flaw) => [flaw.severity, findingSentence(flaw)]),
    ),
  ]
  const exempt =
    survey.exempt.length > 0 ? `, ${counted(survey.exempt.length, 'object')} whose references need none` : ''
  const summary = `${counted(survey.references.length, 'reference')} into other namespaces: ${permitted.length} permitted, ${refused.length} not${exempt}\n`
  return [...sections, summary].filter((text) => text !== '').join('\n')
}

function section(heading: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `${heading} (${rows.length})\n\n${table(head, rows)}`
}

const target = (to: ObjectName) => `${kindTitle(to)} ${quote(to.name)}`

const title = (object: ObjectName) => `${kindTitle(object)} ${quote(`${object.namespace}/${object.name}`)}`

/** The report for machines. */
export function auditJson({ permissions, survey, flaws, problems }: AuditReport): string {
  const references = survey.references.map(({ reference, grants }) => ({
    from: reference.from,
    field: reference.path,
    to: reference.to,
    permitted: grants.length > 0,
    grants: grants.map(grantName),
  }))
  const permitted = references.filter((reference) => reference.permitted).length
  return toJson({
    apiVersion: REPORT_VERSION,
    kind: 'AuditReport',
    complete: problems.length === 0,
    problems,
    summary: { references: references.length, permitted, notPermitted: references.length - permitted },
    permissions: permissions.map(({ from, to, grant }) => ({ from, to, grant: grantName(grant) })),
    references,
    unusedGrants: survey.unused.map(grantName),
    exempt: survey.exempt,
    findings: flaws.map(({ code, severity, grant, path, ...rest }) => ({
      code,
      severity,
      message: findingSentence({ code, severity, grant, path, ...rest }),
      grant,
      field: path,
    })),
  })
}

function grantName({ namespace, name, resource }: Grant): GrantName {
  return { namespace, name, ...(resource !== undefined && { resource }) }
}
