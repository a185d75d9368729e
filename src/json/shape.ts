/**
 * What to keep of a JSON value:
 * - `'whole'`: the value itself;
 * - `'measure'`: only its Measure;
 * - `new Measured(fields)`: its Measure, and in `kept` the values with these names;
 * - an object: the values with these names, each by its own shape; nothing if the value is not an object;
 * - a list of one shape: the number of elements; each element is passed on, by this shape, when it ends. `null` counts
 *   as a list without elements; nothing if the value is not a list.
 *
 * A shape has at most one list, which must not contain another. Everything else is skipped.
 */
export type Shape = 'whole' | 'measure' | readonly [Shape] | Fields | Measured

interface Fields {
  readonly [name: string]: Shape
}

interface WholeFields {
  readonly [name: string]: 'whole' | WholeFields
}

/** The shape of a value that is measured, and of which some fields are kept. */
export class Measured {
  readonly #fields: WholeFields

  constructor(fields: WholeFields) {
    this.#fields = fields
  }

  get fields(): WholeFields {
    return this.#fields
  }
}

/** The size of a value. */
export interface Measure {
  /** Length of its text, in bytes. */
  readonly bytes: number
  /** The number of objects, lists and scalars in it, including itself, where some count several times (see Scanner). */
  readonly values: number
  /** The deepest nesting of objects and lists: 0 for a scalar. */
  readonly nesting: number
  /** What is kept of the value, if its shape is `Measured`. */
  readonly kept?: unknown
}

/** A part of a shape, with what is kept of its current value. */
export interface Part {
  readonly kind: 'whole' | 'measure' | 'fields' | 'list'
  readonly fields: ReadonlyMap<string, Part>
  /** The shape of each element. */
  readonly element: Part | undefined
  /** Whether it is or contains the list whose elements are passed on. */
  readonly handsOut: boolean
  /** The `whole` parts of the same element, or of the document without its elements. */
  readonly scope: Part[]
  /** Whether the current document or element has a value for this part. */
  present: boolean
  value: unknown
  /** The length of the text of a `whole` value, in bytes. */
  bytes: number
  /** Whether the value was dropped for its size. */
  dropped: boolean
}

const NONE: ReadonlyMap<string, Part> = new Map()
const EMPTY = { present: false, value: undefined as unknown, bytes: 0, dropped: false }

/** @throws TypeError for a shape with more than one list, or with a list within a list */
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
    if (element.handsOut) throw new TypeError('a shape must not have a list within a list')
    return { ...part, kind: 'list', element, handsOut: true }
  }
  const isMeasured = shape instanceof Measured
  const fields = fieldsOf(isMeasured ? shape.fields : shape, scope)
  const lists = [...fields.values()].filter(({ handsOut }) => handsOut).length
  if (lists > 1) throw new TypeError('a shape must not have two lists')
  return { ...part, kind: isMeasured ? 'measure' : 'fields', fields, handsOut: lists === 1 }
}

const fieldsOf = (fields: Fields, scope: Part[]): Part['fields'] =>
  new Map(Object.entries(fields).map(([name, inner]) => [name, partOf(inner, scope)]))

/** Returns the length of the longest name in a shape, in UTF-16 units. */
export function longestName({ fields, element }: Part): number {
  const names = [...fields].flatMap(([name, part]) => [name.length, longestName(part)])
  return Math.max(0, element ? longestName(element) : 0, ...names)
}

/** Removes the values of a part and of the parts in it. */
export function clear(part: Part): void {
  part.present = false
  part.value = undefined
  part.bytes = 0
  part.dropped = false
  for (const inner of part.fields.values()) clear(inner)
}

/** Returns the kept value of a part; undefined if nothing was kept. */
export function kept({ present, kind, fields, value }: Part): unknown {
  if (!present || (kind !== 'fields' && fields.size === 0)) return value
  const entries: [string, unknown][] = []
  for (const [name, inner] of fields) if (inner.present) entries.push([name, kept(inner)])
  const values = Object.fromEntries(entries)
  return kind === 'measure' ? { ...(value as Measure), kept: values } : values
}

/** Whether all values of the part's element or document were kept. */
export function isWhole({ scope }: Part): boolean {
  return scope.every(({ dropped }) => !dropped)
}

/** Drops the largest values until the rest has at most `most` bytes. */
export function trim(scope: readonly Part[], most: number): void {
  let total = scope.reduce((sum, { bytes }) => sum + bytes, 0)
  while (total > most) {
    const largest = scope.reduce((a, b) => (b.bytes > a.bytes ? b : a))
    total -= largest.bytes
    clear(largest)
    largest.dropped = true
  }
}

const isList = (shape: readonly [Shape] | Fields | Measured): shape is readonly [Shape] => Array.isArray(shape)
