import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

/** Words of a style that is not plain English. */
const AVOIDED =
  /\b(whoever|whomever|nobody|afresh|for good|vouch(es)?|mends?|let in|goes for|is no (text|object|list|file|folder|JSON))\b/i

const files = globSync(['src/**/*.ts', 'test/**/!(words.test).ts', '.build/**/*.ts', 'docs/*.md', '*.md', 'Makefile'])

test('what a user or a contributor reads is in plain English', () => {
  assert.ok(files.length > 100)
  for (const file of files)
    for (const [at, line] of readFileSync(file, 'utf8').split('\n').entries())
      assert.doesNotMatch(line, AVOIDED, `${file}:${at + 1}`)
})
