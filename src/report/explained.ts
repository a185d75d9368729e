import type { Coverage } from '../policy/coverage.ts'
import type { Place as FilePlace } from '../policy/finding.ts'
import { type Grant, type GrantName, parseGrant } from '../policy/grant.ts'
import { lookupIn } from '../policy/grant-index.ts'
import { kindOf, type Versions } from '../policy/grant-kinds.ts'
import { judge } from '../policy/judge.ts'
import type { Candidate, NearMiss } from '../policy/near-miss.ts'
import { NearMissSearch } from '../policy/near-miss-search.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import { type NamedObject, type SurveyedReference, survey } from '../policy/survey.ts'
import type { Answer } from '../wording/explain.ts'
import { tooManyReferences } from '../wording/finding.ts'
import type { FilePolicies, TargetFacts } from '../wording/target.ts'
import { withoutVariables } from './variables.ts'

/** A grant among files knows its place. */
export type PlacedCandidate = Candidate & {
  readonly file?: string
  readonly lineOf?: (field: string) => number
  /** The `spec` before a change. */
  readonly before?: unknown
}

/** A line of a file. */
type Place = Pick<FilePlace, 'file' | 'line'>

/** An object of a file knows its place. */
export type PlacedObject = NamedObject & Pick<PlacedCandidate, 'file' | 'lineOf'>

/** What is known, to explain references by. */
export interface Known {
  /** The grants, and what was meant to be one; of several with the same name the last counts. */
  readonly candidates: readonly PlacedCandidate[]
  /** The namespaces of which not every grant was read. */
  readonly unknown: ReadonlySet<string>
  /** Whether grants of a cluster are among the candidates: then those of files are proposed. */
  readonly hasStored?: boolean
  /** The versions to write of kinds of grants; of the others, one that every release serves. */
  readonly versions: Versions
}

/** A reference with its verdict and what comes near to permitting it. */
export interface ExplainedReference {
  readonly reference: Reference
  /** Its place, if it is in a file. */
  readonly place?: Place | undefined
  readonly answer: Answer
  /** The nearest first. */
  readonly misses: readonly NearMiss<PlacedCandidate>[]
  readonly moreMisses: number
  /** Whether every grant was compared. */
  readonly complete: boolean
  /** The target in the cluster; absent if it was not looked for. */
  readonly target?: TargetFacts | undefined
  /** What files say about its NetworkPolicies; absent if they say nothing, or the cluster was read. */
  readonly filePolicies?: FilePolicies | undefined
}

/** The result of `refgrant explain`. */
export interface ExplainReport {
  readonly references: readonly ExplainedReference[]
  /** The number of references that are not explained. */
  readonly more: number
  /** Objects whose references into other namespaces need no grant, with the reason. */
  readonly exempt: readonly { readonly object: ObjectName; readonly reason: string }[]
  readonly problems: readonly string[]
  readonly notes: readonly string[]
  readonly versions: Versions
}

/** The references of objects that need a grant. */
export interface NeedingGrants {
  readonly references: readonly Reference[]
  /** The places of those in files. */
  readonly places: ReadonlyMap<Reference, Place>
  /** Objects whose references into other namespaces need no grant, with the reason. */
  readonly exempt: readonly { readonly object: ObjectName; readonly reason: string }[]
  /** Sentences about objects of which not every reference is judged. */
  readonly tooLarge: readonly string[]
  /** Sentences about references with a variable, which are not judged. */
  readonly unrendered: readonly string[]
}

/** Returns the references of objects that need a grant. */
export function needingGrants(
  objects: readonly PlacedObject[],
  coverage: Coverage,
  exemptNamespaces: ReadonlySet<string>,
): NeedingGrants {
  const { references, exemptObjects, tooLarge } = survey(coverage, objects, [], exemptNamespaces)
  const { rendered, notes } = withoutVariables(references)
  return {
    references: rendered.map(({ reference }) => reference),
    places: new Map(rendered.flatMap(placeOf)),
    exempt: exemptObjects,
    tooLarge: tooLarge.map(({ object: { name }, count }) => tooManyReferences(name, count)),
    unrendered: notes,
  }
}

function placeOf({ object: { file, lineOf }, reference }: SurveyedReference<PlacedObject>): [Reference, Place][] {
  return file === undefined || !lineOf ? [] : [[reference, { file, line: lineOf(reference.path) }]]
}

/** Explains references. */
export function explainReferences(
  references: readonly Reference[],
  known: Known,
  coverage: Coverage,
): ExplainedReference[] {
  const candidates = distinct(known.candidates)
  const grants = lookupIn(candidates.flatMap((one) => grantIn(one, coverage) ?? []))
  const proposed = known.hasStored ? proposals(known.candidates, candidates, coverage) : undefined
  const nearMisses = new NearMissSearch(candidates, known.versions)
  return references.map((reference) => {
    // One at a time: the references may be of several objects.
    const [verdict] = judge([reference], grants)
    if (verdict?.permitted)
      return { reference, answer: permitted(verdict.by, proposed?.(reference, verdict.by)), ...NOTHING }
    const isUnknown = known.unknown.has(reference.to.namespace)
    const { misses, more, complete } = nearMisses.of(reference)
    const answer = { verdict: isUnknown ? 'not known' : 'not permitted' } as const
    return { reference, answer, misses, moreMisses: more, complete }
  })
}

/** What comes near to permitting a reference that is permitted is left out. */
const NOTHING = { misses: [], moreMisses: 0, complete: true }

/** @param proposed the grant, if it is not stored */
function permitted(by: 'same namespace' | GrantName, { file, lineOf }: Partial<PlacedCandidate> = {}): Answer {
  if (by === 'same namespace') return { verdict: by }
  const place = file !== undefined && lineOf ? { proposed: { file, line: lineOf('') } } : {}
  return { verdict: 'permitted', grant: by, ...place }
}

/**
 * Returns a function that finds the grant which permits a reference, if no stored grant does.
 *
 * @param all the stored grants, and those of files
 * @param counting the last of each name
 */
function proposals(all: readonly PlacedCandidate[], counting: readonly PlacedCandidate[], coverage: Coverage) {
  const isStored = ({ file }: PlacedCandidate) => file === undefined
  const stored = lookupIn(all.filter(isStored).flatMap((one) => grantIn(one, coverage) ?? []))
  const byName = new Map(counting.map((one) => [keyOf(one.name), one]))
  return (reference: Reference, by: 'same namespace' | GrantName): PlacedCandidate | undefined => {
    if (by === 'same namespace' || judge([reference], stored)[0]?.permitted) return undefined
    const { group, kind } = kindOf(by, coverage.grantKinds)
    return byName.get(keyOf({ group, kind, namespace: by.namespace, name: by.name }))
  }
}

const keyOf = ({ group, kind, namespace, name }: ObjectName) => JSON.stringify([group, kind, namespace, name])

/** Returns the last object of each kind and name. */
export function distinct(candidates: readonly PlacedCandidate[]): PlacedCandidate[] {
  return [...new Map(candidates.map((one) => [keyOf(one.name), one])).values()]
}

/** Returns the grant in an object; undefined if the object does not count as one. */
function grantIn({ name, object, refused }: PlacedCandidate, coverage: Coverage): Grant | undefined {
  const kind = coverage.grantKind(name)
  const named = { ...(object as object), metadata: { name: name.name, namespace: name.namespace } }
  return kind && refused === undefined ? parseGrant(named, kind) : undefined
}
