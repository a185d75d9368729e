/**
 * What to keep of a JSON value:
 * - `'whole'`: the value as it is;
 * - `'measure'`: its Measure, and nothing of the value;
 * - an object: of an object, the values of these names, each by its own shape; of anything else, nothing;
 * - a list of one shape: of a list, each element by this shape, handed out as it ends; in its place, how many there were.
 *   `null` counts as a list without elements; of anything else, nothing.
 *
 * A shape holds one such list at most, not within another. What is not named is skipped.
 */
export type Shape = 'whole' | 'measure' | readonly [Shape] | { readonly [name: string]: Shape }

/** How large a value is. */
export interface Measure {
  /** Length of its text, in bytes. */
  readonly bytes: number
  /** Objects, lists and scalars in it, itself included. */
  readonly values: number
  /** Objects and lists within each other at the deepest place: 0 for a scalar. */
  readonly nesting: number
}

/** A part of a shape, with what is kept of the current value there. */
export interface Part {
  readonly kind: 'whole' | 'measure' | 'fields' | 'list'
  readonly fields: ReadonlyMap<string, Part>
  /** The shape of each element. */
  readonly element: Part | undefined
  /** Whether it is a list whose elements are handed out, or holds one. */
  readonly handsOut: boolean
  /** The parts that are kept whole of the same element, or of the document apart from its elements. */
  readonly scope: Part[]
  /** Whether there is something to keep. */
  present: boolean
  value: unknown
  /** Length of the text of a value that is kept whole, in bytes. */
  bytes: number
  /** Whether a value was dropped for its size. */
  dropped: boolean
}

const NONE: ReadonlyMap<string, Part> = new Map()
const EMPTY = { present: false, value: undefined as unknown, bytes: 0, dropped: false }

/** @throws TypeError for a shape with more than one list, or one within another */
export function partOf(shape: Shape, scope: Part[]): Part {
  const part = { fields: NONE, element: undefined, handsOut: false, scope, ...EMPTY }
  if (shape === 'measure') return { ...part, kind: shape }
  if (shape === 'whole') {
    const whole: Part = { ...part, kind: shape }
    scope.push(whole)
    return whole
  }
  if (isList(shape)) {
    const element = partOf(shape[0], [])
    if (element.handsOut) throw new TypeError('a shape may not have a list within a list')
    return { ...part, kind: 'list', element, handsOut: true }
  }
  const fields = new Map(Object.entries(shape).map(([name, inner]) => [name, partOf(inner, scope)]))
  const lists = [...fields.values()].filter(({ handsOut }) => handsOut).length
  if (lists > 1) throw new TypeError('a shape may not have two lists')
  return { ...part, kind: 'fields', fields, handsOut: lists === 1 }
}

/** The longest name in a shape, in UTF-16 units. */
export function longestName({ fields, element }: Part): number {
  const names = [...fields].flatMap(([name, part]) => [name.length, longestName(part)])
  return Math.max(0, element ? longestName(element) : 0, ...names)
}

/** Forgets what is kept there and within. */
export function clear(part: Part): void {
  part.present = false
  part.value = undefined
  part.bytes = 0
  part.dropped = false
  for (const inner of part.fields.values()) clear(inner)
}

/** What is kept there; undefined if that is nothing. */
export function kept({ present, kind, fields, value }: Part): unknown {
  if (kind !== 'fields' || !present) return value
  const entries: [string, unknown][] = []
  for (const [name, inner] of fields) if (inner.present) entries.push([name, kept(inner)])
  return Object.fromEntries(entries)
}

/** Whether nothing was dropped of what a part and those of its element or document keep. */
export function isWhole({ scope }: Part): boolean {
  return scope.every(({ dropped }) => !dropped)
}

/** Drops the largest values until the rest has no more than so many bytes. */
export function trim(scope: readonly Part[], most: number): void {
  let total = scope.reduce((sum, { bytes }) => sum + bytes, 0)
  while (total > most) {
    const largest = scope.reduce((a, b) => (b.bytes > a.bytes ? b : a))
    total -= largest.bytes
    clear(largest)
    largest.dropped = true
  }
}

const isList = (shape: readonly [Shape] | { readonly [name: string]: Shape }): shape is readonly [Shape] =>
  Array.isArray(shape)
