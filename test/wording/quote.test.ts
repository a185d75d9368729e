import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { bare, escapedCharacters, quote, shorten, visible, visibleJson } from '../../src/wording/quote.ts'

suite('a foreign text is put in quotes', () => {
  const cases: [title: string, text: string, quoted: string][] = [
    ['a plain name as it is', 'payments-v2.example', '"payments-v2.example"'],
    ['an empty text', '', '""'],
    ['letters, signs and spaces of any script as they are', 'Zahlung für 支払い 😀', '"Zahlung für 支払い 😀"'],
    ['a newline', 'a\nb', String.raw`"a\nb"`],
    ['a carriage return', 'a\rb', String.raw`"a\rb"`],
    ['a tab', 'a\tb', String.raw`"a\tb"`],
    ['NUL', 'a\0b', String.raw`"a\u0000b"`],
    ['quotes', 'a"b', String.raw`"a\"b"`],
    ['a backslash', 'a\\b', String.raw`"a\\b"`],
    ['a text that looks like an escape', '\\n', String.raw`"\\n"`],
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
    ['a variation selector', 'a\ufe0fb', String.raw`"a\u{fe0f}b"`],
    ['a variation selector beyond the basic plane', 'a\u{e0100}b', String.raw`"a\u{e0100}b"`],
    ['a filler, which is a letter', 'a\u3164b', String.raw`"a\u{3164}b"`],
    ['a joiner of graphemes', 'a\u034fb', String.raw`"a\u{34f}b"`],
    ['commands of other pipelines', 'a##[error]b###vso[', String.raw`"a#\u{23}[error]b#\u{23}\u{23}vso["`],
  ]
  for (const [title, text, quoted] of cases) test(title, () => assert.equal(quote(text), quoted))
})

suite('an overlong text is cut', () => {
  test('after 253 characters, the length of the longest name', () => {
    assert.equal(quote('x'.repeat(253)), `"${'x'.repeat(253)}"`)
    assert.equal(quote('x'.repeat(254)), `"${'x'.repeat(253)}…"`)
    assert.equal(quote('x'.repeat(1_000_000)).length, 256)
  })

  test('never between the halves of a surrogate pair', () => {
    assert.equal(quote(`${'x'.repeat(252)}😀`), `"${'x'.repeat(252)}…"`)
    assert.equal(quote(`${'x'.repeat(251)}😀`), `"${'x'.repeat(251)}😀"`)
  })

  test('before it is escaped, so that no escape is cut', () => {
    assert.equal(quote('\n'.repeat(300)), `"${'\\n'.repeat(253)}…"`)
  })
})

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 120 }),
  fc.string({ unit: fc.constantFrom('"', '\\', 'n', 'u', '{', '}', '\n', '\u202e', '\ud83d', 'a'), maxLength: 120 }),
)

test('any quoted text is one visible line that ends at its closing quote', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const quoted = quote(text)
      assert.doesNotMatch(quoted, /[\p{C}\p{Zl}\p{Zp}]/u)
      assert.match(quoted, /^"(?:[^"\\]|\\.)*"$/u)
    }),
    { numRuns: 5_000 },
  )
})

test('the escaped characters of a text are those of the quoted text, and no escape is cut', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const characters = escapedCharacters(text)
      assert.equal(`"${characters.join('')}"`, quote(text))
      for (const character of characters) assert.match(character, /^(\\.+|[^\\])$/u)
      assert.equal(characters.length, [...text].length)
    }),
    { numRuns: 2_000 },
  )
})

test('two different texts never look the same: a quoted text can be read back', () => {
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

suite('a foreign text without quotes', () => {
  const cases: [title: string, text: string, shown: string][] = [
    ['is unchanged if it is ordinary', 'deploy/shop-a_b/route (1).yaml', 'deploy/shop-a_b/route (1).yaml'],
    ['is quoted if it is empty', '', '""'],
    ['is quoted if it has invisible characters', 'a\u001b[2Jb', String.raw`"a\u001b[2Jb"`],
    ['is quoted if it begins like a command', '::warning::x', '"::warning::x"'],
    ['is quoted if it begins like a command after a space', ' ::warning::x', '" ::warning::x"'],
    ['is quoted if it has a line break', 'a\n::warning::x', String.raw`"a\n::warning::x"`],
    ['is quoted if it looks quoted', '"a"', String.raw`"\"a\""`],
    ['is quoted and cut if it is overlong', 'x'.repeat(2_000), `"${'x'.repeat(253)}…"`],
  ]
  for (const [title, text, shown] of cases) test(title, () => assert.equal(bare(text), shown))
})

test('a text that is made visible is one line, and ordinary text stays as it is', () => {
  assert.equal(visible('say "x"\\y 😀'), 'say "x"\\y 😀')
  assert.equal(visible('a\r\n\tb\u001b[0m\u202e'), String.raw`a\r\n\tb\u{1b}[0m\u{202e}`)
})

test('JSON that is made visible has the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      for (const indent of [0, 2]) {
        const json = visibleJson(JSON.stringify(value, undefined, indent))
        assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(value)))
        assert.doesNotMatch(json, /[^\P{C}\n]|[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u)
      }
    }),
  )
})

suite('a text that is shortened', () => {
  test('is unchanged up to that length, and otherwise loses its middle', () => {
    assert.equal(shorten('abcdef', 6), 'abcdef')
    assert.equal(shorten('abcdefg', 6), 'abc…fg')
    assert.equal(shorten('abc', 1), '…')
  })

  test('is never longer, keeps both ends, and does not split a surrogate pair', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, most) => {
        const short = shorten(text, most)
        assert.ok(short.length <= most || short === text)
        assert.ok(short.isWellFormed())
        const [head = '', tail = ''] = short === text ? [text] : short.split('…')
        if (!text.includes('…')) assert.ok(text.startsWith(head) && text.endsWith(tail))
      }),
    )
  })
})
