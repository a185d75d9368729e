import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { differences } from '../../src/manifests/drift.ts'
import { clientDifferences } from '../../src/manifests/drift-client.ts'
import { driftLines } from '../../src/wording/drift.ts'

const wanted = {
  kind: 'K',
  webhooks: [
    {
      name: 'deny',
      timeoutSeconds: 5,
      clientConfig: { service: { path: '/validate' } },
      rules: [{ resources: ['a', 'b'] }],
    },
    { name: 'warn', timeoutSeconds: 2, clientConfig: { service: { path: '/validate' } }, rules: [] },
  ],
}
const live = () =>
  structuredClone(wanted) as { kind: string; webhooks: Record<string, unknown>[]; [key: string]: unknown }
const fields = (object: unknown) => differences(wanted, object).map(({ field }) => field)

suite('a live object', () => {
  test('that equals the manifests does not differ', () => assert.deepEqual(fields(live()), []))

  test('may have defaults of the API server, labels, another address and another order', () => {
    const object = live()
    object.metadata = { labels: { a: 'b' } }
    object.webhooks.reverse()
    Object.assign(object.webhooks[0] as object, {
      objectSelector: {},
      clientConfig: { url: 'https://x/below/validate', caBundle: 'y' },
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
    ['with an extra entry', ({ webhooks }) => webhooks.push({ name: 'other' }), 'webhooks[other]'],
    [
      'with a missing resource',
      ({ webhooks: [deny] }) => Object.assign(deny as object, { rules: [{ resources: ['a'] }] }),
      'webhooks[deny].rules[0].resources',
    ],
    [
      'with an extra rule',
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

suite('the rights of a ClusterRole', () => {
  const grants = { apiGroups: ['gateway.networking.k8s.io'], resources: ['referencegrants'], verbs: ['list', 'watch'] }
  const own = {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['clusterroles'],
    resourceNames: ['x'],
    verbs: ['get'],
  }
  const compare = (...rules: unknown[]) => differences({ rules: [grants, own] }, { rules })

  test('do not differ by the order of rules and verbs', () => {
    assert.deepEqual(compare(own, { ...grants, verbs: ['watch', 'list'] }), [])
    assert.deepEqual(compare({ ...grants, resourceNames: [] }, own), [])
  })

  const changes: Record<string, unknown[]> = {
    'a rule less': [grants],
    'an extra rule': [grants, own, { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    'an extra URL': [grants, { ...own, nonResourceURLs: ['/metrics'] }],
    'resource names that narrow a rule': [{ ...grants, resourceNames: ['one'] }, own],
    'an extra verb': [{ ...grants, verbs: ['list', 'watch', 'get'] }, own],
    'missing rules': [],
  }
  for (const [title, rules] of Object.entries(changes))
    test(`differ by ${title}`, () => {
      const found = compare(...rules)
      assert.ok(found.length > 0)
      for (const { field, wanted, found: live } of found) assert.ok(field === 'rules' && (wanted ?? live) !== undefined)
    })
})

test('differing rules of a ClusterRole are told in short, each on a line', () => {
  const secrets = { apiGroups: [''], resources: ['secrets'], resourceNames: ['ca'], verbs: ['get', 'update'] }
  const wanted = [
    { apiGroups: ['gateway.networking.k8s.io'], resources: ['referencegrants'], verbs: ['list', 'watch'] },
  ]
  const live = [{ ...wanted[0], verbs: ['list'] }, secrets, { nonResourceURLs: ['/metrics\n'], verbs: ['get'] }]
  const object = { object: 'ClusterRole refgrant', tolerated: [] }
  assert.deepEqual(driftLines({ ...object, differences: differences({ rules: wanted }, { rules: live }) }), [
    'ClusterRole refgrant: rules lack list,watch referencegrants.gateway.networking.k8s.io',
    'ClusterRole refgrant: rules have list referencegrants.gateway.networking.k8s.io, which the configuration does not have',
    'ClusterRole refgrant: rules have get,update secrets "ca", which the configuration does not have',
    'ClusterRole refgrant: rules have get /metrics\\n, which the configuration does not have',
  ])
})

suite('the selectors of an entry', () => {
  const [control, managed] = [
    { key: 'control-plane', operator: 'NotIn', values: ['true'] },
    { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
  ]
  const mode = { key: 'refgrant.dev/mode', operator: 'NotIn', values: ['warn', 'audit'] }
  const terms = (...matchExpressions: object[]) => ({ matchExpressions })
  const entry = (namespaceSelector?: unknown, objectSelector?: unknown) => ({
    webhooks: [{ name: 'deny', ...(namespaceSelector !== undefined && { namespaceSelector }), objectSelector }],
  })
  const compare = (wanted: unknown, live: unknown, objectSelector?: unknown) =>
    differences(entry(wanted), entry(live, objectSelector))

  const same: Record<string, [wanted: unknown, live: unknown, objectSelector?: unknown]> = {
    'without a selector': [undefined, undefined],
    'with an empty one as the default': [undefined, {}, {}],
    'with empty lists': [undefined, terms(), { matchLabels: {} }],
    'with values in another order': [terms(mode), terms({ ...mode, values: ['audit', 'warn'] })],
    'with an absent list of values': [
      terms({ key: 'a', operator: 'Exists' }),
      terms({ key: 'a', operator: 'Exists', values: [] }),
    ],
  }
  for (const [title, [wanted, live, objectSelector]] of Object.entries(same))
    test(`do not differ ${title}`, () => assert.deepEqual(compare(wanted, live, objectSelector), []))

  const tolerated: Record<string, [wanted: unknown, live: unknown]> = {
    'beside our term': [terms(mode), terms(mode, control, managed)],
    'in another order': [terms(mode), terms(managed, mode, control)],
    alone: [undefined, terms(control, managed)],
  }
  for (const [title, [wanted, live]] of Object.entries(tolerated))
    test(`may have the two terms of AKS, ${title}`, () => {
      const [one, ...others] = compare(wanted, live)
      assert.deepEqual(
        [one?.field, one?.tolerated, others],
        ['webhooks[deny].namespaceSelector', "AKS's admissions enforcer", []],
      )
    })

  const drift: Record<string, unknown> = {
    'one of the two terms of AKS': terms(mode, control),
    'the other one': terms(mode, managed),
    'both and another term': terms(mode, control, managed, { key: 'a', operator: 'Exists' }),
    'both with another value': terms(mode, control, { ...managed, values: ['aks', 'me'] }),
    'both with another operator': terms(mode, { key: 'control-plane', operator: 'DoesNotExist' }, managed),
    'both without ours': terms(control, managed),
    'both and labels': { ...terms(mode, control, managed), matchLabels: { a: 'b' } },
    'another value': terms({ ...mode, values: ['warn'] }),
    'a label': { ...terms(mode), matchLabels: { a: 'b' } },
    nothing: {},
    'another shape': 'none',
  }
  for (const [title, live] of Object.entries(drift))
    test(`differ with ${title}`, () => {
      const found = compare(terms(mode), live)
      assert.deepEqual(
        found.map(({ field, tolerated: by }) => [field, by]),
        [['webhooks[deny].namespaceSelector', undefined]],
      )
    })

  test('differ with any selector of objects', () => {
    for (const selector of [
      terms({ key: 'a', operator: 'Exists' }),
      { matchLabels: { a: 'b' } },
      terms(control, managed),
    ])
      assert.deepEqual(
        compare(undefined, undefined, selector).map(({ field, tolerated: by }) => [field, by]),
        [['webhooks[deny].objectSelector', undefined]],
      )
  })

  test('differ with an extra match condition', () => {
    const live = { webhooks: [{ name: 'deny', matchConditions: [{ name: 'never', expression: 'false' }] }] }
    assert.deepEqual(
      differences(entry(), live).map(({ field }) => field),
      ['webhooks[deny].matchConditions[never]'],
    )
  })
})

suite('how an entry is reached', () => {
  const service = { namespace: 'refgrant-system', name: 'refgrant', path: '/validate/deny' }
  const url = 'https://refgrant.example:8443/validate/deny'
  const compare = (wanted: object, live: unknown) => clientDifferences(wanted, live, 'clientConfig')
  const same: Record<string, [wanted: object, live: unknown]> = {
    'by the Service, with the default port': [{ service }, { service: { ...service, port: 443 } }],
    'with authorities that the manifests do not have': [{ service }, { service, caBundle: 'eA==' }],
    'by a URL if the manifests have the Service': [{ service }, { url }],
    'by a URL below a path': [{ service }, { url: 'https://proxy.example/refgrant/validate/deny' }],
    'by the URL of the manifests': [{ url }, { url }],
    'by the same URL in another spelling': [{ url: 'https://a/x' }, { url: 'https://A:443/x' }],
  }
  for (const [title, [wanted, live]] of Object.entries(same))
    test(`does not differ ${title}`, () => assert.deepEqual(compare(wanted, live), []))

  const drift: Record<string, [wanted: object, live: unknown, ...fields: string[]]> = {
    'by another path': [{ service }, { service: { ...service, path: '/validate/audit' } }, 'clientConfig.service.path'],
    'without a path': [{ service }, { service: { ...service, path: undefined } }, 'clientConfig.service.path'],
    'by another Service': [
      { service },
      { service: { ...service, name: 'x', namespace: 'y' } },
      'clientConfig.service.namespace',
      'clientConfig.service.name',
    ],
    'by another port': [{ service }, { service: { ...service, port: 8443 } }, 'clientConfig.service.port'],
    'by a URL with the path of another mode': [{ service }, { url: url.replace('deny', 'audit') }, 'clientConfig.url'],
    'by a value that is not a URL': [{ service }, { url: 'none' }, 'clientConfig.url'],
    'by another URL than that of the manifests': [{ url }, { url: url.replace('8443', '9443') }, 'clientConfig.url'],
    'by the Service if the manifests have a URL': [{ url }, { service }, 'clientConfig.url'],
    'by nothing': [{ url }, undefined, 'clientConfig.url'],
  }
  for (const [title, [wanted, live, ...fields]] of Object.entries(drift))
    test(`differs ${title}`, () =>
      assert.deepEqual(
        compare(wanted, live).map(({ field }) => field),
        fields,
      ))
})
