import type { Grant } from './grant.ts'
import { fromKey, kindKey, toKey } from './grant-keys.ts'

/** A grant all of whose permissions another grant of its namespace gives as well. */
export interface Superfluous {
  readonly grant: Grant
  readonly by: Grant
  /** Whether both permit the same; otherwise the other one permits more. */
  readonly isDuplicate: boolean
}

/** The comparisons of entries in all: about a second. */
const MOST_COMPARED = 5_000_000

/** The keys of a grant's entries. */
interface Keys {
  readonly grant: Grant
  /** The place of the grant among those of its namespace. */
  readonly at: number
  readonly from: ReadonlySet<string>
  readonly to: ReadonlySet<string>
}

/**
 * Returns the grants that another grant makes superfluous; of several that permit the same, all but the first by name. Does
 * not find grants that only several others together make superfluous.
 *
 * @param grants sorted by name
 * @returns also whether all were compared
 */
export function superfluousAmong(
  grants: readonly Grant[],
  most = MOST_COMPARED,
): { found: Superfluous[]; complete: boolean } {
  const found: Superfluous[] = []
  const work = { left: most }
  for (const ofPlace of Map.groupBy(grants, ({ namespace, resource }) =>
    JSON.stringify([namespace, resource]),
  ).values()) {
    const all = ofPlace.map(keysOf)
    const candidatesFor = indexOf(all)
    for (const [at, keys] of all.entries()) {
      // Of two that permit the same, the later one is superfluous.
      const isMade = (one: Keys) =>
        one.at !== at && covers(one, keys, work) && (one.at < at || !covers(keys, one, work))
      const other = candidatesFor(keys).find(isMade)
      if (other) found.push({ grant: keys.grant, by: other.grant, isDuplicate: covers(keys, other, work) })
      if (work.left <= 0) return { found, complete: false }
    }
  }
  return { found, complete: true }
}

/** Returns a search for the grants that may cover another one: those that share its first entry of one half. */
function indexOf(all: readonly Keys[]): (keys: Keys) => readonly Keys[] {
  const [byFrom, byTo] = [new Map<string, Keys[]>(), new Map<string, Keys[]>()]
  for (const keys of all) {
    for (const key of keys.from) append(byFrom, key, keys)
    for (const key of keys.to) append(byTo, key, keys)
  }
  return ({ grant: { from, to } }) => {
    const [accepted, exposed] = [from[0], to[0]]
    if (!accepted || !exposed) return []
    const sameFrom = byFrom.get(fromKey(accepted)) ?? []
    const sameTo = new Set([toKey(exposed), kindKey(exposed)].flatMap((key) => byTo.get(key) ?? []))
    return sameFrom.length < sameTo.size ? sameFrom : [...sameTo]
  }
}

const keysOf = (grant: Grant, at: number): Keys => ({
  grant,
  at,
  from: new Set(grant.from.map(fromKey)),
  to: new Set(grant.to.map(toKey)),
})

function append(map: Map<string, Keys[]>, key: string, keys: Keys): void {
  const known = map.get(key)
  if (known) known.push(keys)
  else map.set(key, [keys])
}

/** Whether a grant permits all that another one permits. */
function covers(one: Keys, other: Keys, work: { left: number }): boolean {
  if (other.grant.from.length === 0 || other.grant.to.length === 0) return false
  work.left -= 1
  for (const key of other.from) {
    work.left -= 1
    if (!one.from.has(key)) return false
  }
  for (const to of other.grant.to) {
    work.left -= 1
    if (!one.to.has(toKey(to)) && !one.to.has(kindKey(to))) return false
  }
  return true
}
