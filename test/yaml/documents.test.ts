import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decoded } from '../../src/files/text.ts'
import { DocumentError, parseDocuments } from '../../src/yaml/documents.ts'
import { parseObjects } from '../../src/yaml/objects.ts'

/** The value of a text of one document. */
const value = (text: string) => {
  const documents = parseDocuments(text)
  assert.equal(documents.length, 1)
  return documents[0]?.value
}

/** The kind and the line of each object. */
const found = (text: string) => parseObjects(text).map(({ object, line }) => [object.kind, line])

suite('the objects of a text, with their lines:', () => {
  test('each document of a stream', () => {
    assert.deepEqual(found('# a comment\n\nkind: A\n---\nkind: B\nspec: {}\n---\n\nkind: C\n...\n'), [
      ['A', 3],
      ['B', 5],
      ['C', 9],
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

  test('lists in lists, and any kind that has items; what has none is one object', () => {
    assert.deepEqual(found('kind: Shopping\nitems:\n- kind: A\n- kind: B\n  items:\n  - kind: C\n'), [
      ['A', 3],
      ['C', 6],
    ])
    assert.deepEqual(found('kind: WhiteList\nitems: none\n'), [['WhiteList', 1]])
  })

  test('an item that says nothing of itself is of the kind that the list is named after', () => {
    const objects = parseObjects('apiVersion: g/v1\nkind: RouteList\nitems:\n- metadata: {name: a}\n- kind: Other\n')
    assert.deepEqual(
      objects.map(({ object }) => [object.apiVersion, object.kind]),
      [
        ['g/v1', 'Route'],
        [undefined, 'Other'],
      ],
    )
    assert.equal(objects[0]?.lineOf('metadata.name'), 4)
  })

  test('not documents that are no objects of Kubernetes', () => {
    assert.deepEqual(found('- a\n---\nword\n---\nreplicas: 2\n---\nkind: 5\n---\nkind: A\n'), [['A', 9]])
  })

  test('JSON, one after the other', () => {
    assert.deepEqual(found('{"kind":"A"}{"kind":"B"}\n{\n"kind":"C"}\n\nnull 5 "x" []\n{"kind": "D"}'), [
      ['A', 1],
      ['B', 1],
      ['C', 2],
      ['D', 6],
    ])
    assert.deepEqual(found('{"kind":"A"}\n---\nkind: B\n---\n{kind: C}\n'), [
      ['A', 1],
      ['B', 3],
      ['C', 5],
    ])
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
    assert.deepEqual(value('one: &one {a: 1, b: 2}\ntwo: *one\nthree:\n  <<: *one\n  b: 3\n'), {
      ...{ one: { a: 1, b: 2 }, two: { a: 1, b: 2 }, three: { a: 1, b: 3 } },
    })
    assert.deepEqual(value('a: 1\n<<: {a: 2, b: 2}\nb: 3\n'), { a: 2, b: 3 })
    assert.deepEqual(value('<<: [{a: 1}, {a: 2, b: 2}]\n"<<": x\n'), { a: 1, b: 2, '<<': 'x' })
    assert.deepEqual(value('x: &a\n  w: &a 1\nz: *a\n'), { x: { w: 1 }, z: 1 })
  })

  test('what YAML 1.1 takes for no text is none', () => {
    const text = 'a: yes\nb: on\nc: 0x10\nd: 010\ne: 1_000\nf: ~\ng: 2001-01-01\nh: .5\ni: "yes"\nj: 1.2.3\non: k\n'
    assert.deepEqual(value(text), {
      ...{ a: true, b: true, c: 16, d: 8, e: 1000, f: null, g: '2001-01-01', h: 0.5, i: 'yes', j: '1.2.3', true: 'k' },
    })
  })

  test('tags', () => {
    assert.deepEqual(value('a: !!binary SFRUUFJvdXRl\nb: !!str 1\nc: !!int "1"\nd: !mine 1\ne: !mine {f: 1}\n'), {
      ...{ a: 'HTTPRoute', b: '1', c: 1, d: '1', e: { f: 1 } },
    })
  })

  test('what kubectl takes for the end of a line is one, and is counted as none', () => {
    assert.deepEqual(value('a: 1 # x\u2028b: 2 # y\u0085c: 3 # z\rd: 4\n'), { a: 1, b: 2, c: 3, d: 4 })
    assert.deepEqual(found('kind: A # x\u2028b: 1\n---\nkind: B\n'), [
      ['A', 1],
      ['B', 3],
    ])
  })

  test('UTF-16 with a byte order mark', () => {
    const mark = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')
    assert.deepEqual(found(decoded(mark('kind: é'))), [['é', 1]])
    assert.deepEqual(found(decoded(mark('kind: é').swap16())), [['é', 1]])
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
      'kind: List\nitems:\n- spec:\n    x: 1\n- spec:\n    x: 2\n---\nkind: A\nspec:\n  x: 3\n',
    )
    assert.equal(second?.lineOf('spec.x'), 6)
    assert.equal(third?.lineOf('spec.x'), 10)
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
    'an item of a list that is a word': [
      'kind: List\nitems:\n- kind: A\n- b\n',
      4,
      /^this item of a list is no object$/,
    ],
    'what a template leaves open': ['kind: A\nmetadata: {name: {{ .Release.Name }}}\n', 2, /cannot be a key$/],
    'what is behind the end of a document': ['kind: A\n...\nkind: B\n', 3, /^kubectl reads nothing behind \.\.\. /],
    'something behind ---': ['kind: A\n--- {}\n', 2, /^only a comment may follow ---/],
    'a byte order mark in a document': ['kind: A\n\ufeffmetadata: {}\n', 2, /^a byte order mark/],
    'a control character': ['kind: A\nb: "\u0007"\n', 2, /^this line holds U\+0007/],
    'a line separator in a text': ['kind: A\nb: |\n  x\u2028  y\n', 2, /^this text holds U\+2028/],
    'a line separator in quotes': ['kind: A\nb: "x\u2028y"\n', 2, /^Missing closing .*; it holds U\+2028/],
    'no base64': ['kind: A\nb: !!binary no\n', 2, /^this has no base64$/],
    'a value that does not fit its tag': ['kind: A\nb: !!int x\n', 2, /^this has a tag that its value does not fit$/],
    'a number that JSON has not': ['kind: A\nb: .inf\n', 2, /^this has a number that JSON has not$/],
    'a key that is a fraction': ['kind: A\n1.5: b\n', 2, /^this key is no text/],
    'a key that is nothing': ['kind: A\n~: b\n', 2, /^this key is no text/],
    'a colon that belongs to a key': ['kind: A\nb: {a:, c: 1}\n', 2, /^kubectl takes this colon for a part of the key/],
    'a question mark in braces': ['kind: A\nb: {?a: 1}\n', 2, /^this begins with a question mark/],
    'an anchor that kubectl ends earlier': ['kind: A\nb: &a:b\n', 2, /^the anchor "a:b" has other characters/],
    'a tag without a value': ['kind: A\nb: [!!str, c]\n', 2, /^this has a tag, and no value/],
    'blanks behind a text of a given indentation': ['kind: A\nb: |1-\n  x\n   \n', 4, /^this line of blanks/],
    'what is no JSON behind two objects of JSON': [
      '{"kind":"A"}\n{"kind":"B"}\n{]',
      3,
      /^this is no JSON, as what is before it: /,
    ],
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

/** A text of so many parts. */
const parts = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, n) => part(n)).join('')

suite('a hostile text is read, or refused, in time that grows with its length:', { timeout: 120_000 }, () => {
  const refused: Record<string, [text: () => string, line: number, says: RegExp]> = {
    '100,000 keys, of which the last is the first again': [
      () => `${parts(100_000, (n) => `k${n}: 1\n`)}k0: 2\n`,
      100_001,
      /^keys must be unique, and "k0" is given twice$/,
    ],
    'the same in one line': [() => `{${parts(100_000, (n) => `k${n}: 1, `)}k7: 2}`, 1, /"k7" is given twice/],
    'a number and a text that are one key': [() => 'kind: A\n1: a\n"1": b\n', 3, /"1" is given twice/],
    'lists in lists without end': [() => '['.repeat(1_000_000), 1, /^this is nested more than 256 levels deep$/],
    'objects in objects without end': [() => `x: ${'{a: '.repeat(1_000_000)}`, 1, /nested more than 256/],
    'entries in entries without end': [() => '- '.repeat(1_000_000), 1, /nested more than 256/],
    'keys in keys without end': [() => '? '.repeat(1_000_000), 1, /nested more than 256/],
    'indentation without end': [() => parts(300, (n) => `${' '.repeat(n)}a:\n`), 256, /nested more than 256/],
    'lists as keys': [() => `kind: A\nx: {[a, b]: c}\n`, 2, /^a list or an object cannot be a key$/],
    'large lists as keys of keys': [
      () => `x: ${'['.repeat(100)}${'a, '.repeat(100_000)}b${']: 1'.repeat(100)}`,
      1,
      /cannot be a key/,
    ],
    'an alias to a list as key': [() => 'kind: &k [A]\n*k : 1\n', 2, /cannot be a key/],
    'an alias inside of its anchor': [() => 'kind: A\nx: &x [*x]\n', 2, /^the alias "x" has no anchor before it$/],
    'an anchor of another document': [() => 'x: &x 1\n---\ny: *x\n', 3, /has no anchor before it/],
    'large merges, many times': [
      () => `a: &a {${parts(1_000, (n) => `k${n}: 1, `)}}\nb:\n${'- <<: *a\n'.repeat(2_000)}`,
      502,
      /^aliases stand for more than 1000000 values/,
    ],
    'a merge of what is no object': [() => 'kind: A\n<<: [1]\n', 2, /^only objects can be merged$/],
    'an error in each of 200,000 lines': [() => '@\n'.repeat(200_000), 1, /reserved character/],
  }
  for (const [title, [text, line, says]] of Object.entries(refused)) {
    test(title, () => {
      assert.throws(
        () => parseObjects(text()),
        (error) => {
          assert.ok(error instanceof DocumentError, String(error))
          assert.match(error.message, says)
          assert.equal(error.line, line)
          return true
        },
      )
    })
  }

  test('100,000 objects of JSON in one line', () => {
    assert.equal(parseObjects('{"kind":"A"}'.repeat(100_000)).length, 100_000)
  })

  test('a long line, long comments, blank lines and empty documents', () => {
    const long = 'x'.repeat(1_000_000)
    const text = `kind: A\nx: "${long}"\n${'\n'.repeat(50_000)}${'# c\n'.repeat(50_000)}${'---\n'.repeat(50_000)}kind: B\n`
    assert.deepEqual(found(text), [
      ['A', 1],
      ['B', 150_003],
    ])
  })

  test('as many aliases as one anchor has, and objects of 256 levels', () => {
    const [document] = parseObjects(`kind: A\na: &a {b: 1}\nc:\n${'- *a\n'.repeat(10_000)}`)
    assert.deepEqual(document?.object.c, Array(10_000).fill({ b: 1 }))
    assert.equal(document?.lineOf('c[9999].b'), 2)
    assert.equal(parseDocuments(`x: ${'['.repeat(250)}${']'.repeat(250)}`).length, 1)
  })

  test('a key called __proto__ is a key', () => {
    const [document] = parseObjects('kind: A\n__proto__: {spec: 1}\n')
    assert.deepEqual(Object.keys(document?.object ?? {}), ['kind', '__proto__'])
    assert.equal(document?.object.spec, undefined)
  })
})

test('more YAML than there is room for is refused at its line, with what to do', () => {
  const text = 'kind: A\n'.repeat(3)
  assert.throws(() => parseObjects(`${'- 1\n'.repeat(100)}${text}`, { tokens: 100, remedy: 'less of it' }), {
    line: 17,
    message: 'there is more YAML up to here than is read at once: less of it',
  })
})

test('long texts take the room of many tokens, and so do their lines', () => {
  const refuses = (text: string, tokens: number) => {
    try {
      parseObjects(text, { tokens, remedy: 'less' })
      return false
    } catch {
      return true
    }
  }
  const [line, lines] = [`kind: "${'x'.repeat(16_000)}"\n`, `kind: |\n${'  x\n'.repeat(4_000)}`]
  assert.deepEqual([refuses(line, 990), refuses(line, 1_100)], [true, false])
  assert.deepEqual([refuses(lines, 4_990), refuses(lines, 5_100)], [true, false])
})
