import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grantOf, grantsAmong } from '../../src/files/grant-files.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { parseObjects } from '../../src/yaml/objects.ts'

const grant = (apiVersion: string, metadata = '{name: shop, namespace: billing}') => `apiVersion: ${apiVersion}
kind: ReferenceGrant
metadata: ${metadata}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: "", kind: Service}]
`
const parseGrantText = (text: string) =>
  parseObjects(text).flatMap((document) => grantOf(document, [REFERENCE_GRANT])?.grant ?? [])

const read = {
  namespace: 'billing',
  name: 'shop',
  from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }],
  to: [{ group: '', kind: 'Service' }],
}

test('the grants of a text are read, of whatever version, and other objects are passed over', () => {
  const versions = ['v1', 'v1beta1', 'v1alpha2'].map((version) => grant(`gateway.networking.k8s.io/${version}`))
  const others = ['apiVersion: v1\nkind: Service\n', 'kind: ReferenceGrant\n', grant('example.com/v1')]
  const namesake = grant('gateway.networking.k8s.io/v1').replace('kind: ReferenceGrant', 'kind: HTTPRoute')
  assert.deepEqual(parseGrantText([...others, ...versions, namesake].join('---\n')), [read, read, read])
})

for (const [title, metadata] of Object.entries({
  'without a namespace': '{name: shop}',
  'without a name': '{namespace: billing}',
  'without metadata': '',
})) {
  test(`a grant ${title} is an error at its line`, () => {
    assert.throws(() => parseGrantText(`kind: Service\n---\n${grant('gateway.networking.k8s.io/v1', metadata)}`), {
      line: 3,
      message: 'a ReferenceGrant needs metadata.name and metadata.namespace',
    })
  })
}

test('a grant of a file has the namespace that the file gives it', () => {
  const [document] = parseObjects(grant('gateway.networking.k8s.io/v1', '{name: shop}'))
  assert.ok(document)
  const name = { group: 'gateway.networking.k8s.io', kind: 'ReferenceGrant', namespace: 'billing', name: 'shop' }
  const object = { ...document, file: 'grants.yaml', asked: '.', name, hasNamespace: false }
  assert.deepEqual(grantsAmong([object], [REFERENCE_GRANT]), [{ grant: read, object, refused: undefined }])
  const kind = { group: 'gateway.networking.k8s.io', kind: 'Grant', plural: 'grants' }
  assert.deepEqual(grantsAmong([object], [kind]), [])
  const other = { ...object, object: { ...object.object, kind: 'Grant' } }
  const own = { ...read, resource: 'grants.gateway.networking.k8s.io' }
  assert.deepEqual(grantsAmong([other], [kind]), [{ grant: own, object: other, refused: undefined }])
})
