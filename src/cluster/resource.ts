import type { Shape } from '../json/shape.ts'

/** A resource of the API server: its names and versions, and how to read its objects. */
export interface Resource<T> {
  readonly group: string
  readonly kind: string
  /** Its name in paths. */
  readonly plural: string
  readonly scope: 'Namespaced' | 'Cluster'
  /** The supported versions, the best first; undefined for any version of its group. */
  readonly versions: readonly string[] | undefined
  /** What to keep of each object, including its name and namespace. */
  readonly shape: { readonly [field: string]: Shape; readonly metadata: { readonly [field: string]: Shape } }
  /** The most to keep of one object, in bytes of its JSON. */
  readonly most: number
  /** Reads what was kept of an object. Returns undefined if it does not have a name. */
  parse(object: unknown): T | undefined
}

/** The name of an object. The namespace of a cluster-scoped object is empty. */
export interface Name {
  readonly namespace: string
  readonly name: string
}

/** Returns the name of a resource with its group, as kubectl accepts it. */
export function nameOf({ group, plural }: Pick<Resource<unknown>, 'group' | 'plural'>): string {
  return group === '' ? plural : `${plural}.${group}`
}
