import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { createLogger } from '../../src/server/log.ts'

const LONGEST = 16 * 1_024
const HIDDEN = /[^\P{C}\n]|[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|##/u

/** Returns the line that is logged for these values. */
function logged(object: object, message = 'review'): string {
  let line = ''
  createLogger('info', { write: (text) => (line += text) }).info(object, message)
  return line
}

suite('a line of the log', () => {
  test('has its values in JSON', () => {
    const { level, time, ...rest } = JSON.parse(logged({ user: 'jane', object: { kind: 'HTTPRoute' }, count: 3 }))
    assert.deepEqual([level, new Date(time).toISOString()], ['info', time])
    assert.deepEqual(rest, { user: 'jane', object: { kind: 'HTTPRoute' }, count: 3, msg: 'review' })
  })

  test('escapes what a terminal would interpret, in keys, values, messages and errors', () => {
    const text = 'a\u001b[31m\u202e\u2028\r\n::warning::##[error]\u{e0041}\ufe0f'
    const line = logged({ [text]: text, err: new Error(text) }, text)
    assert.doesNotMatch(line, HIDDEN)
    assert.equal(line.indexOf('\n'), line.length - 1)
    const said = JSON.parse(line)
    assert.deepEqual([said[text], said.msg, said.err.message], [text, text, text])
  })

  const large: Record<string, object> = {
    'a name of 7 MiB': { name: 'x'.repeat(7 * 1024 * 1024) },
    'a name of escape characters': { name: '\u001b'.repeat(1_000_000) },
    'many names': { names: Array.from({ length: 100_000 }, (_, n) => `name-${n}`) },
    'many numbers': { numbers: Array.from({ length: 100_000 }, (_, n) => n + 0.123456789012345) },
    'many fields': Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`field-${n}`, 'x'])),
    'many lists in lists': { lists: Array(60).fill(Array(60).fill(Array(60).fill(['\u001b']))) },
    'long keys': { ['\u202e'.repeat(100_000)]: { ['\u202e'.repeat(100_000)]: 1 } },
    'an error with a long message': { err: new Error('x'.repeat(1_000_000)) },
  }
  for (const [title, object] of Object.entries(large)) {
    test(`has at most 16 KiB for ${title}, and keeps its message`, () => {
      const line = logged(object)
      assert.ok(line.length <= LONGEST, `${line.length} characters`)
      assert.equal(JSON.parse(line).msg, 'review')
    })
  }

  test('keeps the first values, and the end of a long text', () => {
    const name = `${'x'.repeat(100_000)}-end`
    const { uid, object } = JSON.parse(logged({ uid: '7', object: { name } }))
    assert.equal(uid, '7')
    assert.match(object.name, /^x+…x+-end$/)
  })

  test('is one short and visible line of JSON for any values', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 4, values: [fc.string({ unit: 'binary', maxLength: 9_000 })] }), (object) => {
        const line = logged({ object })
        assert.ok(line.length <= LONGEST)
        assert.doesNotMatch(line, HIDDEN)
        assert.equal(JSON.parse(line).msg, 'review')
      }),
      { numRuns: 50 },
    )
  })
})
