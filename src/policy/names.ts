// The names that the API server accepts. Source: Kubernetes, "Object Names and IDs", and the CRD of ReferenceGrant.

/** The name of a namespace: a DNS label. */
export const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** An API group; the core group is "". */
export const GROUP = /^$|^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** A kind. */
export const KIND = /^[a-zA-Z]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/

/** The longest name of an object, in characters: a DNS subdomain. */
export const LONGEST_NAME = 253
