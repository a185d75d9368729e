import { distance } from './distance.ts'
import { isOneOff } from './likeness.ts'

/** The fields of an entry of each half of a grant. Only `name` is optional. */
export const ENTRY_FIELDS = { from: ['group', 'kind', 'namespace'], to: ['group', 'kind', 'name'] } as const

/** The halves of a grant: which referrers it accepts, and which targets it exposes. */
export const HALVES = ['from', 'to'] as const
export type Half = (typeof HALVES)[number]

/** The longest field that is compared letter by letter, in characters: longer than any that is similar to a known one. */
const LONGEST = 12

/** Returns the field that a misspelt one is similar to; undefined if it is similar to none. */
export function likestField<F extends string>(written: string, fields: readonly F[]): F | undefined {
  if (written.length > LONGEST) return undefined
  const lowerCase = written.toLowerCase()
  return fields.find((one) => isOneOff(lowerCase, one) || distance(lowerCase, one) <= (one.length > 5 ? 2 : 0))
}
