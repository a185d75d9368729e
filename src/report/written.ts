import type { Place, Span } from '../policy/finding.ts'
import type { Grant } from '../policy/grant.ts'
import type { NamedObject } from '../policy/survey.ts'

/** An object of a file. */
export interface WrittenObject extends NamedObject {
  readonly file: string
  /** Returns where a field such as `spec.rules[0]` is; the whole object for ''. */
  spanOf(field: string): Span
}

/** Returns the place of a field of an object. */
export function placeOf(object: WrittenObject, field: string): Place {
  return { file: object.file, ...object.spanOf(field) }
}

/** A grant, and the object it was parsed from. */
export interface WrittenGrant<T extends WrittenObject = WrittenObject> {
  readonly grant: Grant
  readonly object: T
}
