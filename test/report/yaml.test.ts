import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { toYaml } from '../../src/report/yaml.ts'

/** Names that Kubernetes takes, and that YAML takes for something else if they are not quoted. */
const names = [
  'on',
  'off',
  'yes',
  'no',
  'y',
  'n',
  'true',
  'null',
  '012',
  '0b1',
  '0o7',
  '0x1f',
  '1e3',
  '2001-01-01',
  '1',
]

test('names are texts to YAML 1.1 as to YAML 1.2', () => {
  const [text = ''] = toYaml([{ names }])
  for (const version of ['1.1', '1.2'] as const) assert.deepEqual(parse(text, { version }), { names })
})
