import { HALVES, type Half, likestField } from './entry-fields.ts'
import { isSlip, type Part, withoutVersion } from './likeness.ts'
import { isPossibleName, MOST_ENTRIES, VALID } from './names.ts'
import { property } from './property.ts'
import type { GroupKind, Reference } from './reference.ts'
import { isMistakenGroup, isShortName } from './well-known.ts'

/** A field of a grant that keeps it from permitting a reference. */
export interface Difference {
  /** The field, such as `spec.from[0].kind`. */
  readonly path: string
  /** The value of the field; undefined if it is missing, or not a string. */
  readonly found: string | undefined
  /** The value that permits the reference; undefined if it cannot be told. */
  readonly wanted: string | undefined
  /**
   * A `slip` is only written in a wrong way; `impossible` is a value that the API server rejects; `other` is the value of
   * something else, and `full` such a value in a half that may not have another entry; `empty` is a half without entries;
   * `misspelt` is a field that is meant for a half; `swapped` is an entry that belongs in the other half; `rejected` is a
   * value for which the API server rejects the grant, although another entry is the nearest.
   */
  readonly how: 'slip' | 'impossible' | 'other' | 'full' | 'empty' | 'misspelt' | 'swapped' | 'rejected'
}

/** The differences of a part of a grant. */
export interface Compared {
  readonly differences: readonly Difference[]
  readonly cost: number
}

/** The cost of a value that is only written in a wrong way. */
export const SLIP = 1

/** The cost of another value. A grant for another namespace or object is more often meant for these than one for another kind. */
const OTHER: Record<Part, number> = { group: 2, kind: 2, namespace: 3, name: 3 }

/** The cost of a half without entries. */
const EMPTY = 3

/** Counts comparisons, to bound the work. */
export interface Work {
  left: number
}

/** The parts of an entry: its group, its kind, and its namespace or name. */
export type Wanted = readonly [WantedPart, WantedPart, WantedPart]
type WantedPart = readonly [part: Part, value: string]

/** Returns the parts of an entry of `from` that accepts a reference. */
export const wantedFrom = ({ from }: Reference): Wanted => [
  ['group', from.group],
  ['kind', from.kind],
  ['namespace', from.namespace],
]

/** Returns the parts of an entry of `to` that exposes the target. */
export const wantedTo = ({ to }: Reference): Wanted => [
  ['group', to.group],
  ['kind', to.kind],
  ['name', to.name],
]

/** The differences of one entry. */
export interface Entry extends Compared {
  /** Whether the entry has the name of the target. */
  readonly named: boolean
}

/** Returns the entries of a half, as they are written; none if it is not a list. */
export function entriesOf({ object }: Written, half: Half): readonly unknown[] {
  return listIn(object, half)
}

/** An object as it is written. */
interface Written {
  readonly object: unknown
}

function listIn(object: unknown, field: string): readonly unknown[] {
  const entries = property(property(object, 'spec'), field)
  return Array.isArray(entries) ? entries : []
}

/** Returns the field that has the entries of a half: its own or, if that has none, one with a misspelt name. */
function fieldOf(object: unknown, half: Half): string {
  const isMeant = (field: string) => likestField(field, HALVES) === half && listIn(object, field).length > 0
  const isFound = listIn(object, half).length > 0
  return (isFound ? undefined : Object.keys(Object(property(object, 'spec'))).find(isMeant)) ?? half
}

/**
 * Returns the differences of the nearest entry of a half; undefined if the work is used up.
 *
 * @param plain returns an entry in the form of a ReferenceGrant
 * @param other what the other half names: its group and kind in this half are one mistake
 */
export function nearestEntry(
  { object }: Written,
  half: Half,
  plain: (entry: unknown) => unknown,
  wanted: Wanted,
  work: Work,
  other?: GroupKind,
): Entry | undefined {
  const field = fieldOf(object, half)
  const entries = listIn(object, field)
  let nearest: Entry | undefined
  for (const [index, written] of entries.entries()) {
    if (work.left <= 0) return undefined
    work.left -= 1
    const found = entryOf(plain(written), `spec.${half}[${index}]`, wanted, other)
    if (!nearest || found.cost < nearest.cost || (found.cost === nearest.cost && found.named && !nearest.named))
      nearest = found
  }
  const empty: Difference = { path: `spec.${half}`, found: undefined, wanted: undefined, how: 'empty' }
  if (!nearest) return { differences: [empty], cost: EMPTY, named: false }
  const found = entries.length < MOST_ENTRIES ? nearest : withoutRoom(nearest)
  return field === half ? found : inField(field, half, found)
}

/** Returns the differences of an entry in a misspelt field. */
function inField(field: string, half: Half, { differences, cost, named }: Entry): Entry {
  const misspelt: Difference = { path: `spec.${field}`, found: undefined, wanted: half, how: 'misspelt' }
  return { differences: [misspelt, ...differences], cost: cost + SLIP, named }
}

/** Returns the differences of an entry beside which no other can be added. */
function withoutRoom(entry: Entry): Entry {
  const differences = entry.differences.map((one) => (one.how === 'other' ? { ...one, how: 'full' as const } : one))
  return { ...entry, differences }
}

/**
 * Returns the differences of an entry.
 *
 * @param other a group and a kind that together are one mistake
 */
export function entryOf(entry: unknown, path: string, wanted: Wanted, other?: GroupKind): Entry {
  const isOther = other && property(entry, 'group') === other.group && property(entry, 'kind') === other.kind
  const differences: Difference[] = []
  let cost = 0
  let named = false
  for (const [part, value] of wanted) {
    const found = property(entry, part)
    if (part === 'name' && (found === undefined || found === null)) continue
    if (part === 'name' && found === value) named = true
    if (found === value) continue
    const text = typeof found === 'string' ? found : undefined
    const isOnlySlip = text === undefined || isWrittenWrong(part, text, entry, wanted)
    const how = isOnlySlip ? 'slip' : VALID[part].test(text) ? 'other' : 'impossible'
    differences.push({ path: `${path}.${part}`, found: text, wanted: value, how })
    if (part !== 'group' || !isOther) cost += isOnlySlip ? SLIP : OTHER[part]
  }
  return { differences, cost, named }
}

/** Whether a part of an entry is the wanted one, written in a wrong way. */
function isWrittenWrong(part: Part, text: string, entry: unknown, wanted: Wanted): boolean {
  const [[, group], [, kind], [, last]] = wanted
  switch (part) {
    case 'group':
      return isMistaken(text, property(entry, 'kind'), wanted) || isSlip(part, text, group)
    case 'kind':
      return text === '' || isSlip(part, text, kind) || isShortName(text, { group, kind })
    case 'name':
      return text === '' || isSlip(part, text, last) || isQualified(text, { group, kind }, last)
    default:
      return text === '' || isSlip(part, text, last)
  }
}

/** Whether a name that no object of the kind can have is another one with its kind, namespace, domain or port. */
function isQualified(text: string, kind: GroupKind, name: string): boolean {
  const last = text.slice(text.lastIndexOf('/') + 1)
  return !isPossibleName(kind, text) && (last === name || last.startsWith(`${name}.`) || last.startsWith(`${name}:`))
}

/** Whether the group of an entry has no such kind, so that it cannot be meant. */
function isMistaken(group: string, kind: unknown, [[, right], [, wanted]]: Wanted): boolean {
  const isWanted = kind === wanted || (typeof kind === 'string' && isSlip('kind', kind, wanted))
  return isWanted && isMistakenGroup(withoutVersion(group), { group: right, kind: wanted })
}
