import type { Coverage } from '../policy/coverage.ts'
import type { GrantFlaw } from '../policy/finding.ts'
import { grantObject } from '../policy/grant.ts'
import { kindOf } from '../policy/grant-kinds.ts'
import { exposesEvery, mergedInto } from '../policy/merge.ts'
import { missingGrants, ungrantable } from '../policy/missing-grant.ts'
import { NearMissSearch } from '../policy/near-miss-search.ts'
import type { Reference } from '../policy/reference.ts'
import { patchCommand, wideningSentence } from '../wording/explain.ts'
import { editNote, unchangedNote } from '../wording/near-miss.ts'
import { distinct, type Known, type PlacedCandidate } from './explained.ts'
import { flawsOf } from './flaws.ts'

/** How the missing grants are to be made. */
export interface MissingOptions {
  /** Whether they expose every object of a kind. */
  readonly anyName: boolean
  /** Whether existing grants are changed, where that permits nothing else. */
  readonly merge: boolean
  /** The options of kubectl that name the cluster and the user, each after a space. */
  readonly cluster: string
}

/** The grants that permit references. */
export interface MissingGrants {
  /** The new grants. */
  readonly created: readonly object[]
  /** Existing grants with a change. */
  readonly changed: readonly PlacedCandidate[]
  /** Errors in the new grants, which therefore permit nothing. */
  readonly useless: readonly GrantFlaw[]
  /** Lines about existing grants that may be corrected in place of a new one. */
  readonly notes: readonly string[]
}

/**
 * Returns the grants that permit references which no grant permits.
 *
 * @param permitted other references, which grants permit
 */
export function missingFor(
  references: readonly Reference[],
  permitted: readonly Reference[],
  known: Known,
  coverage: Coverage,
  { anyName, merge, cluster }: MissingOptions,
): MissingGrants {
  const candidates = distinct(known.candidates)
  const possible = references.filter((one) => ungrantable(one) === undefined)
  const isShared = ({ file }: PlacedCandidate) => file === undefined
  const { changed, left, unsound } = merge
    ? mergedInto(possible, candidates, anyName, coverage, permitted, isShared)
    : { changed: [], left: possible, unsound: [] }
  const grants = missingGrants(left, anyName).map((grant) => {
    const kind = kindOf(grant, coverage.grantKinds)
    return { grant, object: grantObject(grant, kind, known.versions.get(kind)) }
  })
  const { flaws } = flawsOf(grants, (object) => object, coverage)
  return {
    created: grants.map(({ object }) => object),
    changed,
    useless: flaws.filter(({ severity }) => severity === 'error'),
    notes: [
      ...unsound.map(unchangedNote),
      ...editNotes(left, anyName, new NearMissSearch(candidates, known.versions), cluster),
    ],
  }
}

/** Returns a note for each new grant in whose place an existing one may be corrected, which nearly permits the same. */
function editNotes(
  references: readonly Reference[],
  anyName: boolean,
  nearMisses: NearMissSearch<PlacedCandidate>,
  cluster: string,
): string[] {
  const notes = references.flatMap((reference) => {
    const nearest = nearMisses.nearest(reference, (miss) => !anyName || exposesEvery(miss))
    const [created] = missingGrants([reference], anyName)
    if (!nearest || !created) return []
    const command = nearest.candidate.file === undefined ? patchCommand(nearest, reference, cluster) : undefined
    const more = [wideningSentence(nearest, reference), command === undefined ? undefined : `To correct it: ${command}`]
    const [note, after] = [editNote(nearest, reference, created), more.filter((one) => one !== undefined).join(' ')]
    return after === '' ? note : `${note}. ${after}`
  })
  return [...new Set(notes)]
}
