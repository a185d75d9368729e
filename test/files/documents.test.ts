import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DocumentError, parseObjects } from '../../src/files/documents.ts'

/** The kind and the line of each object. */
const found = (text: string) => parseObjects(text).map(({ object, line }) => [object.kind, line])

suite('the objects of a text, with their lines:', () => {
  test('each document of a stream', () => {
    assert.deepEqual(found('# a comment\n\nkind: A\n---\nkind: B\nspec: {}\n---\n\nkind: C\n...\nkind: D\n'), [
      ['A', 3],
      ['B', 5],
      ['C', 9],
      ['D', 11],
    ])
  })

  test('not documents that are empty', () => {
    assert.deepEqual(found(''), [])
    assert.deepEqual(found('---\n# only a comment\n---\nnull\n---\nkind: A\n---\n'), [['A', 6]])
  })

  test('each item of a list, of whatever kind of list', () => {
    const items = 'items:\n- kind: A\n\n- metadata: {}\n  kind: B\n'
    assert.deepEqual(found(`kind: List\n${items}---\nkind: ReferenceGrantList\n${items}`), [
      ['A', 3],
      ['B', 5],
      ['A', 10],
      ['B', 12],
    ])
    assert.deepEqual(found('kind: List\nitems: []\n'), [])
  })

  test('but an object that only looks like a list is one object', () => {
    assert.deepEqual(found('kind: Shopping\nitems: [{kind: A}]\n'), [['Shopping', 1]])
    assert.deepEqual(found('kind: WhiteList\nitems: none\n'), [['WhiteList', 1]])
  })

  test('JSON', () => {
    assert.deepEqual(found('{\n  "kind": "List",\n  "items": [\n    {"kind": "A"},\n    {"kind": "B"}\n  ]\n}\n'), [
      ['A', 4],
      ['B', 5],
    ])
  })

  test('lines that end as on Windows, behind a byte order mark', () => {
    assert.deepEqual(found('\uFEFFkind: A\r\n---\r\nkind: B\r\n'), [
      ['A', 1],
      ['B', 3],
    ])
  })

  test('anchors, aliases and merge keys mean what they mean to kubectl', () => {
    const [document] = parseObjects('one: &one {a: 1, b: 2}\ntwo: *one\nthree:\n  <<: *one\n  b: 3\n')
    assert.deepEqual(document?.object, { one: { a: 1, b: 2 }, two: { a: 1, b: 2 }, three: { a: 1, b: 3 } })
  })
})

suite('the line of a field', () => {
  const route =
    'kind: A\nspec:\n  rules:\n  - name: first\n  - backendRefs:\n    - name: one\n    - port: 80\n      name: two\n'

  test('is where it is written', () => {
    const [document] = parseObjects(`# a comment\n---\n${route}`)
    assert.equal(document?.lineOf('kind'), 3)
    assert.equal(document?.lineOf('spec.rules[0].name'), 6)
    assert.equal(document?.lineOf('spec.rules[1].backendRefs[1]'), 9)
    assert.equal(document?.lineOf('spec.rules[1].backendRefs[1].name'), 10)
  })

  test('is that of what encloses it where it is not written', () => {
    const [document] = parseObjects(route)
    assert.equal(document?.lineOf('spec.rules[1].backendRefs[1].namespace'), 7)
    assert.equal(document?.lineOf('spec.rules[0].backendRefs[3].name'), 4)
    assert.equal(document?.lineOf('metadata.name'), 1)
  })

  test('counts from the beginning of the text, in lists and later documents too', () => {
    const [, second, third] = parseObjects(
      'kind: List\nitems:\n- spec:\n    x: 1\n- spec:\n    x: 2\n---\nspec:\n  x: 3\n',
    )
    assert.equal(second?.lineOf('spec.x'), 6)
    assert.equal(third?.lineOf('spec.x'), 9)
  })
})

suite('what is no object is an error with its line:', () => {
  const texts: Record<string, [text: string, line: number, says: RegExp]> = {
    'a bracket that is not closed': ['kind: A\nspec: [\n\nmore: 1\n', 4, /end with a \]/],
    'a tab': ['kind: A\n---\nspec:\n\tx: 1\n', 4, /Tabs are not allowed/],
    'a key given twice': ['kind: A\n---\nkind: B\nspec: {}\nkind: C\n', 5, /keys must be unique/],
    'an alias without its anchor': ['kind: A\n---\nspec: *none\n', 3, /none/],
    'aliases that multiply without end': [
      `kind: A\n---\na0: &a0 [x]\n${Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]\n`).join('')}`,
      9,
      /^aliases stand for more than 1000000 values up to here$/,
    ],
    'a list': ['kind: A\n---\n\n- kind: B\n', 4, /^this document is no object$/],
    'a word': ['kind\n', 1, /^this document is no object$/],
  }
  for (const [title, [text, line, says]] of Object.entries(texts)) {
    test(title, () => {
      assert.throws(
        () => parseObjects(text),
        (error) => {
          assert.ok(error instanceof DocumentError)
          assert.equal(error.line, line)
          assert.match(error.message, says)
          assert.doesNotMatch(error.message, /\n|at line \d/)
          return true
        },
      )
    })
  }
})
