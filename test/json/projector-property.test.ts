import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NUMBERED } from '../../src/json/bytes.ts'
import { type Measure, Measured, type Shape } from '../../src/json/shape.ts'
import { project } from './projector.ts'

const NOTHING = Symbol('nothing is kept')
const NAMES = ['a', 'b', '', '34', '__proto__', 'ä\n"\\', 'metadata']

/** Returns what a shape keeps of a parsed value, by definition; elements of its list go to `elements`. */
function pick(value: unknown, shape: Shape, elements: unknown[]): unknown {
  if (shape === 'whole') return value
  if (shape === 'measure') return measure(value)
  if (shape instanceof Measured) {
    const kept = pick(value, shape.fields, elements)
    return { ...measure(value), kept: kept === NOTHING ? {} : kept }
  }
  if (Array.isArray(shape)) {
    if (value === null) return 0
    if (!Array.isArray(value)) return NOTHING
    for (const element of value) elements.push(absent(pick(element, shape[0] as Shape, elements)))
    return value.length
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return NOTHING
  const inner = Object.entries(shape)
    .filter(([name]) => Object.hasOwn(value, name))
    .map(([name, of]) => [name, pick((value as Record<string, unknown>)[name], of, elements)] as const)
  return Object.fromEntries(inner.filter(([, kept]) => kept !== NOTHING))
}

const absent = (kept: unknown) => (kept === NOTHING ? undefined : kept)

/** The measure of a value that is written without spaces, as most texts here are. */
function measure(value: unknown): Measure {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const inner = entries.map(([, one]) => measure(one))
  const isNumbered = ([name]: [string, unknown]) => !Array.isArray(value) && /^"[\d\\]/.test(JSON.stringify(name))
  const container = typeof value === 'object' && value !== null ? 1 : 0
  return {
    bytes: Buffer.byteLength(JSON.stringify(value)),
    values: 1 + inner.reduce((sum, { values }) => sum + values, 0) + NUMBERED * entries.filter(isNumbered).length,
    nesting: container + Math.max(0, ...inner.map(({ nesting }) => nesting)),
  }
}

const name = fc.oneof(fc.constantFrom(...NAMES), fc.string({ unit: 'binary' }))
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, -0.5, 1e300, '', '\\', '"\\"', '\\\\'),
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
}))
const { shape, plain } = fc.letrec<{ shape: Shape; plain: Shape }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Shape>('whole', 'measure', new Measured({ a: 'whole', metadata: { b: 'whole' } })),
    fc.array(fc.tuple(fc.constantFrom(...NAMES), tie('plain')), { maxLength: 4 }).map(fieldsOf),
  ),
  shape: fc.oneof(
    { maxDepth: 3 },
    tie('plain'),
    tie('plain').map((element): Shape => [element]),
    fc
      .tuple(
        fc.array(fc.tuple(fc.constantFrom(...NAMES), tie('plain')), { maxLength: 3 }),
        fc.constantFrom(...NAMES),
        tie('shape'),
      )
      .map(([entries, name, list]) => fieldsOf([...entries, [name, list]])),
  ),
}))

function fieldsOf(entries: readonly (readonly [string, Shape])[]): Shape {
  return Object.fromEntries(entries)
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 })
/** Writes every unit of every string and name as an escape. */
const escaped = (text: string) =>
  text.replaceAll(/"(?:[^"\\]|\\.)*"/g, (string) => {
    const units = (JSON.parse(string) as string).split('')
    return `"${units.map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
  })

test('the result equals that of JSON.parse and a selection, for any document, shape and chunks', () => {
  fc.assert(
    fc.property(value, shape, sizes, (document, shape, sizes) => {
      const text = JSON.stringify(document)
      const parsed: unknown = JSON.parse(text)
      const elements: unknown[] = []
      const kept = absent(pick(parsed, shape, elements))
      assert.deepEqual(project(text, shape, { sizes }), {
        elements: elements.map((kept) => ({ kept, whole: true })),
        documents: [{ kept, whole: true, measure: measure(parsed) }],
      })
    }),
    { numRuns: 2_000 },
  )
})

test('spaces and escapes change only the lengths, and escapes which names may be numbers', () => {
  fc.assert(
    fc.property(value, plain, sizes, fc.boolean(), (document, shape, sizes, escapes) => {
      const written = (text: string) => (escapes ? escaped(text) : text)
      const [read] = project(written(JSON.stringify(document, undefined, '\t\r\n ')), shape, { sizes }).documents
      const [plainly] = project(JSON.stringify(document), shape).documents
      assert.deepEqual(withoutSizes(read?.kept), withoutSizes(plainly?.kept))
      const [compact] = project(written(JSON.stringify(document)), shape).documents
      assert.equal(read?.measure.values, compact?.measure.values)
      assert.equal(read?.measure.nesting, plainly?.measure.nesting)
    }),
    { numRuns: 1_000 },
  )
})

test('a bound keeps small values, in chunks of any size, and reports when a value is dropped', () => {
  const wholes: Shape = { a: 'whole', b: { a: 'whole', b: 'whole' }, metadata: 'whole' }
  fc.assert(
    fc.property(value, fc.integer({ min: 0, max: 60 }), sizes, (inner, most, sizes) => {
      const text = JSON.stringify({ a: inner, b: { b: 'small', a: inner }, metadata: inner })
      const all = pick(JSON.parse(text), wholes, [])
      const [bounded] = project(text, wholes, { most, sizes }).documents
      assert.deepEqual(bounded, project(text, wholes, { most }).documents[0])
      const bytes = (kept: unknown) => leaves(kept).reduce<number>((sum, leaf) => sum + measure(leaf).bytes, 0)
      assert.ok(bytes(bounded?.kept) <= most)
      assert.equal(bounded?.whole, bytes(all) <= most)
      if (bounded?.whole) assert.deepEqual(bounded.kept, all)
    }),
    { numRuns: 1_000 },
  )
})

test('a changed or missing byte gives an error or a value of the text', () => {
  const shape: Shape = { a: 'whole', metadata: { b: 'whole' } }
  fc.assert(
    fc.property(value, fc.nat(), fc.integer({ min: 0, max: 255 }), sizes, (inner, place, byte, sizes) => {
      const bytes = Buffer.from(JSON.stringify({ a: inner, metadata: { b: inner, a: inner } }))
      bytes[place % bytes.length] = byte
      const parsed = attempt(() => pick(JSON.parse(bytes.toString()), shape, []))
      const projected = attempt(() => project(bytes, shape, { sizes }).documents[0]?.kept)
      // Only skipped scalars may be malformed.
      if (parsed !== undefined) assert.deepEqual(projected, parsed)
    }),
    { numRuns: 2_000 },
  )
})

function attempt(read: () => unknown): unknown {
  try {
    return absent(read())
  } catch {
    return undefined
  }
}

/** The `whole` values of the shape in the test of the bound. */
function leaves(kept: unknown): unknown[] {
  const { b, ...others } = kept as Record<string, object>
  return [...Object.values(others), ...Object.values(b ?? {})]
}

function withoutSizes(kept: unknown): unknown {
  return JSON.parse(JSON.stringify(kept ?? null), (name, value) => (['bytes', 'values'].includes(name) ? 0 : value))
}
