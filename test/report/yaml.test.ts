import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { toYaml } from '../../src/report/yaml.ts'

/** Names that are valid in Kubernetes, and that YAML does not read as strings without quotes. */
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

test('names are strings in YAML 1.1 and in YAML 1.2', () => {
  const [text = ''] = toYaml([{ names }])
  for (const version of ['1.1', '1.2'] as const) assert.deepEqual(parse(text, { version }), { names })
})

test('outputs can be appended to one file', () => {
  const both = [...toYaml([{ a: 1 }]), ...toYaml([{ b: 2 }, { c: 3 }])].join('')
  assert.equal(both, '---\na: 1\n---\nb: 2\n---\nc: 3\n')
})
