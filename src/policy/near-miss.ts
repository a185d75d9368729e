import {
  type Compared,
  type Difference,
  type Entry,
  nearestEntry,
  SLIP,
  type Work,
  wantedFrom,
  wantedTo,
} from './entry-difference.ts'
import { plainFrom, plainTo } from './grant.ts'
import {
  apiVersionOf,
  type GrantKind,
  grantKindFor,
  grantKindsFor,
  REFERENCE_GRANT,
  type Versions,
} from './grant-kinds.ts'
import { isMisspelt } from './likeness.ts'
import { property } from './property.ts'
import type { ObjectName, Reference } from './reference.ts'
import { hasKnownVersion, hasOldVersion } from './refused-grant.ts'
import { swappedHalves } from './swapped.ts'

/** An object that is a grant, or was meant to be one, as it is written. */
export interface Candidate {
  readonly name: ObjectName
  readonly object: unknown
  /** The field for which the API server rejects it, so that it does not count. */
  readonly refused?: string | undefined
}

/** A grant that permits a reference if some of its fields are corrected. */
export interface NearMiss<T extends Candidate = Candidate> {
  readonly candidate: T
  /** What differs, at least one field: the identity of the grant, then `from`, then `to`. */
  readonly differences: readonly Difference[]
  /** How far the grant is from permitting the reference. */
  readonly cost: number
  /** Whether the grant names the target, which tells more than that it exposes the whole kind. */
  readonly named: boolean
}

/** The cost of a grant in the namespace of the referrer, where it permits nothing to it. */
const WITH_REFERRER = 2

/** The cost of a grant in another namespace, which is only taken for a near miss if everything else is right. */
const ELSEWHERE = 4

/** The highest cost of a near miss: two fields, whatever they hold. A grant that differs in more was not meant for the reference. */
export const FARTHEST = 6

/**
 * Returns what keeps a grant from permitting a reference; undefined if it permits the reference, or is too far from
 * it. Compares as many entries as the work allows.
 *
 * @param versions the versions to write; of the other kinds, one that every release serves
 */
export function nearMiss<T extends Candidate>(
  candidate: T,
  reference: Reference,
  work: Work,
  versions: Versions = new Map(),
): NearMiss<T> | undefined {
  const kind = grantKindsFor(reference).find((one) => isKind(candidate, one))
  const entries = halvesOf(candidate, reference, kind, work)
  if (!entries) return undefined
  const [accepted, exposed] = entries
  const parts = [identityOf(candidate, kind, reference, versions), placeOf(candidate, reference), ...entries]
  if (kind) parts.push(rejectionOf(candidate, entries))
  const cost = parts.reduce((sum, part) => sum + part.cost, 0)
  if (cost === 0 || cost > FARTHEST) return undefined
  const { namespace } = candidate.name
  const isElsewhere = placeCost(namespace, reference) === ELSEWHERE
  if (isElsewhere && (accepted.cost + exposed.cost > 0 || !exposed.named)) return undefined
  return { candidate, differences: parts.flatMap(({ differences }) => differences), cost, named: exposed.named }
}

/** Compares both halves of a grant with the reference, or with its other side if that is nearer; undefined if the work is used up. */
function halvesOf(
  candidate: Candidate,
  reference: Reference,
  kind: GrantKind | undefined,
  work: Work,
): readonly [from: Entry, to: Entry] | undefined {
  const plainTarget = (entry: unknown) => (kind ? plainTo(entry, kind) : entry)
  const plainReferrer = (entry: unknown) => (kind ? plainFrom(entry, kind) : entry)
  const accepted = nearestEntry(candidate, 'from', plainReferrer, wantedFrom(reference), work, reference.to)
  const exposed = nearestEntry(candidate, 'to', plainTarget, wantedTo(reference), work)
  if (!accepted || !exposed) return undefined
  const isHalfRight = accepted.cost === 0 || exposed.cost === 0
  const swapped = isHalfRight ? undefined : swappedHalves(candidate, reference, plainTarget, work)
  const isNearer = swapped && swapped[0].cost + swapped[1].cost < accepted.cost + exposed.cost
  return isNearer ? [swapped[0], { ...swapped[1], named: swapped[0].named }] : [accepted, exposed]
}

/** Compares near misses: the nearest first. */
export function byNearness(a: NearMiss, b: NearMiss): number {
  return (
    a.cost - b.cost ||
    a.differences.length - b.differences.length ||
    Number(b.named) - Number(a.named) ||
    order(a.candidate.name.namespace, b.candidate.name.namespace) ||
    order(a.candidate.name.name, b.candidate.name.name)
  )
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Compares the kind and the version of a grant with those that the reference needs. */
function identityOf(
  { name, object }: Candidate,
  kind: GrantKind | undefined,
  reference: Reference,
  versions: Versions,
): Compared {
  const needed = grantKindFor(reference)
  const isOther = !kind && name.kind !== needed.kind
  // An object of another kind is written anew, with a version that current releases serve.
  const hasVersion = hasKnownVersion(object) && !(isOther && hasOldVersion(object))
  const isServed = name.group === needed.group && (needed !== REFERENCE_GRANT || hasVersion)
  const differences: Difference[] = []
  const add = (path: string, found: unknown, wanted: string) =>
    differences.push({ path, found: typeof found === 'string' ? found : undefined, wanted, how: 'slip' })
  if (!isServed && (!kind || kind === needed))
    add('apiVersion', property(object, 'apiVersion'), apiVersionOf(needed, versions.get(needed)))
  if (isOther) add('kind', name.kind, needed.kind)
  return { differences, cost: differences.length * SLIP }
}

/** Returns the field for which the API server rejects a grant, unless that is one of the differences already. */
function rejectionOf({ refused }: Candidate, parts: readonly Compared[]): Compared {
  const isKnown = parts.some(({ differences }) => differences.some((one) => isAbout(one, refused)))
  if (refused === undefined || refused === 'apiVersion' || isKnown) return { differences: [], cost: 0 }
  return { differences: [{ path: refused, found: undefined, wanted: undefined, how: 'rejected' }], cost: SLIP }
}

/** Whether the correction of a difference replaces a field. */
const isAbout = ({ path, how }: Difference, field = '') =>
  path === field || (how === 'swapped' && field.startsWith(`${path}.`))

/** Compares the namespace of a grant with that of the target. */
function placeOf({ name: { namespace } }: Candidate, reference: Reference): Compared {
  const wanted = reference.to.namespace
  if (namespace === wanted) return { differences: [], cost: 0 }
  const cost = placeCost(namespace, reference)
  return {
    differences: [{ path: 'metadata.namespace', found: namespace, wanted, how: cost === SLIP ? 'slip' : 'other' }],
    cost,
  }
}

function placeCost(namespace: string, { from, to }: Reference): number {
  if (namespace === to.namespace) return 0
  if (isMisspelt(namespace, to.namespace)) return SLIP
  return namespace === from.namespace ? WITH_REFERRER : ELSEWHERE
}

const isKind = ({ name }: Candidate, { group, kind }: GrantKind) => name.group === group && name.kind === kind
