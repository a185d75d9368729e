import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { beforeEach, suite, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { LiveConfig } from '../../src/config/live.ts'
import { ConfigError } from '../../src/config/read.ts'
import { replaceFile } from '../harness/folders.ts'
import { configFile } from '../harness/program/live-config.ts'

const HEAD = 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\n'

suite('a configuration that follows its file', () => {
  let log: Record<string, unknown>[]
  beforeEach(() => {
    log = []
  })
  const follow = (file: string | undefined) =>
    new LiveConfig(file, {}, pino({ base: null }, { write: (line) => log.push(JSON.parse(line)) }))

  test('uses a new text, and logs it once', () => {
    const file = configFile()
    const live = follow(file)
    assert.equal(live.look(), undefined)
    replaceFile(file, `${HEAD}mode: warn\n`)
    assert.deepEqual([live.look(), live.look()], ['done', undefined])
    assert.deepEqual([live.config.mode, live.settings.mode], ['warn', 'warn'])
    assert.deepEqual(
      log.map(({ msg }) => msg),
      ['reloaded the configuration'],
    )
  })

  const unusable: Record<string, (file: string) => void> = {
    'is wrong': (file) => replaceFile(file, `${HEAD}mode: off\n`),
    'cannot be read': (file) => fs.rmSync(file),
  }
  for (const [title, spoil] of Object.entries(unusable))
    test(`keeps the last valid text if the file ${title}, and logs it once`, () => {
      const file = configFile({ mode: 'warn' })
      const live = follow(file)
      spoil(file)
      assert.deepEqual([live.look(), live.look()], ['failed', undefined])
      assert.equal(live.config.mode, 'warn')
      assert.equal(log.length, 1)
      assert.match(String(log[0]?.problems), new RegExp(`^${file}:`))
      replaceFile(file, `${HEAD}mode: audit\n`)
      assert.equal(live.look(), 'done')
      assert.equal(live.config.mode, 'audit')
    })

  test('reads each text once, so that the one it remembers is the one in force', (t) => {
    const file = configFile()
    const reads = readsOf(t, file)
    const live = follow(file)
    assert.equal(reads(), 1)
    replaceFile(file, `${HEAD}mode: warn\n`)
    live.look()
    assert.equal(reads(), 2)
  })

  test('needs something good to begin with', () => {
    assert.throws(() => follow('gone.yaml'), ConfigError)
  })

  test('has nothing to follow without a file', () => {
    const live = follow(undefined)
    assert.equal(live.look(), undefined)
    assert.equal(live.config.mode, 'deny')
  })
})

/** Counts how often a file is read. */
function readsOf(t: TestContext, file: string): () => number {
  const read = t.mock.method(fs, 'readFileSync')
  syncBuiltinESMExports()
  t.after(() => {
    read.mock.restore()
    syncBuiltinESMExports()
  })
  return () => read.mock.calls.filter((call) => call.arguments[0] === file).length
}
