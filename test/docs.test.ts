import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../src/config/load.ts'
import { folderWith } from './harness/cli.ts'

const yamlBlocks = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block as string)

const configurations = (file: string) => yamlBlocks(file).filter((block) => block.includes('kind: Configuration'))

const load = (content: string) => loadConfig(path.join(folderWith({ 'refgrant.yaml': content }), 'refgrant.yaml'))

test('the configuration in the documentation is the default, field by field', () => {
  const [first] = configurations('docs/configuration.md')
  assert.deepEqual(load(first ?? ''), loadConfig(undefined))
})

test('the configuration in the README can be used', () => {
  const [first] = configurations('README.md')
  assert.equal(load(first ?? '').guardedFields.length, 1)
})
