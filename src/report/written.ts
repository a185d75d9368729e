import type { Grant } from '../policy/grant.ts'
import type { NamedObject } from '../policy/survey.ts'

/** An object that a file holds. */
export interface WrittenObject extends NamedObject {
  readonly file: string
  /** The line where it begins. */
  readonly line: number
  /** The line of a field, such as `spec.rules[0]`. */
  lineOf(field: string): number
}

/** A grant, and the object of a file that it is. */
export interface WrittenGrant<T extends WrittenObject = WrittenObject> {
  readonly grant: Grant
  readonly object: T
}
