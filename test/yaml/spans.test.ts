import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseObjects } from '../../src/yaml/objects.ts'

/** A text, a field of its last object, and the part of the text that is the field. */
const parts: [title: string, text: string, field: string, part: string][] = [
  ['a scalar', 'kind: A\nspec:\n  a: text # comment\n', 'spec.a', 'text'],
  ['a string in quotes', 'kind: A\nspec: {a: "a \\" b" }\n', 'spec.a', '"a \\" b"'],
  ['an object without braces', 'kind: A\nspec:\n  - b: 1\n    c: 2 # last\n# behind\n', 'spec[0]', 'b: 1\n    c: 2'],
  ['an object in braces', 'kind: A\nspec: [ {b: 1, c: [2] } , 3]\n', 'spec[0]', '{b: 1, c: [2] }'],
  ['a list without brackets', 'kind: A\nspec:\n- 1\n- 2\n\nz: 1\n', 'spec', '- 1\n- 2'],
  ['a list that ends in a list', 'kind: A\nspec:\n- - 1\n  - 2\nz: 1\n', 'spec', '- - 1\n  - 2'],
  ['an absent value', 'kind: A\nspec:\n  a:\n  b: 1\n', 'spec.a', 'a'],
  ['an absent field', 'kind: A\nspec:\n  b: 1\nz: 1\n', 'spec.a.c', 'b: 1'],
  ['a string of several lines', 'kind: A\nspec: |\n  a\n  b\n\nz: 1\n', 'spec', '|\n  a\n  b'],
  ['an anchor', 'kind: A\nz: &z {b: 1}\nspec: *z\n', 'z', '{b: 1}'],
  ['an alias', 'kind: A\nz: &z {b: 1}\nspec: *z\n', 'spec', '*z'],
  ['a field of an alias, which is at its anchor', 'kind: A\nz: &z {b: 1}\nspec: *z\n', 'spec.b', '1'],
  ['a merged field', 'kind: A\nz: &z {b: 1, c: 2}\nspec:\n  <<: *z\n  c: 3\n', 'spec.b', '1'],
  ['a field beside a merge', 'kind: A\nz: &z {b: 1, c: 2}\nspec:\n  <<: *z\n  c: 3\n', 'spec.c', '3'],
  ['an object with a merge', 'kind: A\nz: &z {b: 1}\nspec:\n  - <<: *z\n', 'spec[0]', '<<: *z'],
  ['Windows line ends', 'kind: A\r\nspec:\r\n  - b: 1\r\n    c: 2\r\n', 'spec[0].c', '2'],
  ['a part over Windows line ends', 'kind: A\r\nspec:\r\n  - b: 1\r\n    c: 2\r\n', 'spec[0]', 'b: 1\r\n    c: 2'],
  ['a later document', 'kind: A\n---\nkind: B\nspec: {a: 1}\n', 'spec.a', '1'],
  ['a comment before it', '# one\n--- # two\n# three\nkind: B # four\nspec:\n  # five\n  a: 1\n', 'spec', 'a: 1'],
  ['an item of a list', 'kind: List\nitems:\n- kind: A\n  spec: {a: 1}\n', 'spec.a', '1'],
  ['JSON', '{"kind": "A",\n "spec": {"a": [1, {"b": 2}]}}\n', 'spec.a[1]', '{"b": 2}'],
  ['the second object of a line of JSON', '{"kind":"A"} {"kind":"A","spec":{"a":"x"}}', 'spec.a', '"x"'],
  ['characters of two units', 'kind: A\nspec: {"𝒳": 1, a: "𝒳", b: 7}\n', 'spec.b', '7'],
  ['a tag', 'kind: A\nspec:\n  a: !!str 1\n', 'spec.a', '1'],
  ['a key with a question mark', 'kind: A\nspec:\n  ? a\n  : b\n', 'spec.a', 'b'],
  ['the whole object', '# one\nkind: A\nspec: 1\n\n# behind\n', '', 'kind: A\nspec: 1'],
  ['the whole item', 'kind: List\nitems:\n- kind: A\n  spec: 1\n- kind: B\n', '', 'kind: B'],
]

/** Returns a part of a text by its lines and columns. */
function cut(text: string, { line, column, endLine, endColumn }: ReturnType<typeof spanIn>): string {
  const lines = text.split('\n')
  const offset = (row: number, col: number) =>
    lines.slice(0, row - 1).reduce((sum, one) => sum + one.length + 1, col - 1)
  return text.slice(offset(line, column), offset(endLine, endColumn))
}

const spanIn = (text: string, field: string) => {
  const object = parseObjects(text).at(-1)
  assert.ok(object)
  return object.spanOf(field)
}

suite('a field is found in its text:', () => {
  for (const [title, text, field, part] of parts)
    test(title, () => {
      assert.equal(cut(text, spanIn(text, field)), part)
    })

  test('in many megabytes', () => {
    const filler = `kind: A\nspec: ["${'x'.repeat(1_000)}"]\n---\n`.repeat(11_000)
    const text = `${filler}kind: B\nspec:\n  - a: here\n`
    assert.ok(text.length > 10 * 1024 * 1024)
    const span = spanIn(text, 'spec[0].a')
    assert.deepEqual(span, { line: 33_003, column: 8, endLine: 33_003, endColumn: 12 })
  })
})
