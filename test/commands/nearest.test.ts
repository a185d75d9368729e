import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

const NEARLY = GRANT.replace('kind: HTTPRoute', 'kind: GRPCRoute')

const nearest =
  'The nearest is ReferenceGrant "shop" in namespace "billing": spec.from[0].kind is "GRPCRoute", but the reference comes from an HTTPRoute.'

test('check names the grant that is nearest, in the same line, and points to explain', async () => {
  const cwd = folderWith({ 'route.yaml': ROUTE, 'grant.yaml': NEARLY })
  const { code, stdout } = await refgrant(['check', '.'], { cwd })
  const [line = ''] = stdout.split('\n')
  assert.equal(code, 1)
  assert.ok(line.endsWith(`which no ReferenceGrant permits. ${nearest} [not-permitted]`), line)
  assert.match(stdout, /^To see every grant that nearly permits a reference: refgrant explain -f \.$/m)
  const [finding] = JSON.parse((await refgrant(['check', '.', '-o', 'json'], { cwd })).stdout).findings
  assert.ok(finding.message.endsWith(nearest), finding.message)
  assert.deepEqual(finding.nearest, {
    grant: { group: 'gateway.networking.k8s.io', kind: 'ReferenceGrant', namespace: 'billing', name: 'shop' },
    differences: [{ field: 'spec.from[0].kind', found: 'GRPCRoute', wanted: 'HTTPRoute', reason: 'other' }],
  })
})

test('check finds the grant that is nearest among those of --grants too', async () => {
  const cwd = folderWith({ 'route.yaml': ROUTE, 'grants/grant.yaml': NEARLY })
  const { stdout } = await refgrant(['check', 'route.yaml', '--grants', 'grants'], { cwd })
  assert.ok(stdout.includes(nearest), stdout)
  assert.match(stdout, /refgrant explain -f route\.yaml --grants grants$/m)
})

test('check does not name a grant that is for another object of another namespace, nor point to explain', async () => {
  const other = GRANT.replace('namespace: shop', 'namespace: warehouse').replace('payments', 'ledger')
  const { stdout } = await refgrant(['check', '.'], { cwd: folderWith({ 'route.yaml': ROUTE, 'grant.yaml': other }) })
  assert.doesNotMatch(stdout, /nearest|explain/)
})
