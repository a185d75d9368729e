import type { GroupKind } from './reference.ts'

/** A kind whose objects are grants: they have the shape of a ReferenceGrant, whatever they are called. */
export interface GrantKind extends GroupKind {
  /** Its resource name, by which the API server lists it. */
  readonly plural: string
}

/** The standard's own. Its page announces that it may move to another API group one day. */
export const REFERENCE_GRANT: GrantKind = {
  group: 'gateway.networking.k8s.io',
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
}

/** How grants of a kind are told from those of others; ReferenceGrants, the ordinary ones, by nothing. */
export function resourceOf(kind: GrantKind): string | undefined {
  return kind === REFERENCE_GRANT ? undefined : `${kind.plural}.${kind.group}`
}

/** The kind of grants that an object is of, in whatever version; undefined if it is no grant. */
export function grantKindOf(
  { apiVersion, kind }: { readonly apiVersion?: unknown; readonly kind?: unknown },
  kinds: readonly GrantKind[],
): GrantKind | undefined {
  const group = typeof apiVersion === 'string' ? apiVersion.split('/', 1)[0] : undefined
  return kinds.find((one) => one.kind === kind && one.group === group)
}
