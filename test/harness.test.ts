import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

/** What each room of the harness may import from the others. */
const ROOMS: Record<string, readonly string[]> = {
  objects: [],
  reporters: [],
  program: ['objects'],
  'control-plane': ['objects', 'program'],
  network: ['program'],
  traffic: ['control-plane', 'network', 'objects', 'program'],
  'stand-ins': ['objects', 'traffic'],
}

const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

/** What a file imports by a relative path, as a path from `test`. */
function importsOf(file: string): string[] {
  const text = readFileSync(path.join('test', file), 'utf8')
  return [...text.matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, module]) =>
    path.join(path.dirname(file), module as string),
  )
}

test('nothing imports from the end-to-end tests: what several tests need is in the harness', () => {
  for (const file of files)
    for (const target of importsOf(file))
      assert.notEqual(path.dirname(target), 'end-to-end', `${file} imports ${target}`)
})

test('the rooms of the harness import one way, and from no test', () => {
  const inHarness = files.filter((file) => file.startsWith(`harness${path.sep}`))
  assert.ok(inHarness.length > 0)
  for (const file of inHarness) {
    const [, room = ''] = file.split(path.sep)
    for (const target of importsOf(file)) {
      const [top = '', other = '', within] = target.split(path.sep)
      if (top === '..') continue
      assert.equal(top, 'harness', `${file} imports ${target}`)
      // What lies beside the rooms is for all.
      const allowed = within === undefined || other === room || ROOMS[room]?.includes(other)
      assert.ok(allowed, `${file} imports ${target}`)
    }
  }
})

test('no file of the harness is longer than 300 lines', () => {
  const lengthOf = (file: string) => readFileSync(path.join('test', file), 'utf8').split('\n').length
  for (const file of files.filter((file) => file.startsWith('harness'))) assert.ok(lengthOf(file) <= 300, file)
})
