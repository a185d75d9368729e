import type { Grant } from '../policy/grant.ts'
import type { NamedObject } from '../policy/survey.ts'

/** An object of a file. */
export interface WrittenObject extends NamedObject {
  readonly file: string
  /** The first line of the object. */
  readonly line: number
  /** Returns the line of a field, such as `spec.rules[0]`. */
  lineOf(field: string): number
}

/** A grant, and the object it was parsed from. */
export interface WrittenGrant<T extends WrittenObject = WrittenObject> {
  readonly grant: Grant
  readonly object: T
}
