import fc from 'fast-check'

/** Random files as people and programs write them, with what YAML readers disagree about. */

const PLAIN = [
  ...[
    'foo',
    'foo bar',
    'a:b',
    'a#b',
    '-x',
    ':x',
    'x?y',
    '<<',
    '=',
    'é',
    '/v1',
    'http://x/?y=1',
    '@x',
    '`x',
    '%x',
    'a - b',
  ],
  ...['yes', 'no', 'on', 'Off', 'y', 'N', 'true', 'True', 'tRUE', '~', 'null', 'Null', 'NULL', ''],
  ...[
    '0',
    '1',
    '-1',
    '+1',
    '-0',
    '0x1F',
    '0X1f',
    '-0x10',
    '010',
    '08',
    '0o17',
    '0O17',
    '0b11',
    '0B11',
    '1_000',
    '_1',
    '1__0',
  ],
  ...['1.5', '.5', '1.', '1e3', '1E+3', '-.5e1', '.inf', '-.Inf', '.nan', '1e999', '12:30:45', '1.2.3', '0x', '+', '.'],
  ...[
    '9007199254740993',
    '9223372036854775808',
    '18446744073709551616',
    '-9223372036854775809',
    '123abc',
    '1e3_0',
    '1_0.5',
  ],
  ...[
    '2001-01-01',
    '2001-1-2',
    '2001-12-14t21:59:43.10-05:00',
    '2001-12-14 21:59:43.10',
    '!!str 1',
    '!!int "3"',
    '!!int 3x',
  ],
  ...[
    '!!bool yes',
    '!!null ""',
    '!!float 3',
    '!!binary SGk=',
    '!!binary no',
    '!x foo',
    '!x 1',
    '! 12',
    '! "12"',
    '!!str',
    '!!timestamp 2001-01-01',
  ],
  ...['!<tag:yaml.org,2002:str> 5', '!!map {}', '!!seq []', '!!set {a}', '!x {a: 1}', '!x [1]', '!!str {a: 1}'],
]
const QUOTED = [
  ...[
    '"foo"',
    '"a\\nb"',
    '"\\u00e9\\x41\\U0001F600"',
    '"\\ud83d\\ude00"',
    '"a\\/b"',
    '"\\L\\P\\N\\_\\e\\0"',
    '"a\\\tb"',
    '"yes"',
    '"<<"',
    '"\\q"',
  ],
  ...["'foo'", "'it''s'", "'12'", "'a\\n'", "''", '""', '"é #x"', "'a: b'"],
]
const KEYS = [
  'a',
  'b',
  'c',
  '"d"',
  "'e'",
  'f g',
  '1',
  '0x2',
  'yes',
  'on',
  '~',
  '1.5',
  'null',
  '?x',
  '<<',
  '"<<"',
  '-k',
  'é',
  '2001-01-01',
  '!!str k',
  '!x k',
]

/** Texts that other parsers read differently, or reject. */
const seldom = <T>(usual: fc.Arbitrary<T>, ...odd: T[]) =>
  fc.oneof({ weight: 150, arbitrary: usual }, { weight: 1, arbitrary: fc.constantFrom(...odd) })

const word = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...PLAIN) }, fc.constantFrom(...QUOTED))
/** Most keys differ, since one that is given twice is refused. */
const keyed = fc.oneof({ weight: 15, arbitrary: fc.stringMatching(/^[a-z]{3}$/) }, fc.constantFrom(...KEYS))
const comment = seldom(
  fc.constantFrom(
    '',
    '',
    '',
    '',
    ' # c',
    ' #',
    '\t# c',
    ' # \u00e9',
    ' # x\u2028b: 1',
    ' # x\u0085b: 1',
    ' # x\rb: 1',
    ' # \ufeff',
  ),
  '#c',
)
const indentation = fc.constantFrom('  ', '  ', '    ', ' ')

const indented = (text: string, by: string) =>
  text
    .split('\n')
    .map((line) => (line === '' ? line : by + line))
    .join('\n')

/** Block scalars and others that go over several lines; they begin in the line of their key. */
const lines = fc.tuple(
  seldom(fc.constantFrom('|', '>', '|-', '>-', '|+', '>+', '|  # c', '| #c'), '|2', '>1-', '|#c'),
  fc.array(seldom(fc.constantFrom('x', 'y z', ' x', '', '\tx', '# x', 'a: b', '- c', 'x ', '---', '  '), '\u2028'), {
    maxLength: 5,
  }),
)
const block = lines.map(([header, texts]) => `${header}\n${texts.map((text) => `  ${text}`).join('\n')}`)
const folded = fc
  .tuple(
    fc.constantFrom(['"', '"'], ["'", "'"], ['', ''], ['"', '\\\n  x"']),
    fc.array(fc.constantFrom('x', 'y z', '', 'z ', '\tz', '#z', 'a#b', '- w', ' v'), { minLength: 1, maxLength: 4 }),
  )
  .map(([[open, close], texts]) => `${open}s ${texts.join('\n  ')}${close}`)

const { tree } = fc.letrec<{ tree: string; flow: string; block: string }>((tie) => ({
  flow: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    word,
    fc
      .tuple(
        fc.array(tie('flow'), { maxLength: 4 }),
        fc.constantFrom(', ', ',', ' ,', '\n   , ', ', # c\n   '),
        fc.boolean(),
      )
      .map(([items, between, trailing]) => `[${items.join(between)}${trailing ? ',' : ''}]`),
    fc
      .tuple(
        fc.array(fc.tuple(keyed, fc.constantFrom(': ', ':', ' : ', ':\n    ', ':\t'), tie('flow')), { maxLength: 4 }),
        fc.constantFrom(', ', ',', '\n   , '),
      )
      .map(([pairs, between]) => `{${pairs.map((pair) => pair.join('')).join(between)}}`),
    fc.constantFrom(
      '*one',
      '*two',
      '&two x',
      '&one [1]',
      '[a: 1, b]',
      '[? a : 1]',
      '{? a : 1}',
      '{a, b: }',
      '{"a":1}',
      '{a:1}',
      '{ {a} }',
    ),
  ),
  // Begins with a blank and stays in its line, or begins with a newline.
  block: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    fc.tuple(tie('flow'), comment).map(([value, behind]) => ` ${value}${behind}`),
    block.map((text) => ` ${text}`),
    folded.map((text) => ` ${text}`),
    fc
      .tuple(
        fc.array(fc.tuple(keyed, fc.constantFrom(':', ':', ' :'), tie('block')), { minLength: 1, maxLength: 4 }),
        indentation,
        comment,
        fc.constantFrom('', ' &one', ' &two', ' !!map', ' !x'),
      )
      .map(
        ([pairs, by, behind, before]) =>
          `${before}${behind}\n${indented(pairs.map((pair) => pair.join('')).join('\n'), by)}`,
      ),
    fc
      .tuple(fc.array(tie('block'), { minLength: 1, maxLength: 4 }), fc.constantFrom('', '  ', ' '), comment)
      .map(([items, by, behind]) => `${behind}\n${indented(items.map((item) => `-${item}`).join('\n'), by)}`),
    // A list of objects, as they are mostly written.
    fc
      .array(fc.array(fc.tuple(keyed, tie('block')), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 })
      .map(
        (items) =>
          `\n${items.map((pairs) => `- ${indented(pairs.map(([key, value]) => `${key}:${value}`).join('\n'), '  ').slice(2)}`).join('\n')}`,
      ),
    fc
      .tuple(
        keyed,
        tie('block'),
        fc.constantFrom('\n  <<: *one', '\n  <<: [*one, *two]', '\n  <<: {a: 9}', '\n  ? k\n  : v'),
      )
      .map(([key, value, more]) => ` &one\n${indented(`${key}:${value}`, '  ')}${more}\n  a: 8`),
  ),
  tree: tie('block'),
}))

/** An object whose name says which it is; the rest is random. */
const object = fc
  .tuple(
    tree,
    seldom(fc.constantFrom('', '\n? x\n: y', '\nx: *one', '\n', '\n  ', '\n# c'), '\nitems: []', '\n\ufeffy: 1'),
    seldom(fc.constantFrom('', '', '# c\n', '\n'), '\ufeff', '%YAML 1.1\n'),
  )
  .map(
    ([spec, behind, before]) =>
      (name: string) =>
        `${before}apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: ${name}}\nspec:${spec}${behind}\n`,
  )
const json = fc.tuple(fc.jsonValue({ depthSize: 'small', maxDepth: 3 }), fc.constantFrom(undefined, 2, '\t')).map(
  ([spec, space]) =>
    (name: string) =>
      JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name }, spec }, null, space),
)
const list = fc
  .constantFrom('List', 'ThingList', 'Thing')
  .map(
    (kind) => (name: string) =>
      `apiVersion: example.com/v1\nkind: ${kind}\nitems:\n- metadata: {name: ${name}}\n- {kind: B, metadata: {name: ${name}b}}\n`,
  )
const notAnObject = fc
  .constantFrom('- a\n- b\n', 'foo\n', '{a: 1}\n', 'null\n', '# c\n', '\n', '{}')
  .map((text) => () => text)
const between = seldom(
  fc.constantFrom('\n---\n', '\n---\n', '\n--- # c\n', '\n---\t\n', '\n\n---\n', '\n---\n---\n', '\n...\n---\n'),
  ...['--- x\n', ' ---\n', '...\n', '\n', '', '---'],
)

/** A file; `number` makes the names of its objects unique. */
export const file = fc
  .tuple(
    seldom(fc.constantFrom('', '', '', '---\n', '\ufeff', '\n', '# c\n', '--- # c\n'), '  '),
    fc.array(fc.tuple(fc.oneof({ weight: 8, arbitrary: object }, json, list, notAnObject), between), {
      minLength: 1,
      maxLength: 3,
    }),
    fc.constantFrom('\n', '\n', '\n', '\n', '\r\n'),
  )
  .map(
    ([before, parts, newline]) =>
      (number: number) =>
        `${before}${parts.map(([part, behind], index) => part(`n${number}-${index}`) + behind).join('')}`.replaceAll(
          '\n',
          newline,
        ),
  )

/** Streams of JSON, as `jq` prints them. */
export const jsonStream = fc
  .tuple(
    fc.array(json, { minLength: 1, maxLength: 4 }),
    seldom(fc.constantFrom('\n', '', ' ', '\n\n', '\n---\n'), '\u00a0', ','),
  )
  .map(
    ([parts, between]) =>
      (number: number) =>
        parts.map((part, index) => part(`n${number}-${index}`)).join(between),
  )
