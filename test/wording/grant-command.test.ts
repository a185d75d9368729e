import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clusterOptionsOf,
  explainCommandFor,
  explainObjectCommandFor,
  grantCommandFor,
  grantQuestionFor,
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

const REFERENCE = {
  from: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' },
  to: { group: '', kind: 'Service', namespace: 'billing', name: 'payments' },
  path: '',
}
const QUESTION = '--from HTTPRoute.gateway.networking.k8s.io/shop --to Service/billing/payments'

test('a question is asked again of the same cluster, or of the same files', () => {
  const read = { program: 'refgrant', exclude: [], kubeconfig: 'k', as: 'me', config: 'c.yaml' } as const
  const cluster = '--kubeconfig k --as me'
  const ask = (paths: readonly string[], more = {}) => grantQuestionFor(REFERENCE, paths, { ...read, ...more })
  assert.equal(ask([]), `refgrant grant ${QUESTION} ${cluster} --config c.yaml`)
  assert.equal(ask([], { live: true }), `refgrant grant ${QUESTION} ${cluster} --config c.yaml`)
  assert.equal(ask(['m']), `refgrant grant ${QUESTION} -f m --config c.yaml`)
  assert.equal(ask(['m'], { live: true }), `refgrant grant ${QUESTION} -f m --live ${cluster} --config c.yaml`)
  assert.equal(ask([], { kustomize: 'kz' }), `refgrant grant ${QUESTION} -k kz --config c.yaml`)
  assert.equal(ask([], { grants: ['g'] }), `refgrant grant ${QUESTION} --grants g --config c.yaml`)
})

test('what cannot be read again is to be saved to a file first', () => {
  const read = { program: 'refgrant', exclude: [] }
  assert.equal(grantCommandFor(['-'], read), 'save standard input as FILE, then run: refgrant grant FILE')
  assert.equal(
    explainCommandFor(['a.yaml', '/dev/fd/63'], { ...read, grants: ['-', 'g'] }),
    'save /dev/fd/63 as FILE1 and standard input as FILE2, then run: refgrant explain -f a.yaml FILE1 --grants FILE2 g',
  )
  assert.equal(
    grantQuestionFor(REFERENCE, ['/dev/stdin'], read),
    `save /dev/stdin as FILE, then run: refgrant grant ${QUESTION} -f FILE`,
  )
})
