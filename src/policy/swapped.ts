import { type Entry, entriesOf, entryOf, SLIP, type Wanted, type Work, wantedTo } from './entry-difference.ts'
import type { Half } from './entry-fields.ts'
import { isSlip } from './likeness.ts'
import { property } from './property.ts'
import type { Reference } from './reference.ts'

/** What a half of a grant must name, to count as the other half. */
interface Other {
  readonly wanted: Wanted
  /** The namespaces that an entry may have. A half that should be `to` may name either, since its author confused them. */
  readonly namespaces: readonly string[]
}

/**
 * Returns both halves of a grant whose `from` names the target and whose `to` names the referrer; undefined if it is not such a
 * grant, or if the work is used up. The kinds tell it: if both are the same, it cannot be known. A name in `to` does not
 * count, since a grant accepts each object of a kind.
 *
 * @param plain returns an entry in the form of a ReferenceGrant
 */
export function swappedHalves(
  candidate: { readonly object: unknown },
  reference: Reference,
  plain: (entry: unknown) => unknown,
  work: Work,
): readonly [from: Entry, to: Entry] | undefined {
  const { from, to } = reference
  if (from.group === to.group && from.kind === to.kind) return undefined
  const namespaces = [to.namespace, from.namespace]
  const anyName = (entry: unknown) => ({ ...Object(plain(entry)), name: undefined })
  const ofReferrer: Wanted = [
    ['group', from.group],
    ['kind', from.kind],
    ['name', ''],
  ]
  const accepted = swappedEntry(candidate, 'from', plain, { wanted: wantedTo(reference), namespaces }, work)
  const exposed = accepted && swappedEntry(candidate, 'to', anyName, { wanted: ofReferrer, namespaces }, work)
  return exposed && [accepted, exposed]
}

/** Returns the entry of a half that is most like one of the other half. */
function swappedEntry(
  candidate: { readonly object: unknown },
  half: Half,
  plain: (entry: unknown) => unknown,
  { wanted, namespaces }: Other,
  work: Work,
): Entry | undefined {
  let nearest: Entry | undefined
  for (const [index, written] of entriesOf(candidate, half).entries()) {
    if (work.left <= 0) return undefined
    work.left -= 1
    const [kind, namespace] = [property(written, 'kind'), property(written, 'namespace') ?? undefined]
    const isPlaced = namespace === undefined || namespaces.some((one) => isLike(namespace, one))
    if (typeof kind !== 'string' || kind === '' || !isPlaced) continue
    const path = `spec.${half}[${index}]`
    const { differences, cost, named } = entryOf(plain(written), path, wanted)
    if (differences.some(({ how }) => how !== 'slip') || (nearest && nearest.cost <= cost + SLIP)) continue
    nearest = { differences: [{ path, found: undefined, wanted: undefined, how: 'swapped' }], cost: cost + SLIP, named }
  }
  return nearest
}

const isLike = (found: unknown, wanted: string) =>
  found === wanted || (typeof found === 'string' && isSlip('namespace', found, wanted))
