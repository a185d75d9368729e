import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from '@prometheus-io/client'
import { pino } from 'pino'
import { LiveConfig } from '../../src/config/live.ts'
import { folderGrants } from '../../src/runtime/folder-grants.ts'
import { Tasks } from '../../src/runtime/task.ts'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'

test('the readiness of a folder names the files that cannot be read', async () => {
  const logger = pino({ level: 'silent' })
  const supply = await folderGrants(folderWith({ 'grants.yaml': GRANT, 'broken.yaml': '{' }), {
    live: new LiveConfig(undefined, {}, logger),
    logger,
    registry: new Registry(),
  } as never)
  const [{ detail } = {}] = new Tasks(supply.tasks).checks()
  assert.match(detail ?? '', /^1 grant, as of \d+\.\d s ago; 1 unreadable file$/)
})

test('grants of a folder are counted, and the registration is reported as not compared', async () => {
  const registry = new Registry()
  const logger = pino({ level: 'silent' })
  const supply = await folderGrants(folderWith({ 'grants.yaml': GRANT }), {
    live: new LiveConfig(undefined, {}, logger),
    logger,
    registry,
  } as never)
  assert.match(await registry.getSingleMetricAsString('refgrant_grants'), /^refgrant_grants 1$/m)
  const tasks = new Tasks(supply.tasks)
  assert.deepEqual(
    tasks.checks().map(({ name, ok }) => ({ name, ok })),
    [{ name: 'grants', ok: true }],
  )
  assert.deepEqual(tasks.remarks(), [{ name: 'registration', ok: false, detail: 'not compared' }])
})
