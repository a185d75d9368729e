import type { Tool } from '../policy/apply-order.ts'
import type { Coverage } from '../policy/coverage.ts'
import type { Finding, GrantFlaw, Place } from '../policy/finding.ts'
import { SEVERITIES, type Severity } from '../policy/finding-codes.ts'
import type { Grant } from '../policy/grant.ts'
import { lintObject, type ObjectFlaw } from '../policy/lint-object.ts'
import type { Candidate } from '../policy/near-miss.ts'
import { NearMissSearch } from '../policy/near-miss-search.ts'
import { type SurveyedReference, survey } from '../policy/survey.ts'
import { objectTitle } from '../wording/objects.ts'
import { placeTitle } from '../wording/place.ts'
import { quote } from '../wording/quote.ts'
import type { CheckReport } from './check.ts'
import { duplicatesOf } from './duplicates.ts'
import { flawsOf, SHOWN } from './flaws.ts'
import { OmittedFindings } from './omitted.ts'
import { refusedAtInstall } from './order.ts'
import { withoutVariables } from './variables.ts'
import { placeOf, type WrittenGrant, type WrittenObject } from './written.ts'

/** An object of a file, with the path from the command line that led to it. */
type CheckedObject = WrittenObject & { readonly asked: string }

/** The input of a check. */
interface Checked {
  /** The number of files that were read. */
  readonly files: number
  readonly objects: readonly CheckedObject[]
  /** The grants among the objects. */
  readonly own: readonly WrittenGrant<CheckedObject>[]
  /** Those that count. */
  readonly grants: readonly Grant[]
  /** The objects that may be near misses of a reference. */
  readonly candidates: readonly Candidate[]
  readonly problems: readonly string[]
  /** What was left out or assumed. */
  readonly notes: readonly string[]
  /** Namespaces whose grants could not all be read. */
  readonly unknown?: ReadonlySet<string> | undefined
  /** The tool that applies the objects, if its order is judged. */
  readonly tool?: Tool | undefined
}

/**
 * Checks objects and grants.
 *
 * @param exemptNamespaces namespaces of objects that the webhook does not judge
 * @param most the most findings of each kind in the report; the others are counted
 */
export function checkOf(
  checked: Checked,
  coverage: Coverage,
  exemptNamespaces: ReadonlySet<string>,
  most = SHOWN,
): CheckReport {
  const { files, objects, own, grants, candidates, problems, notes } = checked
  const surveyed = survey(coverage, objects, grants, exemptNamespaces)
  const { tooLarge, exemptObjects } = surveyed
  const { rendered: references, notes: unrendered } = withoutVariables(surveyed.references)
  const omitted = new OmittedFindings()
  const { flaws, counts } = flawsOf(own, ({ object }) => object, coverage, most, omitted)
  const duplicates = duplicatesOf(own)
  const objectFlaws = objects.flatMap((one) => [...lintObject(coverage, one.name, one.object)].map(flawIn(one)))
  const [refused, unjudged] = parted(references, checked.unknown ?? new Set())
  const late = checked.tool ? refusedAtInstall(references, objects, own, checked.tool) : []
  const nearMisses = new NearMissSearch(candidates)
  for (const one of [...duplicates.slice(most), ...objectFlaws.slice(most), ...late.slice(most)]) omitted.add(one)
  for (const { reference } of refused.slice(most)) omitted.add({ ...NOT_PERMITTED, reference })
  return {
    files,
    objects: objects.length,
    references: references.length,
    findings: [
      ...flaws.map(placed),
      ...duplicates.slice(0, most),
      ...objectFlaws.slice(0, most),
      ...tooLarge.map(tooManyReferences),
      ...late.slice(0, most),
      ...refused.slice(0, most).map((one) => notPermitted(one, nearMisses)),
    ].sort(byPlace),
    omitted: omitted.byDigest,
    counts: {
      error: counts.error + tooLarge.length + late.length + refused.length + countOf(objectFlaws, 'error'),
      warning: counts.warning + duplicates.length + countOf(objectFlaws, 'warning'),
      note: counts.note,
    },
    exemptObjects,
    problems: [...problems, ...unjudged.map(unjudgedLine)],
    notes: [...notes, ...unrendered],
  }
}

type Surveyed = SurveyedReference<WrittenObject>

/** Returns the references that no grant permits, and those that an unread grant may permit. */
function parted(references: readonly Surveyed[], unknown: ReadonlySet<string>): [Surveyed[], Surveyed[]] {
  const without = references.filter(({ grants }) => grants.length === 0)
  const isUnknown = ({ reference }: Surveyed) => unknown.has(reference.to.namespace)
  return [without.filter((one) => !isUnknown(one)), without.filter(isUnknown)]
}

function unjudgedLine({ object, reference }: Surveyed): string {
  const place = placeTitle(placeOf(object, reference.path))
  const namespace = quote(reference.to.namespace)
  return `${place}: ${objectTitle(reference.from)}: ${reference.path} is not judged: not every grant of namespace ${namespace} could be read`
}

function placed({ object, ...flaw }: GrantFlaw & { object: WrittenObject }): Placed {
  return { ...flaw, place: placeOf(object, flaw.path) }
}

const flawIn = (object: WrittenObject) => (flaw: ObjectFlaw) => ({ ...flaw, place: placeOf(object, flaw.path) })

const countOf = (flaws: readonly ObjectFlaw[], severity: Severity) =>
  flaws.filter((one) => one.severity === severity).length

function notPermitted({ object, reference }: SurveyedReference<WrittenObject>, nearMisses: NearMissSearch): Placed {
  const place = placeOf(object, reference.path)
  const nearest = nearMisses.nearest(reference)
  return { ...NOT_PERMITTED, reference, ...(nearest && { nearest }), place }
}

const NOT_PERMITTED = { code: 'not-permitted', severity: SEVERITIES['not-permitted'] } as const

function tooManyReferences({ object, count }: { object: WrittenObject; count: number }): Placed {
  const severity = SEVERITIES['too-many-references']
  return { code: 'too-many-references', severity, object: object.name, references: count, place: placeOf(object, '') }
}

type Placed = Finding & { readonly place: Place }

/** Compares by file name, then by line. */
function byPlace({ place: a }: Placed, { place: b }: Placed): number {
  if (a.file === b.file) return a.line - b.line
  return a.file < b.file ? -1 : 1
}
