import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { injection } from '../../src/certificates/injection.ts'

const NAMES = new Set(['deny', 'warn'])
const base64 = (text: string) => Buffer.from(text).toString('base64')
const entry = (name: string, caBundle?: string) => ({
  name,
  clientConfig: { url: 'https://x', ...(caBundle !== undefined && { caBundle }) },
})
const patch = (...webhooks: unknown[]) => injection({ metadata: { resourceVersion: '7' }, webhooks }, NAMES, 'ours')

test('entries that lack the bundle get it, if the registration is still as it was read', () => {
  assert.deepEqual(patch(entry('other', 'x'), entry('deny'), entry('warn', 'x')), [
    { op: 'test', path: '/metadata/resourceVersion', value: '7' },
    { op: 'test', path: '/webhooks/1/name', value: 'deny' },
    { op: 'add', path: '/webhooks/1/clientConfig/caBundle', value: base64('ours') },
    { op: 'test', path: '/webhooks/2/name', value: 'warn' },
    { op: 'add', path: '/webhooks/2/clientConfig/caBundle', value: base64('ours') },
  ])
})

test('entries that have the bundle, and those of others, are left alone', () => {
  assert.deepEqual(patch(entry('deny', base64('ours')), entry('other')), [])
})

suite('there is nothing to write', () => {
  const lives: Record<string, unknown> = {
    'without a registration': undefined,
    'without entries': { webhooks: [] },
    'with entries of another shape': { webhooks: [null, 1, {}, { name: 1 }] },
    'with no list': { webhooks: 'none' },
  }
  for (const [title, live] of Object.entries(lives))
    test(title, () => assert.deepEqual(injection(live, NAMES, 'ours'), []))
})
