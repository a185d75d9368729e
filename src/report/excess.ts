import type { Coverage } from '../policy/coverage.ts'
import type { Grant, GrantFrom, GrantTo } from '../policy/grant.ts'
import { fromKey, toKey } from '../policy/grant-keys.ts'
import { type Superfluous, superfluousAmong } from '../policy/superfluous.ts'
import type { Survey } from '../policy/survey.ts'

/** An entry of a grant that no reference uses, although references use the grant. */
export interface UnusedEntry {
  readonly grant: Grant
  readonly entry: { readonly from: GrantFrom } | { readonly to: GrantTo }
}

/** A grant that permits more than single references need. */
export interface BroadGrant {
  readonly grant: Grant
  /** The entries that expose every object of a kind. */
  readonly every: readonly GrantTo[]
  /** The names of the objects to which references lead by this grant; undefined if they are not all known. */
  readonly names: readonly string[] | undefined
  /** How many pairs of entries the grant permits, and how many of them references use; undefined if that is not known. */
  readonly pairs: number
  readonly usedPairs: number | undefined
}

/** What grants permit beyond what is used. */
export interface Excess {
  readonly unusedEntries: readonly UnusedEntry[]
  readonly superfluous: readonly Superfluous[]
  readonly broad: readonly BroadGrant[]
  /** Whether all grants were compared with each other; if not, more may be superfluous. */
  readonly isCompared: boolean
}

/**
 * Returns what grants permit beyond what is used.
 *
 * @param permitting each grant that permits something, with its effective part
 * @param isAllRead whether all objects were read; if not, nothing is called unused
 */
export function excessOf(
  permitting: ReadonlyMap<Grant, Grant>,
  survey: Survey,
  coverage: Coverage,
  isAllRead: boolean,
): Excess {
  const { found, complete } = superfluousAmong([...permitting.values()])
  return {
    unusedEntries: isAllRead
      ? [...permitting].flatMap(([grant, part]) => unusedEntries(grant, part, survey, coverage))
      : [],
    superfluous: found,
    broad: broadAmong(permitting, survey, isAllRead),
    isCompared: complete,
  }
}

function unusedEntries(grant: Grant, part: Grant, { uses }: Survey, coverage: Coverage): UnusedEntry[] {
  const use = uses.get(grant)
  if (!use) return []
  const [from, to] = [new Set(part.from.map(fromKey)), new Set(part.to.map(toKey))]
  // Objects of a kind that is not judged may use an entry.
  const isJudged = part.from.every((one) => coverage.referrer(one))
  const accepted = use.unusedFrom.filter((one) => from.has(fromKey(one)) && coverage.referrer(one))
  const exposed = isJudged ? use.unusedTo.filter((one) => to.has(toKey(one))) : []
  return [
    ...accepted.map((one) => ({ grant, entry: { from: one } })),
    ...exposed.map((one) => ({ grant, entry: { to: one } })),
  ]
}

function broadAmong(permitting: ReadonlyMap<Grant, Grant>, survey: Survey, isAllRead: boolean): BroadGrant[] {
  const names = namesOf(survey)
  return [...permitting].flatMap(([grant, part]) => {
    const every = part.to.filter(({ name }) => name === undefined)
    const pairs = part.from.length * part.to.length
    const usedPairs = isAllRead ? (survey.uses.get(grant)?.usedPairs ?? 0) : undefined
    const isProduct = part.from.length > 1 && part.to.length > 1 && usedPairs !== undefined && usedPairs < pairs
    if (every.length === 0 && !isProduct) return []
    return [{ grant, every, names: isAllRead ? names && [...(names.get(grant) ?? [])] : undefined, pairs, usedPairs }]
  })
}

/** Returns the names of the targets of each grant; undefined if a reference does not name all its grants. */
function namesOf({ references }: Survey): Map<Grant, Set<string>> | undefined {
  const names = new Map<Grant, Set<string>>()
  for (const { reference, grants, moreGrants } of references) {
    if (moreGrants > 0) return undefined
    for (const grant of grants) names.set(grant, (names.get(grant) ?? new Set()).add(reference.to.name))
  }
  return names
}
