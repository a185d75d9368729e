import type { DuplicateGrant } from '../policy/finding.ts'
import { SEVERITIES } from '../policy/finding-codes.ts'
import { grantTitle } from '../wording/objects.ts'
import { placeTitle } from '../wording/place.ts'
import { placeOf, type WrittenGrant, type WrittenObject } from './written.ts'

/** A grant of a file, with the path from the command line that led to it. */
type FoundGrant = WrittenGrant<WrittenObject & { readonly asked: string }>

/**
 * Returns the grants that repeat an earlier grant below the same path with different contents. A grant below another path
 * may belong to another cluster.
 */
export function duplicatesOf(grants: readonly FoundGrant[]): DuplicateGrant[] {
  return pairsOf(grants)
    .filter(([before, after]) => before.object.asked === after.object.asked)
    .map(([before, after]) => ({
      code: 'grant-duplicate',
      severity: SEVERITIES['grant-duplicate'],
      grant: { namespace: after.grant.namespace, name: after.grant.name },
      grantKind: after.object.name.kind,
      path: 'metadata.name',
      other: placeOf(before.object, ''),
      place: placeOf(after.object, ''),
    }))
}

/** Returns a line for each grant that has different contents below two paths. */
export function conflictsOf(grants: readonly FoundGrant[]): string[] {
  return pairsOf(grants)
    .filter(([before, after]) => before.object.asked !== after.object.asked)
    .map(([before, after]) => {
      const title = grantTitle(after.grant, after.object.name.kind)
      return `${placeTitle(placeOf(before.object, ''))} and ${placeTitle(placeOf(after.object, ''))} define ${title} with different contents: only the second counts`
    })
}

/** Returns the pairs of consecutive grants with the same name and different contents. */
function pairsOf(grants: readonly FoundGrant[]): [before: FoundGrant, after: FoundGrant][] {
  const last = new Map<string, FoundGrant>()
  return grants.flatMap((one): [FoundGrant, FoundGrant][] => {
    const key = JSON.stringify([one.grant.namespace, one.grant.name, one.grant.resource])
    const before = last.get(key)
    last.set(key, one)
    return before && contentOf(before) !== contentOf(one) ? [[before, one]] : []
  })
}

const contentOf = ({ grant: { from, to } }: FoundGrant) => JSON.stringify([from, to])
