import type { Half } from './entry-fields.ts'
import { plainFrom, plainTo } from './grant.ts'
import {
  apiVersionOf,
  type GrantKind,
  grantKindFor,
  grantKindsFor,
  REFERENCE_GRANT,
  type Versions,
} from './grant-kinds.ts'
import { isMisspelt, isSlip, type Part, withoutVersion } from './likeness.ts'
import { property } from './property.ts'
import type { ObjectName, Reference } from './reference.ts'
import { hasKnownVersion, hasOldVersion } from './refused-grant.ts'
import { isMistakenGroup } from './well-known.ts'

/** An object that is a grant, or was meant to be one, as it is written. */
export interface Candidate {
  readonly name: ObjectName
  readonly object: unknown
  /** The field for which the API server rejects it, so that it does not count. */
  readonly refused?: string | undefined
}

/** Returns the entries of a half, as they are written; none if it is not a list. */
export function entriesOf({ object }: Pick<Candidate, 'object'>, half: Half): readonly unknown[] {
  const entries = property(property(object, 'spec'), half)
  return Array.isArray(entries) ? entries : []
}

/** A field of a grant that keeps it from permitting a reference. */
export interface Difference {
  /** The field, such as `spec.from[0].kind`. */
  readonly path: string
  /** The value of the field; undefined if it is missing, or not a string. */
  readonly found: string | undefined
  /** The value that permits the reference; undefined if it cannot be told. */
  readonly wanted: string | undefined
  /**
   * A `slip` is only written in a wrong way; `other` is the value of something else; `empty` is a half without entries;
   * `rejected` is a value for which the API server rejects the grant, although another entry is the nearest.
   */
  readonly how: 'slip' | 'other' | 'empty' | 'rejected'
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

/** The cost of a value that is only written in a wrong way. */
const SLIP = 1

/** The cost of another value. A grant for another namespace or object is more often meant for these than one for another kind. */
const OTHER: Record<Part, number> = { group: 2, kind: 2, namespace: 3, name: 3 }

/** The cost of a half without entries. */
const EMPTY = 3

/** The cost of a grant in the namespace of the referrer, where it permits nothing to it. */
const WITH_REFERRER = 2

/** The cost of a grant in another namespace, which is only taken for a near miss if everything else is right. */
const ELSEWHERE = 4

/** The highest cost of a near miss: two fields, whatever they hold. A grant that differs in more was not meant for the reference. */
export const FARTHEST = 6

/** Counts comparisons, to bound the work. */
export interface Work {
  left: number
}

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
  const accepted = best(
    candidate,
    'from',
    (entry) => (kind ? plainFrom(entry, kind) : entry),
    wantedFrom(reference),
    work,
  )
  const exposed = best(candidate, 'to', (entry) => (kind ? plainTo(entry, kind) : entry), wantedTo(reference), work)
  if (!accepted || !exposed) return undefined
  const entries = [accepted, exposed]
  const parts = [identityOf(candidate, kind, reference, versions), placeOf(candidate, reference), ...entries]
  if (kind) parts.push(rejectionOf(candidate, entries))
  const cost = parts.reduce((sum, part) => sum + part.cost, 0)
  if (cost === 0 || cost > FARTHEST) return undefined
  const { namespace } = candidate.name
  const isElsewhere = placeCost(namespace, reference) === ELSEWHERE
  if (isElsewhere && (accepted.cost + exposed.cost > 0 || !exposed.named)) return undefined
  return { candidate, differences: parts.flatMap(({ differences }) => differences), cost, named: exposed.named }
}

/** The parts of an entry: its group, its kind, and its namespace or name. */
type Wanted = readonly [WantedPart, WantedPart, WantedPart]
type WantedPart = readonly [part: Part, value: string]

const wantedFrom = ({ from }: Reference): Wanted => [
  ['group', from.group],
  ['kind', from.kind],
  ['namespace', from.namespace],
]

const wantedTo = ({ to }: Reference): Wanted => [
  ['group', to.group],
  ['kind', to.kind],
  ['name', to.name],
]

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

/** The differences of a part of a grant. */
interface Compared {
  readonly differences: readonly Difference[]
  readonly cost: number
}

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
  const isKnown = parts.some(({ differences }) => differences.some(({ path }) => path === refused))
  if (refused === undefined || refused === 'apiVersion' || isKnown) return { differences: [], cost: 0 }
  return { differences: [{ path: refused, found: undefined, wanted: undefined, how: 'rejected' }], cost: SLIP }
}

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

/** The differences of one entry. */
interface Entry extends Compared {
  /** Whether the entry has the name of the target. */
  readonly named: boolean
}

/** Returns the differences of the nearest entry of a half; undefined if the work is used up. */
function best(
  candidate: Candidate,
  half: Half,
  plain: (entry: unknown) => unknown,
  wanted: Wanted,
  work: Work,
): Entry | undefined {
  let nearest: Entry | undefined
  for (const [index, written] of entriesOf(candidate, half).entries()) {
    if (work.left <= 0) return undefined
    work.left -= 1
    const found = entryOf(plain(written), `spec.${half}[${index}]`, wanted)
    if (!nearest || found.cost < nearest.cost || (found.cost === nearest.cost && found.named && !nearest.named))
      nearest = found
  }
  const empty: Difference = { path: `spec.${half}`, found: undefined, wanted: undefined, how: 'empty' }
  return nearest ?? { differences: [empty], cost: EMPTY, named: false }
}

function entryOf(entry: unknown, path: string, wanted: Wanted): Entry {
  const differences: Difference[] = []
  let cost = 0
  let named = false
  for (const [part, value] of wanted) {
    const found = property(entry, part)
    if (part === 'name' && (found === undefined || found === null)) continue
    if (part === 'name' && found === value) named = true
    if (found === value) continue
    const text = typeof found === 'string' ? found : undefined
    const isOnlySlip =
      text === undefined ||
      (part === 'group' ? isMistaken(text, property(entry, 'kind'), wanted) : text === '') ||
      isSlip(part, text, value)
    differences.push({ path: `${path}.${part}`, found: text, wanted: value, how: isOnlySlip ? 'slip' : 'other' })
    cost += isOnlySlip ? SLIP : OTHER[part]
  }
  return { differences, cost, named }
}

/** Whether the group of an entry has no such kind, so that it cannot be meant. */
function isMistaken(group: string, kind: unknown, [[, right], [, wanted]]: Wanted): boolean {
  const isWanted = kind === wanted || (typeof kind === 'string' && isSlip('kind', kind, wanted))
  return isWanted && isMistakenGroup(withoutVersion(group), { group: right, kind: wanted })
}
