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

  test('no empty documents', () => {
    assert.deepEqual(found(''), [])
    assert.deepEqual(found('---\n# only a comment\n---\nnull\n---\nkind: A\n---\n'), [['A', 6]])
  })

  test('each item of a list of any kind', () => {
    const items = 'items:\n- kind: A\n\n- metadata: {}\n  kind: B\n'
    assert.deepEqual(found(`kind: List\n${items}---\nkind: ReferenceGrantList\n${items}`), [
      ['A', 3],
      ['B', 5],
      ['A', 10],
      ['B', 12],
    ])
    assert.deepEqual(found('kind: List\nitems: []\n'), [])
  })

  test('the items of any kind with a list of items', () => {
    assert.deepEqual(found('kind: Shopping\nitems:\n- kind: A\n- kind: B\n'), [
      ['A', 3],
      ['B', 4],
    ])
    assert.deepEqual(found('kind: WhiteList\nitems: none\n'), [['WhiteList', 1]])
  })

  test('an item without apiVersion and kind gets them from the list', () => {
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

  test('no documents that are not Kubernetes objects', () => {
    assert.deepEqual(found('- a\n---\nword\n---\nreplicas: 2\n---\nkind: 5\n---\nkind: A\n'), [['A', 9]])
  })

  test('each of several JSON values', () => {
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

  test('the items of a JSON list', () => {
    assert.deepEqual(found('{\n  "kind": "List",\n  "items": [\n    {"kind": "A"},\n    {"kind": "B"}\n  ]\n}\n'), [
      ['A', 4],
      ['B', 5],
    ])
  })

  test('each document of a text with Windows line ends after a byte order mark', () => {
    assert.deepEqual(found('\uFEFFkind: A\r\n---\r\nkind: B\r\n'), [
      ['A', 1],
      ['B', 3],
    ])
  })

  test('anchors, aliases and merge keys are read as kubectl reads them', () => {
    assert.deepEqual(value('one: &one {a: 1, b: 2}\ntwo: *one\nthree:\n  <<: *one\n  b: 3\n'), {
      ...{ one: { a: 1, b: 2 }, two: { a: 1, b: 2 }, three: { a: 1, b: 3 } },
    })
    assert.deepEqual(value('a: 1\n<<: {a: 2, b: 2}\nb: 3\n'), { a: 2, b: 3 })
    assert.deepEqual(value('<<: [{a: 1}, {a: 2, b: 2}]\n"<<": x\n'), { a: 1, b: 2, '<<': 'x' })
    assert.deepEqual(value('x: &a\n  w: &a 1\nz: *a\n'), { x: { w: 1 }, z: 1 })
  })

  test('scalars that are not strings in YAML 1.1 are not strings', () => {
    const text = 'a: yes\nb: on\nc: 0x10\nd: 010\ne: 1_000\nf: ~\ng: 2001-01-01\nh: .5\ni: "yes"\nj: 1.2.3\non: k\n'
    assert.deepEqual(value(text), {
      ...{ a: true, b: true, c: 16, d: 8, e: 1000, f: null, g: '2001-01-01', h: 0.5, i: 'yes', j: '1.2.3', true: 'k' },
    })
  })

  test('integers may have many zeros before them, and are numbers up to 64 bits', () => {
    const zeros = '0'.repeat(100)
    const written = ['0', '00', '0x0', '0b000', `0x${zeros}1f`, `-0b${zeros}11`, `0o${zeros}17`, `${zeros}17`]
    assert.deepEqual(value(`a: [${written.join()}]\n`), { a: [0, 0, 0, 0, 31, -3, 15, 15] })
    assert.deepEqual(value(`a: [0x${'f'.repeat(16)}, 0x1${zeros}, 1${zeros}]\n`), {
      a: [2 ** 64, `0x1${zeros}`, 1e100],
    })
  })

  test('tags are read as kubectl reads them', () => {
    assert.deepEqual(value('a: !!binary SFRUUFJvdXRl\nb: !!str 1\nc: !!int "1"\nd: !mine 1\ne: !mine {f: 1}\n'), {
      ...{ a: 'HTTPRoute', b: '1', c: 1, d: '1', e: { f: 1 } },
    })
  })

  test('every character that ends a line for kubectl ends a line, but does not count as one', () => {
    assert.deepEqual(value('a: 1 # x\u2028b: 2 # y\u0085c: 3 # z\rd: 4\n'), { a: 1, b: 2, c: 3, d: 4 })
    assert.deepEqual(found('kind: A # x\u2028b: 1\n---\nkind: B\n'), [
      ['A', 1],
      ['B', 3],
    ])
  })

  test('the objects of UTF-16 with a byte order mark', () => {
    const mark = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')
    assert.deepEqual(found(decoded(mark('kind: é'))), [['é', 1]])
    assert.deepEqual(found(decoded(mark('kind: é').swap16())), [['é', 1]])
  })
})

suite('the line of a field', () => {
  const route =
    'kind: A\nspec:\n  rules:\n  - name: first\n  - backendRefs:\n    - name: one\n    - port: 80\n      name: two\n'

  test('is the line on which it is written', () => {
    const [document] = parseObjects(`# a comment\n---\n${route}`)
    assert.equal(document?.lineOf('kind'), 3)
    assert.equal(document?.lineOf('spec.rules[0].name'), 6)
    assert.equal(document?.lineOf('spec.rules[1].backendRefs[1]'), 9)
    assert.equal(document?.lineOf('spec.rules[1].backendRefs[1].name'), 10)
  })

  test('is the line of the nearest enclosing field if the field is absent', () => {
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

test('JSON may have an escaped slash, and a key whose colon is in the next line', () => {
  const [{ object } = { object: {} }] = parseObjects('{"kind"\n: "A", "b": "\\/"}')
  assert.deepEqual(object, { kind: 'A', b: '/' })
  assert.deepEqual(parseObjects('kind: A\nb: {? c\n    d\n  : 1, e: "\\\\/"}\n')[0]?.object, {
    kind: 'A',
    b: { 'c d': 1, e: '\\/' },
  })
})

suite('a text that kubectl would not read the same way is an error with its line:', () => {
  const texts: Record<string, [text: string, line: number, says: RegExp]> = {
    'a bracket that is not closed': ['kind: A\nspec: [\n\nmore: 1\n', 4, /^a bracket or a brace is not closed/],
    'a tab': ['kind: A\n---\nspec:\n\tx: 1\n', 4, /^a tab indents this line: write spaces$/],
    'a key given twice': ['kind: A\n---\nkind: B\nspec: {}\nkind: C\n', 5, /keys must be unique/],
    'an alias without its anchor': ['kind: A\n---\nspec: *none\n', 3, /none/],
    'aliases that multiply': [
      `kind: A\n---\na0: &a0 [x]\n${Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]\n`).join('')}`,
      9,
      /^the aliases \(\*NAME\) up to this line repeat more than 1,000,000 values: split the file, or repeat less$/,
    ],
    'a list in a list': [
      'kind: List\nitems:\n- kind: A\n- kind: List\n  items: []\n',
      4,
      /^kubectl refuses a list in a list/,
    ],
    'an item of a list that is a word': [
      'kind: List\nitems:\n- kind: A\n- b\n',
      4,
      /^this item of a list is not an object$/,
    ],
    'an unrendered template': ['kind: A\nmetadata: {name: {{ .Release.Name }}}\n', 2, /cannot be a key: /],
    'text after the end of a document': ['kind: A\n...\nkind: B\n', 3, /^kubectl ignores everything from \.\.\. /],
    'text after ---': ['kind: A\n--- {}\n', 2, /^only a comment may follow ---/],
    'a byte order mark in a document': ['kind: A\n\ufeffmetadata: {}\n', 2, /^a byte order mark/],
    'a control character': ['kind: A\nb: "\u0007"\n', 2, /^this line holds U\+0007/],
    'a line separator in a block scalar': ['kind: A\nb: |\n  x\u2028  y\n', 2, /^this string holds U\+2028/],
    'a line separator in quotes': [
      'kind: A\nb: "x\u2028y"\n',
      2,
      /^a string in quotes does not end: .*; it holds U\+2028/,
    ],
    'binary data that is not base64': ['kind: A\nb: !!binary no\n', 2, /^this is not base64$/],
    'a value that does not match its tag': [
      'kind: A\nb: !!int x\n',
      2,
      /^this has a value that does not match its tag$/,
    ],
    'a number that JSON does not have': ['kind: A\nb: .inf\n', 2, /^this is a number that JSON does not have$/],
    'a key that is a fraction': ['kind: A\n1.5: b\n', 2, /^this key is not a string/],
    'a key that is null': ['kind: A\n~: b\n', 2, /^this key is not a string/],
    'a colon that belongs to a key': ['kind: A\nb: {a:, c: 1}\n', 2, /^kubectl reads this colon as a part of the key/],
    'a question mark in braces': ['kind: A\nb: {?a: 1}\n', 2, /^this begins with a question mark/],
    'an anchor that kubectl ends earlier': ['kind: A\nb: &a:b\n', 2, /^the anchor "a:b" has other characters/],
    'a key of two lines in braces': ['kind: A\nb: {c\n  : 1}\n', 2, /^this key goes over several lines/],
    'a comment of JSON5 in braces': ['{kind: A, // b\n c: 1}\n', 1, /^this key goes over several lines/],
    'an escaped slash in YAML': ['kind: A\nb: "\\\\a\\/b"\n', 2, /^kubectl does not know the escape \\\/ in YAML/],
    'a tag without a value': ['kind: A\nb: [!!str, c]\n', 2, /^this has a tag but no value/],
    'spaces after a string of a given indentation': ['kind: A\nb: |1-\n  x\n   \n', 4, /^this line of spaces/],
    'text that is not JSON after two JSON objects': [
      '{"kind":"A"}\n{"kind":"B"}\n{]',
      3,
      /^this is not JSON, unlike the text before it: /,
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

/** Returns a text of `count` parts. */
const parts = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, n) => part(n)).join('')

suite('a hostile text is read or rejected in time proportional to its length:', { timeout: 120_000 }, () => {
  const refused: Record<string, [text: () => string, line: number, says: RegExp]> = {
    '100,000 keys, of which the last equals the first': [
      () => `${parts(100_000, (n) => `k${n}: 1\n`)}k0: 2\n`,
      100_001,
      /^keys must be unique, and "k0" is given twice$/,
    ],
    'the same in one line': [() => `{${parts(100_000, (n) => `k${n}: 1, `)}k7: 2}`, 1, /"k7" is given twice/],
    'a number and a string that are the same key': [() => 'kind: A\n1: a\n"1": b\n', 3, /"1" is given twice/],
    'deeply nested lists': [() => '['.repeat(1_000_000), 1, /^this is nested more than 256 levels deep$/],
    'deeply nested objects': [() => `x: ${'{a: '.repeat(1_000_000)}`, 1, /nested more than 256/],
    'deeply nested entries': [() => '- '.repeat(1_000_000), 1, /nested more than 256/],
    'deeply nested keys': [() => '? '.repeat(1_000_000), 1, /nested more than 256/],
    'deep indentation': [() => parts(300, (n) => `${' '.repeat(n)}a:\n`), 256, /nested more than 256/],
    'lists as keys': [() => `kind: A\nx: {[a, b]: c}\n`, 2, /^a list or an object cannot be a key: /],
    'large lists as keys of keys': [
      () => `x: ${'['.repeat(100)}${'a, '.repeat(100_000)}b${']: 1'.repeat(100)}`,
      1,
      /cannot be a key/,
    ],
    'an alias to a list as key': [() => 'kind: &k [A]\n*k : 1\n', 2, /cannot be a key/],
    'an alias inside its anchor': [() => 'kind: A\nx: &x [*x]\n', 2, /^the alias "x" has no anchor before it$/],
    'an anchor of another document': [() => 'x: &x 1\n---\ny: *x\n', 3, /has no anchor before it/],
    'large merges, many times': [
      () => `a: &a {${parts(1_000, (n) => `k${n}: 1, `)}}\nb:\n${'- <<: *a\n'.repeat(2_000)}`,
      502,
      /^the aliases \(\*NAME\) up to this line repeat more than 1,000,000 values/,
    ],
    'a merge of a list': [() => 'kind: A\n<<: [1]\n', 2, /^only objects can be merged$/],
    'an error in each of 200,000 lines': [() => '@\n'.repeat(200_000), 1, /^a text cannot begin with this character/],
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

  test('100,000 JSON objects on one line', () => {
    assert.equal(parseObjects('{"kind":"A"}'.repeat(100_000)).length, 100_000)
  })

  test('long strings with escapes, binary data and numbers', () => {
    const [escapes, data, digits] = ['\\n'.repeat(3_000_000), 'AAAA'.repeat(6_000_000), '9'.repeat(6_000_000)]
    assert.equal(parseObjects(`kind: A\nx: "${escapes}"\n`).length, 1)
    assert.throws(() => parseObjects(`kind: A\nx: "${escapes}\\/"\n`), { line: 2, message: /the escape \\\/ in YAML/ })
    assert.equal(parseObjects(`kind: A\nx: !!binary ${data}\ny: ${digits}\n`).length, 1)
  })

  test('a long line, long comments, blank lines and empty documents', () => {
    const long = 'x'.repeat(1_000_000)
    const text = `kind: A\nx: "${long}"\n${'\n'.repeat(50_000)}${'# c\n'.repeat(50_000)}${'---\n'.repeat(50_000)}kind: B\n`
    assert.deepEqual(found(text), [
      ['A', 1],
      ['B', 150_003],
    ])
  })

  test('many aliases of one anchor, and 250 levels', () => {
    const [document] = parseObjects(`kind: A\na: &a {b: 1}\nc:\n${'- *a\n'.repeat(10_000)}`)
    assert.deepEqual(document?.object.c, Array(10_000).fill({ b: 1 }))
    assert.equal(document?.lineOf('c[9999].b'), 2)
    assert.equal(parseDocuments(`x: ${'['.repeat(250)}${']'.repeat(250)}`).length, 1)
  })

  test('a key called __proto__', () => {
    const [document] = parseObjects('kind: A\n__proto__: {spec: 1}\n')
    assert.deepEqual(Object.keys(document?.object ?? {}), ['kind', '__proto__'])
    assert.equal(document?.object.spec, undefined)
  })
})

test('an error says on which line the YAML becomes too large, and what to do', () => {
  const text = 'kind: A\n'.repeat(3)
  assert.throws(() => parseObjects(`${'- 1\n'.repeat(100)}${text}`, { tokens: 100, remedy: 'less of it' }), {
    line: 17,
    message: 'the YAML up to here is too large to read at once: less of it',
  })
})

test('a long string counts as many tokens, and so do its lines', () => {
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
