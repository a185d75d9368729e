import type { GroupKind } from './reference.ts'

/** The kinds of parents that make a route serve a mesh (GEP-1294, GEP-1748). */
const MESH_PARENTS: readonly GroupKind[] = [
  { group: '', kind: 'Service' },
  { group: 'multicluster.x-k8s.io', kind: 'ServiceImport' },
]

/** The defaults of `group` and `kind` in a parent reference (godoc of `ParentReference`). */
const DEFAULT_PARENT: GroupKind = { group: 'gateway.networking.k8s.io', kind: 'Gateway' }

/**
 * Whether an object is a route that serves only a mesh, whose backends need no grant: every parent is a Service or a
 * ServiceImport, there is at least one, and the route does not attach to default Gateways.
 *
 * Source: GEP-1294, which permits such routes to use backends in any namespace without a ReferenceGrant.
 */
export function isMeshRoute(object: unknown): boolean {
  const spec = (object as { spec?: { parentRefs?: unknown; useDefaultGateways?: unknown } } | null)?.spec
  const parents = spec?.parentRefs
  if (!Array.isArray(parents) || parents.length === 0) return false
  // Unset or None: not attached to a default Gateway (godoc of `CommonRouteSpec`). Any other value may attach the route.
  const attaches = (spec?.useDefaultGateways ?? 'None') !== 'None'
  if (attaches) return false
  return parents.every(isMeshParent)
}

function isMeshParent(parent: Partial<GroupKind> | null): boolean {
  const group = parent?.group ?? DEFAULT_PARENT.group
  const kind = parent?.kind ?? DEFAULT_PARENT.kind
  return MESH_PARENTS.some((mesh) => mesh.group === group && mesh.kind === kind)
}
