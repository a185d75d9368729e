import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineHashes } from '../../src/report/line-hashes.ts'

test('a line that has moved keeps its hash', () => {
  const line = `${'a b c d e f g h '.repeat(20)}\n`
  const text = `first\n${line}last\n`
  const moved = `new\nnewer\n${text}`
  assert.equal(lineHashes(text, new Set([2])).get(2), lineHashes(moved, new Set([4])).get(4))
})

test('equal lines are numbered', () => {
  const text = `${'x\n'.repeat(500)}`
  const hashes = lineHashes(text, new Set([1, 2, 3]))
  assert.deepEqual(
    [...hashes.values()].map((hash) => hash.split(':')[1]),
    ['1', '2', '3'],
  )
})

test('indentation and the kind of line ends do not matter', () => {
  const lines = new Set([1, 2, 3])
  const unix = lineHashes('a\n  b c\nd\n', lines)
  assert.deepEqual(lineHashes('a\r\n\tbc\r\nd\r\n', lines), unix)
  assert.deepEqual(lineHashes('a\rbc\rd\r', lines), unix)
})

/** Hashes that github/codeql-action computes, by its own tests (src/fingerprints.test.ts). */
const known: [text: string, hashes: string[]][] = [
  ['', ['c129715d7a2bc9a3:1']],
  [' a\nb\n  \t\tc\n d', ['271789c17abda88f:1', '54703d4cd895b18:1', '180aee12dab6264:1', 'a23a3dc5e078b07b:1']],
]

for (const [text, hashes] of known)
  test(`the hashes of ${JSON.stringify(text)} are those of GitHub`, () => {
    const lines = new Set(hashes.map((_, at) => at + 1))
    assert.deepEqual([...lineHashes(text, lines).values()], hashes)
  })
