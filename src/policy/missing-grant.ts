import { distinctTargets } from './explain.ts'
import type { Grant } from './grant.ts'
import type { GroupKind, Reference } from './reference.ts'

/** Longest name of an object, in characters (Kubernetes, "Object Names and IDs", DNS subdomain names). */
const LONGEST_NAME = 253

/**
 * The smallest grants that permit these references: each accepts one kind from one namespace and exposes one object.
 * A grant's name tells both, such as `httproute-from-shop-to-service-payments`, so that grants made at different times
 * stand beside each other and none replaces another.
 *
 * @param references references into other namespaces
 */
export function missingGrants(references: readonly Reference[]): Grant[] {
  const byReferrer = Map.groupBy(references, ({ from }) => JSON.stringify([from.group, from.kind, from.namespace]))
  return [...byReferrer.values()].flatMap((group) => distinctTargets(group).map(grantFor))
}

function grantFor({ from, to }: Reference): Grant {
  return {
    namespace: to.namespace,
    name: objectName(`${kindPart(from)}-from-${from.namespace}-to-${kindPart(to)}-${to.name}`),
    from: [{ group: from.group, kind: from.kind, namespace: from.namespace }],
    to: [{ group: to.group, kind: to.kind, name: to.name }],
  }
}

/** The kind, with its group where it is none of the two that nearly all references are between. */
function kindPart({ group, kind }: GroupKind): string {
  return ['', 'gateway.networking.k8s.io'].includes(group) ? kind : `${kind}.${group}`
}

/** A text as an object may be called. Only names that no object can have lose something by it. */
function objectName(text: string): string {
  const allowed = text.toLowerCase().replace(/[^-a-z0-9.]+/g, '-')
  return allowed.slice(0, LONGEST_NAME).replace(/[^a-z0-9]+$/, '')
}
