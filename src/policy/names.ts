import type { GroupKind } from './reference.ts'

// The names that the API server accepts. Source: Kubernetes, "Object Names and IDs", and the CRD of ReferenceGrant.

/** The name of a namespace: a DNS label. */
export const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** An API group; the core group is "". */
export const GROUP = /^$|^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** A kind. */
export const KIND = /^[a-zA-Z]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/

/** The name of an object of most kinds: a DNS subdomain. */
export const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** The longest name of an object, in characters: a DNS subdomain. */
export const LONGEST_NAME = 253

/** The values that an entry of a ReferenceGrant may have. Only the length of a name is checked. */
export const VALID = { group: GROUP, kind: KIND, namespace: NAMESPACE, name: /^.{1,253}$/su }

/** The groups with kinds whose names need not be DNS names: roles are called `system:node`, and images `web:v1`. */
const OTHER_NAMES = /^rbac\.authorization\.k8s\.io$|\.openshift\.io$/

/** Names that no object of any kind can have, since the name is a part of a path. */
const IMPOSSIBLE_NAME = /[/%]|^\.\.?$/

/**
 * Whether an object of a kind can have a name. A Service has a DNS label; Kubernetes 1.34 and later let it begin with a digit
 * (RelaxedServiceNameValidation).
 */
export function isPossibleName({ group, kind }: GroupKind, name: string): boolean {
  if (OTHER_NAMES.test(group)) return VALID.name.test(name) && !IMPOSSIBLE_NAME.test(name)
  return (group === '' && kind === 'Service' ? NAMESPACE : SUBDOMAIN).test(name)
}

/** The most entries of `from`, and of `to`. */
export const MOST_ENTRIES = 16
