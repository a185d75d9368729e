import type { Coverage } from './coverage.ts'
import { property } from './property.ts'
import type { GroupKind } from './reference.ts'

const PARENTS: readonly GroupKind[] = [
  { group: 'gateway.networking.k8s.io', kind: 'Gateway' },
  { group: 'gateway.networking.k8s.io', kind: 'ListenerSet' },
  { group: 'gateway.networking.x-k8s.io', kind: 'XListenerSet' },
]

/** Whether a grant accepts routes and ListenerSets of Gateway API, and nothing else. */
export function fromChildren(spec: unknown, coverage: Coverage): boolean {
  const from = property(spec, 'from')
  return Array.isArray(from) && from.length > 0 && from.every((entry) => isChild(entry, coverage))
}

function isChild(entry: unknown, coverage: Coverage): boolean {
  const parent = parentIn(entry)
  if (parent) return parent.kind !== 'Gateway'
  const [group, kind] = [property(entry, 'group'), property(entry, 'kind')]
  return typeof group === 'string' && typeof kind === 'string' && coverage.referrer({ group, kind })?.route === true
}

/**
 * Returns the parent kind that an entry of a grant names. Grants do not count for parents: a parent has `allowedRoutes` and
 * `allowedListeners` (godoc of `ParentReference`).
 */
export function parentIn(entry: unknown): GroupKind | undefined {
  const [group, kind] = [property(entry, 'group'), property(entry, 'kind')]
  return PARENTS.find((one) => one.group === group && one.kind === kind)
}
