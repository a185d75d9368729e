import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { driftCheck } from '../../src/commands/checks.ts'
import { folderGrants } from '../../src/commands/grant-supply.ts'
import { loadConfig } from '../../src/config/load.ts'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'

test('grants of a folder are known, and nothing is said of a registration that nobody compares', async (t) => {
  const supply = await folderGrants(folderWith({ 'grants.yaml': GRANT }), {
    live: { config: loadConfig(undefined) },
    logger: pino({ level: 'silent' }),
  } as never)
  t.after(() => supply.stop())
  assert.equal(supply.knowledge().grants, 1)
  assert.equal(supply.drift(), undefined)
  assert.deepEqual(driftCheck(supply), { name: 'registration', ok: false, detail: 'not known' })
})
