import type { Coverage } from '../policy/coverage.ts'
import type { Place } from '../policy/finding.ts'
import type { Grant } from '../policy/grant.ts'
import { effectivePart } from '../policy/lint.ts'
import type { Candidate, NearMiss } from '../policy/near-miss.ts'
import { NearMissSearch } from '../policy/near-miss-search.ts'
import type { Reference } from '../policy/reference.ts'
import { byName, type NamedObject, type Survey, type SurveyedReference, sorted, survey } from '../policy/survey.ts'
import { counted } from '../wording/counted.ts'
import { tooManyReferences } from '../wording/finding.ts'
import { objectTitle } from '../wording/objects.ts'
import { quote } from '../wording/quote.ts'
import type { AuditReport } from './audit.ts'
import { excessOf } from './excess.ts'
import { flawsOf } from './flaws.ts'
import { withoutVariables } from './variables.ts'

/** The input of an audit: objects, grants with the objects they were parsed from, and what could not be read. */
export interface Audited {
  readonly objects: readonly NamedObject[]
  readonly grants: readonly {
    readonly grant: Grant
    readonly object: unknown
    /** The field for which the API server rejects it, so that it does not count. */
    readonly refused?: string | undefined
    /** Only for a grant of a file: returns where a field is. */
    readonly placeOf?: (path: string) => Place
  }[]
  /** The objects that may be near misses of a reference. */
  readonly candidates: readonly Candidate[]
  /** Namespaces with a grant that could not be read. */
  readonly unknown: ReadonlySet<string>
  readonly problems: readonly string[]
  /** What was left out or assumed. */
  readonly notes: readonly string[]
  /** The namespace, if only one was read. */
  readonly only?: string | undefined
}

/**
 * Audits objects and grants.
 *
 * @param exemptNamespaces namespaces of objects that the webhook does not judge
 */
export function auditOf(audited: Audited, coverage: Coverage, exemptNamespaces: ReadonlySet<string>): AuditReport {
  const written = audited.grants.toSorted((a, b) => byName(a.grant, b.grant))
  const grants = sorted(written.filter(({ refused }) => refused === undefined).map(({ grant }) => grant))
  const surveyed = survey(coverage, audited.objects, grants, exemptNamespaces)
  const { rendered, notes } = withoutVariables(surveyed.references)
  const permitting = permittingParts(grants, rendered, coverage)
  const unused = unusedAmong(grants, surveyed.unused, permitting)
  const { judged, unjudged } = withoutUnknown({ ...surveyed, references: rendered, unused }, audited)
  const isAllRead = isComplete(audited, surveyed)
  const excess = excessOf(permitting, surveyed, coverage, isAllRead)
  const uncompared = excess.isCompared
    ? []
    : ['there are too many grants to compare each with each: more may be superfluous']
  const found = flawsOf(
    written.map((one) => ({ grant: one.grant, object: one })),
    ({ object }) => object,
    coverage,
  )
  const tooLarge = judged.tooLarge.map(({ object: { name }, count }) => tooManyReferences(name, count))
  return {
    ...(audited.only !== undefined && { only: audited.only }),
    grants: grants.length,
    permitting: [...permitting.values()],
    survey: judged,
    excess,
    nearest: nearestOf(judged.references, audited.candidates),
    unjudged,
    counts: found.counts,
    flaws: found.flaws.map(({ object: { placeOf }, ...flaw }) => ({
      ...flaw,
      ...(placeOf && { place: placeOf(flaw.path) }),
    })),
    problems: [...audited.problems, ...unjudgedLines(unjudged, audited), ...tooLarge],
    notes: [...audited.notes, ...notes, ...uncompared],
  }
}

/**
 * Splits the references of a survey into those that are judged and those that may be permitted by a grant that was not
 * read; both sorted by object. Leaves out the unused grants if not everything was read.
 */
function withoutUnknown(all: Survey, audited: Audited): { judged: Survey; unjudged: SurveyedReference[] } {
  const { unknown, only } = audited
  const references = all.references.toSorted((a, b) => byName(a.reference.from, b.reference.from))
  const isUnknown = ({ reference: { to }, grants }: SurveyedReference) =>
    grants.length === 0 && (unknown.has(to.namespace) || (only !== undefined && to.namespace !== only))
  const judged = references.filter((one) => !isUnknown(one))
  const unused = isComplete(audited, all) ? all.unused : []
  return { judged: { ...all, references: judged, unused }, unjudged: references.filter(isUnknown) }
}

/** Whether everything was read and judged, so that what is not used is known. */
function isComplete({ only, problems }: Audited, { tooLarge }: Survey): boolean {
  return only === undefined && problems.length === 0 && tooLarge.length === 0
}

/** The most references for which the nearest grant is searched. */
const SEARCHED = 1_000

/** Returns the grant that is nearest to permitting each of the first references that no grant permits. */
function nearestOf(
  references: readonly SurveyedReference[],
  candidates: readonly Candidate[],
): Map<Reference, NearMiss> {
  const nearMisses = new NearMissSearch(candidates)
  const refused = references.filter(({ grants }) => grants.length === 0).slice(0, SEARCHED)
  return new Map(
    refused.flatMap(({ reference }) => {
      const nearest = nearMisses.nearest(reference)
      return nearest ? [[reference, nearest] as const] : []
    }),
  )
}

function unjudgedLines(unjudged: readonly SurveyedReference[], { only }: Audited): string[] {
  if (only !== undefined && unjudged.length > 0) {
    const them = counted(unjudged.length, 'reference')
    return [
      `cannot judge ${them} into other namespaces: with --namespace ${quote(only)}, audit does not read the grants of other namespaces`,
    ]
  }
  return unjudged.map(({ reference: { from, path, to } }) => {
    const what = `${path} refers to namespace ${quote(to.namespace)}, which has a grant that cannot be read`
    return `cannot judge ${objectTitle(from)}: ${what}`
  })
}

/**
 * Returns the effective part of each grant that has one; the whole grant if a reference uses it in spite of its findings.
 */
function permittingParts(
  grants: readonly Grant[],
  references: readonly SurveyedReference[],
  coverage: Coverage,
): Map<Grant, Grant> {
  const used = new Set(references.flatMap((one) => one.grants))
  const parts = new Map<Grant, Grant>()
  for (const grant of grants) {
    const part = effectivePart(grant, coverage)
    if (part.from.length > 0 && part.to.length > 0) parts.set(grant, part)
    else if (used.has(grant)) parts.set(grant, grant)
  }
  return parts
}

/** Returns the grants that no reference uses. A grant that permits nothing is one of them, whatever kinds it accepts. */
function unusedAmong(
  grants: readonly Grant[],
  unused: readonly Grant[],
  permitting: ReadonlyMap<Grant, Grant>,
): Grant[] {
  const idle = new Set(unused)
  return grants.filter((grant) => idle.has(grant) || !permitting.has(grant))
}
