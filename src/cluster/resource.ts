import type { Shape } from '../json/shape.ts'

/** What an API server serves under one name: where it is, and how its objects are read. */
export interface Resource<T> {
  readonly group: string
  readonly kind: string
  /** Its name in paths. */
  readonly plural: string
  readonly scope: 'Namespaced' | 'Cluster'
  /** The versions in which it can be read, the best first; undefined for any that its group has. */
  readonly versions: readonly string[] | undefined
  /** What is kept of each object, its name and namespace among it. */
  readonly shape: { readonly [field: string]: Shape; readonly metadata: { readonly [field: string]: Shape } }
  /** Most that is kept of one object, in bytes of its JSON. */
  readonly most: number
  /** Reads what was kept of an object; undefined if that names no object. */
  parse(object: unknown): T | undefined
}

/** An object by its name; the namespace of one that belongs to none is empty. */
export interface Name {
  readonly namespace: string
  readonly name: string
}

/** The name of a resource with its group, as kubectl takes it. */
export function nameOf({ group, plural }: Pick<Resource<unknown>, 'group' | 'plural'>): string {
  return group === '' ? plural : `${plural}.${group}`
}
