import type { DuplicateGrant } from '../policy/finding.ts'
import { SEVERITIES } from '../policy/finding-codes.ts'
import { grantTitle } from '../wording/objects.ts'
import { placeTitle } from '../wording/place.ts'
import type { WrittenGrant, WrittenObject } from './written.ts'

/** A grant of a file below a path that was asked for. */
type FoundGrant = WrittenGrant<WrittenObject & { readonly asked: string }>

/**
 * Grants that are written once more, with another content, below the same path that was asked for; each names the one
 * before it. Below another path it may be of another cluster.
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
      other: placeOf(before),
      place: placeOf(after),
    }))
}

/** Grants that two paths that were asked for give another content, in lines. */
export function conflictsOf(grants: readonly FoundGrant[]): string[] {
  return pairsOf(grants)
    .filter(([before, after]) => before.object.asked !== after.object.asked)
    .map(([before, after]) => {
      const title = grantTitle(after.grant, after.object.name.kind)
      return `${placeTitle(before.object)} and ${placeTitle(after.object)} give ${title} another content: the second counts, the first does not`
    })
}

/** Grants of one name whose content differs from that of the one before. */
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
const placeOf = ({ object: { file, line } }: FoundGrant) => ({ file, line })
