import { distinctTargets } from './explain.ts'
import type { Grant } from './grant.ts'
import type { Reference } from './reference.ts'

/** Entries that one half of a grant may have (`maxItems` of the ReferenceGrant schema). */
const LARGEST_HALF = 16

/**
 * The smallest grants that permit these references, whatever objects they are of: each names its targets, and accepts
 * one kind from one namespace. Their names tell what they are for, such as `httproute-from-shop`.
 *
 * @param references references into other namespaces
 */
export function missingGrants(references: readonly Reference[]): Grant[] {
  const bySides = Map.groupBy(references, ({ from, to }) =>
    JSON.stringify([to.namespace, from.group, from.kind, from.namespace]),
  )
  return [...bySides.values()].flatMap((group) => {
    const [{ from, to }] = group as [Reference, ...Reference[]]
    const targets = distinctTargets(group).map(({ to: { group, kind, name } }) => ({ group, kind, name }))
    return chunks(targets, LARGEST_HALF).map((exposed, index) => ({
      namespace: to.namespace,
      name: `${from.kind.toLowerCase()}-from-${from.namespace}${index === 0 ? '' : `-${index + 1}`}`,
      from: [{ group: from.group, kind: from.kind, namespace: from.namespace }],
      to: exposed,
    }))
  })
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  )
}
