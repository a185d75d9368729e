import type { GroupKind } from './reference.ts'

/** The parents whose routes carry traffic inside a mesh (GEP-1294, GEP-1748). */
const MESH_PARENTS: readonly GroupKind[] = [
  { group: '', kind: 'Service' },
  { group: 'multicluster.x-k8s.io', kind: 'ServiceImport' },
]

/** What an absent `group` or `kind` of a parent reference means (godoc of `ParentReference`). */
const DEFAULT_PARENT: GroupKind = { group: 'gateway.networking.k8s.io', kind: 'Gateway' }

/**
 * Whether an object is a route for a mesh only, whose backends need no grant: it has parents, all of them Services or
 * ServiceImports, and does not ask for the default Gateways. One other parent makes it an ordinary route.
 *
 * Source: GEP-1294, which lets the backends of such routes be in any namespace without a ReferenceGrant.
 */
export function isMeshRoute(object: unknown): boolean {
  const spec = (object as { spec?: { parentRefs?: unknown; useDefaultGateways?: unknown } } | null)?.spec
  const parents = spec?.parentRefs
  if (!Array.isArray(parents) || parents.length === 0) return false
  // Unset or None: attached to no default Gateway (godoc of `CommonRouteSpec`). Whatever else is written may attach.
  const attaches = (spec?.useDefaultGateways ?? 'None') !== 'None'
  if (attaches) return false
  return parents.every(isMeshParent)
}

function isMeshParent(parent: Partial<GroupKind> | null): boolean {
  const group = parent?.group ?? DEFAULT_PARENT.group
  const kind = parent?.kind ?? DEFAULT_PARENT.kind
  return MESH_PARENTS.some((mesh) => mesh.group === group && mesh.kind === kind)
}
