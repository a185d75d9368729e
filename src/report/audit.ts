import type { Difference } from '../policy/entry-difference.ts'
import type { GrantFlaw, Place } from '../policy/finding.ts'
import type { Severity } from '../policy/finding-codes.ts'
import type { Grant } from '../policy/grant.ts'
import type { NearMiss } from '../policy/near-miss.ts'
import type { Reference } from '../policy/reference.ts'
import type { Survey, SurveyedReference } from '../policy/survey.ts'
import { counted } from '../wording/counted.ts'
import { findingSentence } from '../wording/finding.ts'
import { kindTitle } from '../wording/objects.ts'
import { placeTitle } from '../wording/place.ts'
import { bare, quote, visible } from '../wording/quote.ts'
import type { Excess } from './excess.ts'
import { broadText, sinceText, unusedText } from './excess-text.ts'
import { countedThat, type Rows, section } from './section.ts'
import type { Since } from './since.ts'
import { acceptedTitle, briefObject, exposedTitle } from './titles.ts'

/** The result of `refgrant audit`. */
export interface AuditReport {
  /** The namespace, if only one was read. */
  readonly only?: string
  /** The number of grants. */
  readonly grants: number
  /** The grants that permit something, without their useless entries; sorted. */
  readonly permitting: readonly Grant[]
  readonly survey: Survey
  /** What the grants permit beyond what is used. */
  readonly excess: Excess
  /** The grant that is nearest to permitting a reference. */
  readonly nearest: ReadonlyMap<Reference, NearMiss>
  /** References that may be permitted by a grant that was not read. */
  readonly unjudged: readonly SurveyedReference[]
  /** The findings that are shown, and the counts of all. */
  readonly flaws: readonly (GrantFlaw & { readonly place?: Place })[]
  readonly counts: Readonly<Record<Severity, number>>
  /** What could not be read or judged. If there are problems, the report is incomplete. */
  readonly problems: readonly string[]
  /** What was left out or assumed. */
  readonly notes: readonly string[]
}

/** What is printed of a report, and how. */
export interface AuditText {
  /** The commands that print the missing grants, and the near misses. */
  readonly remedies: { readonly grant: string; readonly explain: string }
  /** The only sections to print; default: all. */
  readonly only: ReadonlySet<'unused' | 'broad'>
  /** Whether the groups of all kinds and the use of grants are printed. */
  readonly wide: boolean
  readonly since?: Since | undefined
}

/** Prints the report as text: the verdict and counts, and tables, without the empty ones. */
export function* auditText(report: AuditReport, how: AuditText): Generator<string> {
  const { survey } = report
  const [refused, permitted] = [survey.references.filter(isRefused), survey.references.filter((one) => !isRefused(one))]
  yield* verdict(report, permitted.length, refused.length)
  if (how.since) yield* sinceText(how.since)
  if (how.only.size === 0) yield* references(report, refused, permitted, how)
  if (how.only.size === 0 || how.only.has('unused')) yield* unusedText(report)
  if (how.only.size === 0 || how.only.has('broad')) yield* broadText(report.excess)
}

function* references(
  report: AuditReport,
  refused: readonly SurveyedReference[],
  permitted: readonly SurveyedReference[],
  { remedies, wide }: AuditText,
): Generator<string> {
  const { permitting, unjudged, flaws, nearest } = report
  const isNear = refused.some(({ reference }) => nearest.has(reference))
  const head = isNear ? [...REFERENCE, 'NEAREST GRANT', 'DIFFERS IN'] : REFERENCE
  yield* section(countedThat(refused.length, 'reference', 'no grant permits'), head, refused, (one) =>
    refusedRow(one, nearest),
  )
  if (refused.length > 0) yield `\nTo print the grants that are missing: ${visible(remedies.grant)}\n`
  if (isNear) yield `To see every grant that nearly permits a reference: ${visible(remedies.explain)}\n`
  yield* section(countedThat(unjudged.length, 'reference', 'cannot be judged'), REFERENCE, unjudged, ({ reference }) =>
    referenceRow(reference),
  )
  const findings = counted(findingsOf(report), 'finding')
  const isPlaced = flaws.some(({ place }) => place)
  const columns = [...(isPlaced ? ['WHERE'] : []), 'SEVERITY', 'CODE', 'WHAT']
  yield* section(`${findings} about grants`, columns, flaws, ({ place, ...one }) => [
    [...(isPlaced ? [place ? placeTitle(place) : ''] : []), one.severity, one.code, findingSentence(one)],
  ])
  const more = findingsOf(report) - flaws.length
  if (more > 0) yield `Not shown: ${counted(more, 'more finding')}\n`
  const permits = `What ${counted(permitting.length, 'grant permits', 'grants permit')}`
  const uses = wide && usesOf(report)
  yield* section(permits, uses ? [...GRANT, 'USED PAIRS'] : GRANT, permitting, (one) => grantRows(one, wide, uses))
  const are = permitted.length === 1 ? 'is permitted' : 'are permitted'
  yield* section(countedThat(permitted.length, 'reference', are), PERMITTED, permitted, permittedRow)
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

/** Returns a row for each entry of `from`, with all that it may refer to. */
function* grantRows(grant: Grant, wide: boolean, uses: Uses | false): Generator<string[]> {
  const { namespace, name, from, to } = grant
  const kindOf = wide ? kindTitle : undefined
  const exposed = to.map((one) => exposedTitle(one, kindOf)).join(', ')
  for (const [index, accepted] of from.entries()) {
    yield [
      index === 0 ? bare(namespace) : '',
      index === 0 ? bare(name) : '',
      acceptedTitle(accepted, kindOf),
      exposed,
      ...(uses && index === 0 ? [uses(grant)] : []),
    ]
  }
}

function referenceRow(reference: Reference): Rows {
  return [[briefObject(reference.from), reference.path, briefObject(reference.to)]]
}

function permittedRow({ reference, grants, moreGrants }: SurveyedReference): Rows {
  const names = grants.map(({ name }) => bare(name)).join(', ')
  const by = moreGrants > 0 ? `${names} and ${moreGrants} more` : names
  return [[briefObject(reference.from), reference.path, briefObject(reference.to), by]]
}

/** Returns how many of the pairs of a grant's entries references use. */
type Uses = (grant: Grant) => string

function usesOf({ survey, only, problems }: AuditReport): Uses {
  const byName = new Map([...survey.uses].map(([grant, use]) => [keyOf(grant), use.usedPairs]))
  const isKnown = only === undefined && problems.length === 0
  return (grant) =>
    isKnown ? `${byName.get(keyOf(grant)) ?? 0} of ${grant.from.length * grant.to.length}` : 'not known'
}

const keyOf = ({ namespace, name, resource }: Grant) => JSON.stringify([namespace, name, resource])

function refusedRow({ reference }: SurveyedReference, nearest: AuditReport['nearest']): Rows {
  const near = nearest.get(reference)
  const [row = []] = [...referenceRow(reference)]
  if (!near) return [row]
  const { namespace, name } = near.candidate.name
  return [[...row, bare(`${namespace}/${name}`), near.differences.map(fieldOf).join(', ')]]
}

export const isRefused = ({ grants }: SurveyedReference) => grants.length === 0
export const findingsOf = ({ counts }: AuditReport) => counts.error + counts.warning + counts.note

const fieldOf = ({ path, how }: Difference) => `${visible(path)}${how === 'swapped' ? ' (swapped)' : ''}`
