import { API_VERSION } from '../admission/names.ts'

/** What differs between two reports: lines of text, sorted. */
export interface Since {
  /** The file of the former report. */
  readonly source: string
  readonly new: readonly Line[]
  readonly gone: readonly Line[]
  readonly changed: readonly Change[]
}

interface Line {
  readonly what: 'grant' | 'reference'
  readonly key: string
  readonly is: string
}

interface Change extends Line {
  readonly was: string
}

/** A former report. */
export interface Former {
  /** Its lines, by what they are about. */
  readonly lines: ReadonlyMap<string, Line>
  readonly isComplete: boolean
  /** The namespace, if it is about one only. */
  readonly namespace: string | undefined
}

/** Reads the JSON of a former report; undefined if a text is not such a report. */
export function formerIn(text: string): Former | undefined {
  try {
    const report = JSON.parse(text)
    if (report.apiVersion !== API_VERSION || report.kind !== 'AuditReport') return undefined
    return { lines: linesOf(report), isComplete: report.complete === true, namespace: report.namespace }
  } catch {
    return undefined
  }
}

/**
 * Compares a report with a former one: grants by what they permit, references by whether they are permitted.
 *
 * @param report as it is printed as JSON
 */
export function comparedSince(report: object, { lines: former }: Former, source: string): Since {
  const now = linesOf(report as Written)
  const isNew = [...now].filter(([key]) => !former.has(key)).map(([, line]) => line)
  const gone = [...former].filter(([key]) => !now.has(key)).map(([, line]) => line)
  const changed = [...now.values()].flatMap((line) => {
    const before = former.get(`${line.what} ${line.key}`)
    return before && before.is !== line.is ? [{ ...line, was: before.is }] : []
  })
  return { source, new: isNew, gone, changed }
}

/** Returns a note if one of two reports is not of the whole, or of other namespaces. */
export function sinceNotes(
  report: { readonly only?: string; readonly problems: readonly string[] },
  former: Former,
): string[] {
  const isWhole = former.isComplete && report.problems.length === 0 && former.namespace === report.only
  return isWhole
    ? []
    : [
        'the two reports do not have the same extent, or one is not complete: what is new or gone may only not have been read',
      ]
}

interface Name {
  readonly group?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name?: string
  readonly resource?: string
}

/** The parts of a report that are compared. */
interface Written {
  readonly permissions: Iterable<{ readonly grant: Name; readonly from: readonly Name[]; readonly to: readonly Name[] }>
  readonly references: Iterable<{
    readonly from: Name
    readonly field: string
    readonly to: Name
    readonly permitted: boolean
  }>
}

function linesOf({ permissions, references }: Written): Map<string, Line> {
  const lines: Line[] = []
  for (const { grant, from, to } of permissions) {
    const accepted = from.map(titleOf).sort().join(', ')
    const exposed = to.map((one) => `${titleOf(one)}${one.name === undefined ? '/*' : ''}`).sort()
    lines.push({ what: 'grant', key: titleOf(grant), is: `from ${accepted} to ${exposed.join(', ')}` })
  }
  const byTarget = new Map<string, Line>()
  for (const { from, to, permitted } of references) {
    const key = `${titleOf(from)} to ${titleOf(to)}`
    byTarget.set(key, { what: 'reference', key, is: permitted ? 'permitted' : 'not permitted' })
  }
  return new Map([...lines, ...byTarget.values()].map((line) => [`${line.what} ${line.key}`, line]))
}

/** Returns the parts of a name that there are: `Service/billing/payments`, `billing/allow-shop`. */
function titleOf({ group, kind, namespace, name, resource }: Name): string {
  const full = kind === undefined || !group ? kind : `${kind}.${group}`
  return [resource, full, namespace, name].filter((part) => part !== undefined).join('/')
}
