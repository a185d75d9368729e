import type { GroupKind, Reference } from './reference.ts'

/** A kind whose objects are grants: they have the shape of a ReferenceGrant, whatever they are called. */
export interface GrantKind extends GroupKind {
  /** Its resource name, by which the API server lists it. */
  readonly plural: string
  /** The version that is read and printed; without it, the one that the group prefers is read, and v1 is printed. */
  readonly version?: string
  /** What its entries call the core group, beside the empty text. */
  readonly coreGroup?: string
  /** The group that its entries in `from` mean, where they have none. */
  readonly fromGroup?: string
}

/** The standard's own. Its page announces that it may move to another API group one day. */
export const REFERENCE_GRANT: GrantKind = {
  group: 'gateway.networking.k8s.io',
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
}

/**
 * Its versions, which are known to have one shape, the best first; v1beta1 is served by every release since v0.6.
 */
export const VERSIONS: readonly string[] = ['v1', 'v1beta1', 'v1alpha2']

const USUAL: readonly GrantKind[] = [REFERENCE_GRANT]

/** The kinds of grants that may permit a reference, the usual one first. */
export function grantKindsFor({ grantKinds = USUAL }: Pick<Reference, 'grantKinds'>): readonly GrantKind[] {
  return grantKinds
}

/** The kind of grants that a person is told to make for a reference. */
export function grantKindFor(reference: Reference): GrantKind {
  return grantKindsFor(reference)[0] ?? REFERENCE_GRANT
}

/** How grants of a kind are told from those of others; ReferenceGrants, the ordinary ones, by nothing. */
export function resourceOf(kind: GrantKind): string | undefined {
  return kind === REFERENCE_GRANT ? undefined : `${kind.plural}.${kind.group}`
}

/** The kind of a grant that was read or made as one of these kinds. */
export function kindOf(
  { resource }: { readonly resource?: string | undefined },
  kinds: readonly GrantKind[],
): GrantKind {
  return kinds.find((kind) => resourceOf(kind) === resource) ?? REFERENCE_GRANT
}

/** The kind of grants that an object is of, in whatever version; undefined if it is not a grant. */
export function grantKindOf(
  { apiVersion, kind }: { readonly apiVersion?: unknown; readonly kind?: unknown },
  kinds: readonly GrantKind[],
): GrantKind | undefined {
  const group = typeof apiVersion === 'string' ? apiVersion.split('/', 1)[0] : undefined
  return kinds.find((one) => one.kind === kind && one.group === group)
}
