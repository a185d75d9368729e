import type { Grant, GrantFrom, GrantTo } from './grant.ts'
import { distinctTargets } from './explain.ts'
import type { Reference } from './reference.ts'

/**
 * The smallest grants that permit these references: one for each target namespace, naming each target.
 *
 * The grant's name tells what it is for, in characters that an object's name may have: `httproute-from-shop`.
 *
 * @param references references of one object, each into another namespace
 */
export function missingGrants(references: readonly Reference[]): Grant[] {
  const byNamespace = Map.groupBy(distinctTargets(references), ({ to }) => to.namespace)
  return [...byNamespace].map(([namespace, group]) => {
    const [{ from }] = group as [Reference, ...Reference[]]
    const accepted: GrantFrom = { group: from.group, kind: from.kind, namespace: from.namespace }
    const exposed = group.map(({ to }): GrantTo => ({ group: to.group, kind: to.kind, name: to.name }))
    return { namespace, name: `${from.kind.toLowerCase()}-from-${from.namespace}`, from: [accepted], to: exposed }
  })
}
