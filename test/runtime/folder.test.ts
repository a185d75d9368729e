import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { loadConfig } from '../../src/config/load.ts'
import { folderGrants } from '../../src/runtime/folder-grants.ts'
import { Tasks } from '../../src/runtime/task.ts'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'

test('grants of a folder are counted, and the registration is reported as not known', async () => {
  const supply = await folderGrants(folderWith({ 'grants.yaml': GRANT }), {
    live: { config: loadConfig(undefined) },
    logger: pino({ level: 'silent' }),
  } as never)
  assert.equal(supply.knowledge().grants, 1)
  assert.equal(supply.drift(), undefined)
  const tasks = new Tasks(supply.tasks)
  assert.deepEqual(
    tasks.checks().map(({ name, ok }) => ({ name, ok })),
    [{ name: 'grants', ok: true }],
  )
  assert.deepEqual(tasks.remarks(), [{ name: 'registration', ok: false, detail: 'not known' }])
})
