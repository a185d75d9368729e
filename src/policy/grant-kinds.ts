import type { GroupKind, Reference } from './reference.ts'

/** A kind whose objects are grants: they have the shape of a ReferenceGrant. */
export interface GrantKind extends GroupKind {
  /** The resource name, in paths of the API server. */
  readonly plural: string
  /** The short names by which kubectl knows the resource. */
  readonly shortNames?: readonly string[]
  /** The version to read and print; default: the preferred version of the group to read, and v1 to print. */
  readonly version?: string
  /** The name of the core group in its entries, in addition to `""`. */
  readonly coreGroup?: string
  /** The group of its entries in `from`, if they do not have one. */
  readonly fromGroup?: string
}

/** The kind of Gateway API. It may move to another API group (Gateway API, ReferenceGrant). */
export const REFERENCE_GRANT: GrantKind = {
  group: 'gateway.networking.k8s.io',
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
  shortNames: ['refgrant'],
}

/** The old name of ReferenceGrant, up to Gateway API v0.5. Its objects permit nothing. */
export const REFERENCE_POLICY: GrantKind = {
  group: 'gateway.networking.k8s.io',
  kind: 'ReferencePolicy',
  plural: 'referencepolicies',
  version: 'v1alpha2',
}

/** The versions of ReferenceGrant, the best first. All have the same shape; every release since v0.6 serves v1beta1. */
export const VERSIONS: readonly string[] = ['v1', 'v1beta1', 'v1alpha2']

/** The versions of kinds of grants that a cluster serves. */
export type Versions = ReadonlyMap<GrantKind, string>

const USUAL: readonly GrantKind[] = [REFERENCE_GRANT]

/**
 * Returns the `apiVersion` to write: v1beta1 of ReferenceGrant, which every release of Gateway API since v0.6 serves.
 *
 * @param version the version that a cluster serves, if it is known
 */
export function apiVersionOf(kind: GrantKind, version = kind.version): string {
  return `${kind.group}/${version ?? (kind === REFERENCE_GRANT ? 'v1beta1' : 'v1')}`
}

/** Returns the kinds of grants that may permit a reference, the preferred one first. */
export function grantKindsFor({ grantKinds = USUAL }: Pick<Reference, 'grantKinds'>): readonly GrantKind[] {
  return grantKinds
}

/** Returns the kind of grant that messages suggest for a reference. */
export function grantKindFor(reference: Pick<Reference, 'grantKinds'>): GrantKind {
  return grantKindsFor(reference)[0] ?? REFERENCE_GRANT
}

/** Returns the resource that identifies the grants of a kind; undefined for ReferenceGrant. */
export function resourceOf(kind: GrantKind): string | undefined {
  return kind === REFERENCE_GRANT ? undefined : `${kind.plural}.${kind.group}`
}

/** Returns the kind of a grant, by its resource. */
export function kindOf(
  { resource }: { readonly resource?: string | undefined },
  kinds: readonly GrantKind[],
): GrantKind {
  return kinds.find((kind) => resourceOf(kind) === resource) ?? REFERENCE_GRANT
}

/** Whether a kind is one of grants, or has a name as if it were: ReferencePolicy, or the kind of another project. */
export function isGrantLike({ group, kind }: GroupKind, kinds: readonly GrantKind[]): boolean {
  return /Reference(Grant|Policy)s?$/i.test(kind) || kinds.some((one) => one.group === group && one.kind === kind)
}

/** Returns the grant kind of an object, whatever its version; undefined if the object is not a grant. */
export function grantKindOf(
  { apiVersion, kind }: { readonly apiVersion?: unknown; readonly kind?: unknown },
  kinds: readonly GrantKind[],
): GrantKind | undefined {
  const group = typeof apiVersion === 'string' ? apiVersion.split('/', 1)[0] : undefined
  return kinds.find((one) => one.kind === kind && one.group === group)
}
