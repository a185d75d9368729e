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

/** What an entry of a ReferenceGrant may say. Of a name only the length is looked at. */
export const TAKEN = { group: GROUP, kind: KIND, namespace: NAMESPACE, name: /^.{1,253}$/su }

/** What no object of any kind is called: a part of the path of a request. */
export const IMPOSSIBLE_NAME = /[/%]|^\.\.?$/

/** Most entries of `from`, and of `to`. */
export const MOST_ENTRIES = 16
