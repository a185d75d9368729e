import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { escapedCharacters, quote } from '../../src/policy/quote.ts'

suite('a foreign text is put in quotes', () => {
  const cases: [title: string, text: string, quoted: string][] = [
    ['a plain name as it is', 'payments-v2.example', '"payments-v2.example"'],
    ['an empty one', '', '""'],
    ['letters, signs and spaces of any script as they are', 'Zahlung für 支払い 😀', '"Zahlung für 支払い 😀"'],
    ['a newline', 'a\nb', String.raw`"a\nb"`],
    ['a carriage return', 'a\rb', String.raw`"a\rb"`],
    ['a tab', 'a\tb', String.raw`"a\tb"`],
    ['NUL', 'a\0b', String.raw`"a\u0000b"`],
    ['quotes', 'a"b', String.raw`"a\"b"`],
    ['a backslash', 'a\\b', String.raw`"a\\b"`],
    ['what looks like an escape', '\\n', String.raw`"\\n"`],
    ['a terminal sequence', '\u001b[31m', String.raw`"\u001b[31m"`],
    ['delete', 'a\u007fb', String.raw`"a\u{7f}b"`],
    ['a control character of eight bits', 'a\u009bb', String.raw`"a\u{9b}b"`],
    ['the next-line character', 'a\u0085b', String.raw`"a\u{85}b"`],
    ['the line separator', 'a\u2028b', String.raw`"a\u{2028}b"`],
    ['the paragraph separator', 'a\u2029b', String.raw`"a\u{2029}b"`],
    ['a right-to-left override', 'a\u202eb', String.raw`"a\u{202e}b"`],
    ['an isolate', '\u2066a\u2069', String.raw`"\u{2066}a\u{2069}"`],
    ['a zero-width space', 'a\u200bb', String.raw`"a\u{200b}b"`],
    ['a zero-width joiner', 'a\u200db', String.raw`"a\u{200d}b"`],
    ['a soft hyphen', 'a\u00adb', String.raw`"a\u{ad}b"`],
    ['a byte-order mark', '\ufeffa', String.raw`"\u{feff}a"`],
    ['an invisible tag beyond the basic plane', 'a\u{e0041}b', String.raw`"a\u{e0041}b"`],
    ['a private character', 'a\ue000b', String.raw`"a\u{e000}b"`],
    ['half of a surrogate pair', 'a\ud83db', String.raw`"a\ud83db"`],
  ]
  for (const [title, text, quoted] of cases) test(title, () => assert.equal(quote(text), quoted))
})

suite('an overlong text is cut', () => {
  test('after 253 characters, the longest name there is', () => {
    assert.equal(quote('x'.repeat(253)), `"${'x'.repeat(253)}"`)
    assert.equal(quote('x'.repeat(254)), `"${'x'.repeat(253)}…"`)
    assert.equal(quote('x'.repeat(1_000_000)).length, 256)
  })

  test('also between the halves of a surrogate pair', () => {
    assert.equal(quote(`${'x'.repeat(252)}😀`), `"${'x'.repeat(252)}\\ud83d…"`)
  })

  test('before it is escaped, so that no escape is cut', () => {
    assert.equal(quote('\n'.repeat(300)), `"${'\\n'.repeat(253)}…"`)
  })
})

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 120 }),
  fc.string({ unit: fc.constantFrom('"', '\\', 'n', 'u', '{', '}', '\n', '\u202e', '\ud83d', 'a'), maxLength: 120 }),
)

test('whatever it is, a quoted text is one visible line that ends where its quotes do', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const quoted = quote(text)
      assert.doesNotMatch(quoted, /[\p{C}\p{Zl}\p{Zp}]/u)
      assert.match(quoted, /^"(?:[^"\\]|\\.)*"$/u)
    }),
    { numRuns: 5_000 },
  )
})

test('its characters are those of the text, each as it is quoted alone', () => {
  fc.assert(
    fc.property(anyText, (text) =>
      assert.deepEqual(
        escapedCharacters(text),
        Array.from(text, (character) => quote(character).slice(1, -1)),
      ),
    ),
    { numRuns: 2_000 },
  )
})

test('two texts never look alike: a quoted text can be read back', () => {
  const read = (quoted: string) =>
    JSON.parse(
      quoted.replace(/\\(?:u\{([0-9a-f]+)\}|.)/gu, (written, code?: string) =>
        code === undefined ? written : JSON.stringify(String.fromCodePoint(Number.parseInt(code, 16))).slice(1, -1),
      ),
    )
  fc.assert(
    fc.property(anyText, (text) => assert.equal(read(quote(text)), text)),
    { numRuns: 5_000 },
  )
})
