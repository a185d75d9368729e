import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { differences } from '../../src/manifests/drift.ts'

const wanted = {
  kind: 'K',
  webhooks: [
    {
      name: 'deny',
      timeoutSeconds: 5,
      clientConfig: { service: { path: '/validate' } },
      rules: [{ resources: ['a', 'b'] }],
    },
    { name: 'warn', timeoutSeconds: 2, clientConfig: {}, rules: [] },
  ],
}
const live = () =>
  structuredClone(wanted) as { kind: string; webhooks: Record<string, unknown>[]; [key: string]: unknown }
const fields = (object: unknown) => differences(wanted, object).map(({ field }) => field)

suite('a live object', () => {
  test('that is the same does not differ', () => assert.deepEqual(fields(live()), []))

  test('may have what the API server fills in, labels, another address and another order', () => {
    const object = live()
    object.metadata = { labels: { a: 'b' } }
    object.webhooks.reverse()
    Object.assign(object.webhooks[0] as object, {
      objectSelector: {},
      clientConfig: { url: 'https://x', caBundle: 'y' },
    })
    const { rules } = object.webhooks[1] as { rules: object[] }
    Object.assign(rules[0] as object, { scope: '*' })
    assert.deepEqual(fields(object), [])
  })

  const changes: [title: string, change: (object: ReturnType<typeof live>) => void, ...fields: string[]][] = [
    [
      'with another value',
      ({ webhooks: [deny] }) => Object.assign(deny as object, { timeoutSeconds: 9 }),
      'webhooks[deny].timeoutSeconds',
    ],
    ['without an entry', ({ webhooks }) => webhooks.pop(), 'webhooks[warn]'],
    ['with an entry too many', ({ webhooks }) => webhooks.push({ name: 'other' }), 'webhooks[other]'],
    [
      'with one resource less',
      ({ webhooks: [deny] }) => Object.assign(deny as object, { rules: [{ resources: ['a'] }] }),
      'webhooks[deny].rules[0].resources',
    ],
    [
      'with a rule too many',
      ({ webhooks: [, warn] }) => Object.assign(warn as object, { rules: [{}] }),
      'webhooks[warn].rules',
    ],
    ['of another shape', (object) => Object.assign(object, { webhooks: 'none' }), 'webhooks[deny]', 'webhooks[warn]'],
  ]
  for (const [title, change, ...expected] of changes) {
    test(`${title} differs there`, () => {
      const object = live()
      change(object)
      assert.deepEqual(fields(object), expected)
    })
  }
})
