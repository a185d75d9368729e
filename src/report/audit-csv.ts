import type { Grant } from '../policy/grant.ts'
import { visible } from '../wording/quote.ts'
import { type AuditReport, isRefused } from './audit.ts'

const HEAD = [
  ...['record', 'grant_namespace', 'grant', 'from_group', 'from_kind', 'from_namespace', 'from_name', 'field'],
  ...['to_group', 'to_kind', 'to_namespace', 'to_name', 'state'],
] as const

type Cells = Partial<Record<(typeof HEAD)[number], string>>

/**
 * Prints the report as CSV (RFC 4180), for spreadsheets: a line for each entry of a grant (`permission-from`,
 * `permission-to`), and for each reference with each grant that permits it.
 */
export function* auditCsv(report: AuditReport): Generator<string> {
  yield `${HEAD.join(',')}\r\n`
  for (const cells of rowsOf(report)) yield `${HEAD.map((column) => cellOf(cells[column] ?? '')).join(',')}\r\n`
}

function* rowsOf({ permitting, survey, unjudged, excess }: AuditReport): Generator<Cells> {
  for (const grant of permitting) {
    for (const { group, kind, namespace } of grant.from)
      yield {
        record: 'permission-from',
        ...named(grant),
        from_group: group,
        from_kind: kind,
        from_namespace: namespace,
      }
    for (const { group, kind, name = '*' } of grant.to)
      yield {
        record: 'permission-to',
        ...named(grant),
        to_group: group,
        to_kind: kind,
        to_namespace: grant.namespace,
        to_name: name,
      }
  }
  for (const one of survey.references) {
    const cells = referenceCells(one.reference)
    if (isRefused(one)) yield { record: 'reference', ...cells, state: 'not permitted' }
    for (const grant of one.grants) yield { record: 'reference', ...named(grant), ...cells, state: 'permitted' }
  }
  for (const { reference } of unjudged) yield { record: 'reference', ...referenceCells(reference), state: 'not known' }
  for (const grant of survey.unused) yield { record: 'grant', ...named(grant), state: 'unused' }
  for (const { grant } of excess.superfluous) yield { record: 'grant', ...named(grant), state: 'superfluous' }
  for (const { grant } of excess.broad) yield { record: 'grant', ...named(grant), state: 'broad' }
}

const named = ({ namespace, name }: Grant): Cells => ({ grant_namespace: namespace, grant: name })

function referenceCells({ from, to, path }: AuditReport['unjudged'][number]['reference']): Cells {
  return {
    ...{
      from_group: from.group,
      from_kind: from.kind,
      from_namespace: from.namespace,
      from_name: from.name,
      field: path,
    },
    ...{ to_group: to.group, to_kind: to.kind, to_namespace: to.namespace, to_name: to.name },
  }
}

/** Returns a cell. A spreadsheet would run a text that begins with one of these characters as a formula. */
function cellOf(text: string): string {
  const shown = visible(text)
  const safe = /^[=+\-@]/.test(shown) ? `'${shown}` : shown
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
