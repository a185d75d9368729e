import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DocumentError } from '../../src/yaml/documents.ts'
import { parseObjects } from '../../src/yaml/objects.ts'

/** Words of the grammar of YAML and of its parser, which a message must do without. */
const JARGON = /implicit|flow|block|token|indicator|mapping|scalar|node|sequence|collection/i

suite('a mistake in YAML is told in plain words:', () => {
  const texts: Record<string, [line: number, message: string]> = {
    'kind: A\nname x\n': [2, 'a colon is missing in this line: write KEY: VALUE'],
    'a:\n  b c\n  d: e\n': [2, 'a colon, a comma or a quote is missing in this line or the next'],
    'kind: A\nb: c: d\n': [
      2,
      'this value has a colon: write it in quotes, or correct the indentation of the next line',
    ],
    'a:\n   b: 1\n  c: 2\n': [3, 'this key is not indented as the other keys of its object'],
    'a:\n  - b\n  c: 1\n': [3, 'this key is not indented as the other keys of its object'],
    'a: [b, c\nd: e\n': [2, 'a bracket or a brace is not closed, or its end is indented too little'],
    'a: "b\nc: d\n': [3, 'a string in quotes does not end: write the closing quote'],
    "a: 'it's'\n": [1, 'there is text after the end of a value: write the whole in quotes, or begin a new line'],
    'a: - b\n': [1, 'a list that is written with - begins on a line of its own'],
    'a: @b\n': [1, 'a text cannot begin with this character: write it in quotes'],
    'a: "\\d"\n': [1, 'this escape does not exist in double quotes: write \\\\ for a backslash, or use single quotes'],
    'a: ["b" "c"]\n': [1, 'a comma is missing between two entries in brackets or braces'],
    'a: [b,,c]\n': [1, 'there is a comma without an entry before it'],
    'a: ]\n': [1, 'a closing bracket or brace has no opening one'],
    'a: "b"#c\n': [1, 'write a space before #'],
    'a: | text\n': [1, 'there is text where only a comment may be'],
    '{"a": 1\n "b": 2}\n': [1, 'a colon, a comma or a quote is missing in this line or the next'],
    'a: & b\n': [1, 'the name of an anchor is missing after & or *'],
    'a: &x &y b\n': [1, 'a value can have only one anchor'],
    'a: !x!y b\n': [1, 'this tag is not valid: remove it, or write the value in quotes'],
  }
  for (const [text, [line, message]] of Object.entries(texts))
    test(JSON.stringify(text), () => {
      assert.throws(
        () => parseObjects(text),
        (error) => {
          assert.ok(error instanceof DocumentError)
          assert.deepEqual([error.line, error.message], [line, message])
          assert.doesNotMatch(error.message, JARGON)
          return true
        },
      )
    })
})
