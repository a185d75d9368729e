import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { JsonError } from '../../src/json/parse.ts'
import { Projector } from '../../src/json/projector.ts'
import type { Shape } from '../../src/json/shape.ts'
import { keptOf, project } from './projector.ts'

const LIST: Shape = { metadata: { resourceVersion: 'whole' }, items: [{ metadata: { name: 'whole' }, spec: 'whole' }] }

/** Every split of a text into two chunks, and into single bytes. */
const cuts = (text: string) => [[1], ...Array.from(Buffer.from(text).keys(), (at) => [at + 1, text.length])]

suite('a projector', () => {
  test('passes on each element of a list when it ends, before the rest is read', () => {
    const elements: unknown[] = []
    const projector = new Projector({
      shape: LIST,
      most: 100,
      element: (kept) => elements.push(kept),
      document: (kept) => elements.push(kept),
    })
    projector.push(Buffer.from('{"items":[{"metadata":{"name":"a","labels":{}},"spec":{"to":[1]}},{"spec":'))
    assert.deepEqual(elements, [{ metadata: { name: 'a' }, spec: { to: [1] } }])
    projector.push(Buffer.from('2},3],"metadata":{"resourceVersion":"7"}}'))
    projector.end()
    assert.deepEqual(elements.slice(1), [{ spec: 2 }, undefined, { items: 3, metadata: { resourceVersion: '7' } }])
  })

  test('treats null, and nothing else, as a list without elements', () => {
    assert.deepEqual(keptOf('{"items":null}', LIST), { items: 0 })
    assert.deepEqual(keptOf('{"items":{"a":[1]}}', LIST), {})
    assert.deepEqual(keptOf('{"items":"[]"}', LIST), {})
  })

  test('refuses a document with two lists of elements', () => {
    for (const text of ['{"items":[],"items":[]}', '{"items":[],"items":null}'])
      assert.throws(() => project(text, LIST), /the list occurs a second time/)
    assert.throws(() => project('{"a":{"b":[1]},"a":1}', { a: { b: ['whole'] } }), /the list occurs a second time/)
    assert.deepEqual(keptOf('{"items":null,"items":[1]}', LIST), { items: 1 })
  })

  test('passes on each of several documents when it ends', () => {
    const text = ' {"type":"A"}\n{"type":"B","x":[1,"\\n{"]}{"type":3} 4 5\n\n'
    for (const sizes of cuts(text)) {
      const { documents } = project(text, { type: 'whole' }, { lines: true, sizes })
      assert.deepEqual(
        documents.map(({ kept, measure: { values } }) => [kept, values]),
        [
          [{ type: 'A' }, 2],
          [{ type: 'B' }, 5],
          [{ type: 3 }, 2],
          [undefined, 1],
          [undefined, 1],
        ],
      )
    }
    assert.deepEqual(project('\n', 'whole', { lines: true }).documents, [])
  })

  test('uses the last of equal names, and discards the first', () => {
    const text = '{"metadata":{"name":"a"},"spec":{"x":1},"metadata":{"uid":"u"},"spec":{"y":2},"spec":{"z":3}}'
    assert.deepEqual(keptOf(text, { metadata: { name: 'whole', uid: 'whole' }, spec: 'whole' }), {
      metadata: { uid: 'u' },
      spec: { z: 3 },
    })
    assert.deepEqual(keptOf('{"metadata":{"name":"a"},"metadata":"gone"}', { metadata: { name: 'whole' } }), {})
    const dropped = '{"a":"too long for it","a":"b"}'
    assert.deepEqual(project(dropped, { a: 'whole' }, { most: 5 }).documents[0], {
      kept: { a: 'b' },
      whole: true,
      measure: { bytes: 31, values: 3, nesting: 1 },
    })
  })

  test('reads names with escapes in any chunks', () => {
    const text = '{"me\\u0074a\\u0064ata":{"\\"\\\\":1,"na\\/me":2},"met\\\\u0061data":3}'
    const shape: Shape = { metadata: { '"\\': 'whole', 'na/me': 'whole' }, 'met\\u0061data': 'whole' }
    for (const sizes of cuts(text)) assert.deepEqual(keptOf(text, shape, { sizes }), JSON.parse(text))
  })

  test('finds the end of a string after any run of backslashes in any chunks', () => {
    for (let run = 0; run < 9; run += 1) {
      for (const before of ['', 'x'.repeat(40)]) {
        const string = JSON.stringify(`${before}${'\\'.repeat(run)}",[{"`)
        const text = `{"skipped":${string},${string}:[${string}],"kept":${string}}`
        for (const sizes of cuts(text)) {
          const [document] = project(text, { kept: 'whole' }, { sizes }).documents
          assert.deepEqual(document?.kept, { kept: JSON.parse(string) })
          // A name that begins with an escape may be a number.
          assert.equal(document?.measure.values, before === '' ? 8 : 5)
        }
      }
    }
  })

  test('reads numbers and literals that end with a chunk', () => {
    const text = '[-1.5e+10 ,true,false,null,0]'
    for (const sizes of cuts(text)) assert.deepEqual(keptOf(text, 'whole', { sizes }), JSON.parse(text))
    for (const sizes of cuts('120')) assert.deepEqual(keptOf('120', 'whole', { sizes }), 120)
  })

  test('keeps characters of several bytes in any chunks', () => {
    const text = '{"ä€😀":"ä€😀\u2028"}'
    for (const sizes of cuts(text)) assert.deepEqual(keptOf(text, { 'ä€😀': 'whole' }, { sizes }), JSON.parse(text))
  })

  test('treats the name __proto__ as an ordinary property', () => {
    const kept = keptOf('{"__proto__":{"a":1},"b":{"__proto__":2}}', { ['__proto__']: 'whole', b: 'whole' })
    assert.deepEqual(kept, JSON.parse('{"__proto__":{"a":1},"b":{"__proto__":2}}'))
    assert.deepEqual(keptOf('{"__proto__":{"b":1}}', { b: 'whole' }), {})
  })

  test('reads 200,000 levels of nesting, skipped and kept', () => {
    const nested = '{"a":['.repeat(100_000) + ']}'.repeat(100_000)
    for (const sizes of [[4_096], [1]]) {
      const [document] = project(`{"x":${nested}}`, { x: 'measure' }, { sizes }).documents
      assert.deepEqual(document?.kept, { x: { bytes: 800_000, values: 200_000, nesting: 200_000 } })
      assert.equal(document?.measure.nesting, 200_001)
    }
    interface Level {
      readonly a: readonly Level[]
    }
    let kept = keptOf(nested, 'whole') as Level | undefined
    let levels = 0
    for (; kept; kept = kept.a[0]) levels += 2
    assert.equal(levels, 200_000)
  })
})

suite('the bound of a projector', () => {
  test('drops the large values of one element only', () => {
    const large = { metadata: { name: 'b' }, spec: 'x'.repeat(100) }
    const items = [{ metadata: { name: 'a' }, spec: 1 }, large, { spec: 2, metadata: { name: 'c' } }]
    for (const sizes of [[1], [7], [1_000]]) {
      const text = JSON.stringify({ items, metadata: { resourceVersion: '7' } })
      const { elements, documents } = project(text, LIST, { most: 60, sizes })
      assert.deepEqual(elements, [
        { kept: { metadata: { name: 'a' }, spec: 1 }, whole: true },
        { kept: { metadata: { name: 'b' } }, whole: false },
        { kept: { metadata: { name: 'c' }, spec: 2 }, whole: true },
      ])
      assert.deepEqual(documents[0]?.kept, { items: 3, metadata: { resourceVersion: '7' } })
      assert.equal(documents[0]?.whole, true)
    }
  })

  test('drops the largest values first, in any order, including scalars', () => {
    const shape: Shape = { uid: 'whole', groups: 'whole', user: 'whole' }
    const document = { groups: ['g'.repeat(30)], user: 'u'.repeat(20), uid: 'id' }
    for (const entries of [Object.entries(document), Object.entries(document).reverse()]) {
      const text = JSON.stringify(Object.fromEntries(entries))
      const keep = (most: number): string[] => Object.keys(keptOf(text, shape, { most }) as object).sort()
      assert.deepEqual(keep(60), ['groups', 'uid', 'user'])
      assert.deepEqual(keep(59), ['uid', 'user'])
      assert.deepEqual(keep(25), ['uid'])
      assert.deepEqual(keep(3), [])
    }
  })

  test('limits what is held of kept values; skipped values are not held', () => {
    const projector = new Projector({ shape: { kept: 'whole' }, most: 50, document: () => {} })
    const held = (text: string) => {
      projector.push(Buffer.from(text))
      return projector.held
    }
    assert.equal(held(`{"skipped":{"a":["${'x'.repeat(1_000)}`), 0)
    assert.equal(held(`x"]},"${'n'.repeat(1_000)}`), 0)
    assert.equal(held(`n":1,"kept":"${'x'.repeat(20)}`), 21)
    assert.equal(held('x'.repeat(29)), 50)
    assert.equal(held('x'), 0)
    assert.equal(held(`${'x'.repeat(1_000)}"}`), 0)
  })
})

test('a projector reads no byte of an event of 3 MiB in chunks of 16 KiB more than twice', () => {
  const [keys, long, quotes] = [20_000, 2_700_000, 50_000]
  const labels = Object.fromEntries(Array.from({ length: keys }, (_, key) => [`label-${key}`, true]))
  const text = Buffer.from(
    JSON.stringify({ object: { labels, long: 'x'.repeat(long), quotes: '\\"'.repeat(quotes) }, type: 'ADDED' }),
  )
  assert.ok(text.length > 3 * 1024 * 1024)
  const looked = new Uint8Array(text.length)
  let kept: unknown
  const document = (document: unknown) => {
    kept = document
  }
  const projector = new Projector({ shape: { type: 'whole' }, most: 100, lines: true, document })
  for (let start = 0; start < text.length; start += 16_384) {
    const chunk = text.subarray(start, start + 16_384)
    projector.push(watched(chunk, looked.subarray(start)))
    assert.equal(projector.held, 0)
  }
  projector.end()
  assert.deepEqual(kept, { type: 'ADDED' })
  // The byte after a backslash is not read; backslashes, and the bytes before a quote and a chunk's end, are read twice.
  assert.ok(looked.filter((times) => times > 0).length > text.length * 0.9)
  assert.ok(looked.every((times) => times <= 2))
})

/** A chunk that counts how often each of its bytes is read. */
function watched(chunk: Buffer, looked: Uint8Array): Buffer {
  const look = (at: number) => {
    looked[at] = (looked[at] ?? 0) + 1
  }
  const indexOf = (byte: number, from: number) => {
    const found = chunk.indexOf(byte, from)
    for (let at = from; at <= (found < 0 ? chunk.length - 1 : found); at += 1) look(at)
    return found
  }
  return new Proxy(chunk, {
    get(_target, property) {
      if (property === 'indexOf') return indexOf
      if (typeof property === 'string' && /^\d+$/.test(property)) look(Number(property))
      const value: unknown = Reflect.get(chunk, property, chunk)
      return typeof value === 'function' ? value.bind(chunk) : value
    },
  })
}

suite('a measure', () => {
  test('is exact, for each measured value and for the document', () => {
    const object = '{"a,b":"1,2\\",[{", "c":[ ],"d":[{},-1e5]}'
    const text = ` {"request":{"object":${object} ,"oldObject":null,"uid":"u"},"x":[[[[[]]]]]} `
    for (const sizes of cuts(text)) {
      const shape: Shape = { request: { object: 'measure', oldObject: 'measure', uid: 'whole' } }
      assert.deepEqual(project(text, shape, { sizes }).documents[0], {
        kept: {
          request: {
            object: { bytes: object.length, values: 6, nesting: 3 },
            oldObject: { bytes: 4, values: 1, nesting: 0 },
            uid: 'u',
          },
        },
        whole: true,
        measure: { bytes: text.length - 2, values: 15, nesting: 6 },
      })
    }
  })
})

suite('a text that is not JSON', () => {
  const shape: Shape = { a: 'whole', b: { c: 'whole' } }

  test('is an error that says where it stops being JSON, and does not quote it', () => {
    const message = (text: string) => {
      let message = ''
      assert.throws(
        () => project(text, shape),
        (error) => {
          message = (error as Error).message
          return error instanceof JsonError
        },
      )
      return message
    }
    assert.equal(message(''), 'it is empty')
    assert.equal(message(' \n'), 'it ends too early, after 2 bytes')
    assert.equal(message('<html>'), 'byte 0: a value was expected')
    assert.equal(message('{"a" 1}'), 'byte 5: a colon was expected')
    assert.equal(message('{"a":"secret'), 'it ends too early, after 12 bytes')
    assert.equal(message('{"a":secret}'), 'byte 5: a value was expected')
    assert.equal(message('{"x":1;2}'), 'byte 6: a comma, } or ] was expected')
    assert.equal(message('{"a":"\\x"}'), 'a string, a number or a literal in it is malformed')
  })

  test('is an error for any wrong structure in any chunks', () => {
    const texts = [
      '\ufeff{}',
      '{',
      '[',
      '{"a":1',
      '{"a":1]',
      '[1}',
      '{"x":[}]',
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      '{"a":1 "b":2}',
      '{a:1}',
      '{1:1}',
      '[1,]',
      '[,1]',
      '[1 2]',
      '["a" "b"]',
      '[[]1]',
      '{} {}',
      '{}x',
      '{},',
      '1 2',
      'nulltrue]',
      '"a',
      '"a\\"',
      '{"a":"b\\"}',
      '{"a":01}',
      '{"a":1.}',
      '{"a":truex}',
      '{"a":tru}',
      '{"a":"\n"}',
      '{"\\u00zz":1}',
      '\0',
      "{'a':1}",
      '{"x":NaN}',
      '{"x":/**/1}',
    ]
    for (const text of texts) {
      assert.throws(() => JSON.parse(text), SyntaxError)
      for (const sizes of cuts(text)) assert.throws(() => project(text, shape, { sizes }), JsonError, text)
    }
  })

  test('is not read as a second document', () => {
    const { documents } = project('{"a":1}\n', { a: 'whole' }, { lines: true })
    assert.equal(documents.length, 1)
    for (const text of ['{"a":1}\n{"a":', '{"a":1},{"a":2}', '{"a":1}]', '{"a":\n1}'])
      assert.throws(() => project(text, { a: 'whole' }, { lines: true }), JsonError)
  })
})

test('a shape with two lists, or with a list in a list, is refused', () => {
  const options = { most: 1, document: () => {} }
  assert.throws(() => new Projector({ ...options, shape: { a: ['whole'], b: ['whole'] } }), TypeError)
  assert.throws(() => new Projector({ ...options, shape: [{ a: ['whole'] }] }), TypeError)
})
