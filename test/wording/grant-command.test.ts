import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clusterOptionsOf,
  explainCommandFor,
  explainObjectCommandFor,
  grantCommandFor,
} from '../../src/wording/grant-command.ts'

test('the commands repeat the options that decide what is read, quoted for a shell', () => {
  const read = {
    program: 'refgrant',
    grants: ['a b'],
    namespace: 'shop',
    exclude: ['x*'],
    config: 'c.yaml',
    kustomize: 'base',
  }
  const options = "-k base --grants 'a b' -n shop --exclude 'x*' --config c.yaml"
  assert.equal(grantCommandFor(['r.yaml'], read), `refgrant grant r.yaml ${options}`)
  assert.equal(explainCommandFor(['r.yaml'], read), `refgrant explain -f r.yaml ${options}`)
})

test('the commands name the cluster if its grants count', () => {
  const read = { program: 'refgrant', exclude: [], live: true, kubeconfig: 'k', context: 'dev' } as const
  assert.equal(explainCommandFor(['.'], read), 'refgrant explain -f . --live --kubeconfig k --context dev')
  assert.equal(grantCommandFor(['.'], { ...read, live: undefined }), 'refgrant grant .')
})

test('the commands read the cluster by the rights of the same user', () => {
  const read = { program: 'refgrant', exclude: [], live: true, as: 'a b', asGroup: ['g', 'h'], asUid: '7' } as const
  const options = "--as 'a b' --as-group g --as-group h --as-uid 7"
  assert.equal(grantCommandFor(['.'], read), `refgrant grant . --live ${options}`)
  const route = { group: '', kind: 'Route', namespace: 'shop', name: 'x' }
  assert.equal(explainObjectCommandFor(route, read), `refgrant explain Route/shop/x ${options}`)
  assert.equal(clusterOptionsOf({ ...read, context: 'dev' }), ` --context dev ${options}`)
})
