import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainCommandFor, grantCommandFor } from '../../src/wording/grant-command.ts'

test('the commands repeat the options that decide what is read, quoted for a shell', () => {
  const read = { grants: ['a b'], namespace: 'shop', exclude: ['x*'], config: 'c.yaml', kustomize: 'base' }
  const options = "-k base --grants 'a b' -n shop --exclude 'x*' --config c.yaml"
  assert.equal(grantCommandFor(['r.yaml'], read), `refgrant grant r.yaml ${options}`)
  assert.equal(explainCommandFor(['r.yaml'], read), `refgrant explain -f r.yaml ${options}`)
})

test('the commands name the cluster if its grants count', () => {
  const read = { exclude: [], live: true, kubeconfig: 'k', context: 'dev' } as const
  assert.equal(explainCommandFor(['.'], read), 'refgrant explain -f . --live --kubeconfig k --context dev')
  assert.equal(grantCommandFor(['.'], { ...read, live: undefined }), 'refgrant grant .')
})
