import type { FileGrant } from '../files/grant-files.ts'
import type { DuplicateGrant } from '../policy/finding.ts'
import { SEVERITIES } from '../policy/finding-codes.ts'
import { grantTitle } from '../wording/objects.ts'
import { placeTitle } from '../wording/place.ts'

/**
 * Grants that are written once more, with another content, below the same path that was asked for; each names the one
 * before it. Below another path it may be of another cluster.
 */
export function duplicatesOf(grants: readonly FileGrant[]): DuplicateGrant[] {
  return pairsOf(grants)
    .filter(([before, after]) => before.object.asked === after.object.asked)
    .map(([before, after]) => ({
      code: 'grant-duplicate',
      severity: SEVERITIES['grant-duplicate'],
      grant: { namespace: after.grant.namespace, name: after.grant.name },
      grantKind: after.object.name.kind,
      path: 'metadata.name',
      other: placeOf(before),
      place: placeOf(after),
    }))
}

/** Grants that two paths that were asked for give another content, in lines. */
export function conflictsOf(grants: readonly FileGrant[]): string[] {
  return pairsOf(grants)
    .filter(([before, after]) => before.object.asked !== after.object.asked)
    .map(([before, after]) => {
      const title = grantTitle(after.grant, after.object.name.kind)
      return `${placeTitle(before.object)} and ${placeTitle(after.object)} give ${title} another content: the second counts, the first does not`
    })
}

/** Grants of one name whose content differs from that of the one before. */
function pairsOf(grants: readonly FileGrant[]): [before: FileGrant, after: FileGrant][] {
  const last = new Map<string, FileGrant>()
  return grants.flatMap((one): [FileGrant, FileGrant][] => {
    const key = JSON.stringify([one.grant.namespace, one.grant.name, one.grant.resource])
    const before = last.get(key)
    last.set(key, one)
    return before && contentOf(before) !== contentOf(one) ? [[before, one]] : []
  })
}

const contentOf = ({ grant: { from, to } }: FileGrant) => JSON.stringify([from, to])
const placeOf = ({ object: { file, line } }: FileGrant) => ({ file, line })
