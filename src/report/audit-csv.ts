import type { Grant } from '../policy/grant.ts'
import { visible } from '../wording/quote.ts'
import { type AuditReport, type AuditText, isRefused } from './audit.ts'
import { failuresShown } from './audit-failure.ts'
import type { UnusedEntry } from './excess.ts'

const HEAD = [
  ...['record', 'grant_namespace', 'grant', 'from_group', 'from_kind', 'from_namespace', 'from_name', 'field'],
  ...['to_group', 'to_kind', 'to_namespace', 'to_name', 'state'],
] as const

type Cells = Partial<Record<(typeof HEAD)[number], string>>

/**
 * Prints the report as CSV (RFC 4180), for spreadsheets: a line for each entry of a grant (`permission-from`,
 * `permission-to`), and for each reference with each grant that permits it.
 *
 * @param only the only states whose lines are printed; default: all lines
 */
export function* auditCsv(report: AuditReport, only: AuditText['only']): Generator<string> {
  yield `${HEAD.join(',')}\r\n`
  const states: ReadonlySet<string> = failuresShown(only)
  for (const cells of rowsOf(report))
    if (only.size === 0 || states.has(cells.state ?? ''))
      yield `${HEAD.map((column) => cellOf(cells[column] ?? '')).join(',')}\r\n`
}

function* rowsOf({ permitting, survey, unjudged, excess }: AuditReport): Generator<Cells> {
  const unused = new Set(excess.unusedEntries.map(({ grant, entry }) => entryKey(grant, entry)))
  for (const grant of permitting) {
    const stateOf = (entry: UnusedEntry['entry']) => (unused.has(entryKey(grant, entry)) ? { state: 'unused' } : {})
    for (const from of grant.from) {
      const { group, kind, namespace } = from
      const cells = { from_group: group, from_kind: kind, from_namespace: namespace }
      yield { record: 'permission-from', ...named(grant), ...cells, ...stateOf({ from }) }
    }
    for (const to of grant.to) {
      const { group, kind, name = '*' } = to
      const cells = { to_group: group, to_kind: kind, to_namespace: grant.namespace, to_name: name }
      yield { record: 'permission-to', ...named(grant), ...cells, ...stateOf({ to }) }
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

/** Tells the entries of all grants apart. */
const entryKey = ({ namespace, name, resource }: Grant, entry: UnusedEntry['entry']) =>
  JSON.stringify([namespace, name, resource, entry])

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

/**
 * Returns a cell. A spreadsheet would run a text that begins with one of these characters, which may be full-width, as a
 * formula. In some countries, it separates cells by semicolons.
 */
function cellOf(text: string): string {
  const shown = visible(text)
  const safe = /^[=+\-@＝＋－＠]/u.test(shown) ? `'${shown}` : shown
  return /[",;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
