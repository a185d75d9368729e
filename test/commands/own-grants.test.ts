import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse, stringify } from 'yaml'
import { folderWith } from '../harness/folders.ts'
import { refgrant } from '../harness/program/cli.ts'

const GROUP = 'configuration.konghq.com'

const certificate = {
  apiVersion: `${GROUP}/v1alpha1`,
  kind: 'KongCertificate',
  metadata: { name: 'shop', namespace: 'shop' },
  spec: { type: 'secretRef', secretRef: { name: 'wildcard', namespace: 'billing' } },
}
const cwd = folderWith({
  'refgrant.yaml': stringify({ apiVersion: 'refgrant.dev/v1alpha1', kind: 'Configuration', presets: ['kong'] }),
  'certificate.yaml': stringify(certificate),
})
const run = (...argv: string[]) => refgrant([...argv, '--config', 'refgrant.yaml'], { cwd })

test('the printed grant has the kind that counts, and its form, and permits the reference', async () => {
  const { code, stdout } = await run('grant', '-f', 'certificate.yaml')
  assert.equal(code, 0)
  assert.deepEqual(parse(stdout), {
    apiVersion: `${GROUP}/v1alpha1`,
    kind: 'KongReferenceGrant',
    metadata: { name: parse(stdout).metadata.name, namespace: 'billing' },
    spec: {
      from: [{ group: GROUP, kind: 'KongCertificate', namespace: 'shop' }],
      to: [{ group: 'core', kind: 'Secret', name: 'wildcard' }],
    },
  })
  const checked = await refgrant(['check', '--config', 'refgrant.yaml', 'certificate.yaml', '-'], {
    cwd,
    input: stdout,
  })
  assert.deepEqual(
    [checked.code, checked.stdout],
    [0, '2 files, 2 objects, 1 reference into other namespaces: 0 errors, 0 warnings, 0 notes\n'],
  )
})

test('a finding about a grant names its kind', async () => {
  const grant = {
    apiVersion: `${GROUP}/v1alpha1`,
    kind: 'KongReferenceGrant',
    metadata: { name: 'routes', namespace: 'billing' },
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }],
      to: [{ group: 'core', kind: 'Secret', name: 'wildcard' }],
    },
  }
  const { stdout } = await refgrant(['check', '--config', 'refgrant.yaml', '-'], { cwd, input: stringify(grant) })
  assert.match(
    stdout,
    /warning: KongReferenceGrant "routes" in namespace "billing": spec\.from\[0\]\.kind is "HTTPRoute", a kind without a guarded field, so the entry permits nothing that is checked: correct the kind \[grant-unknown-referrer\]/,
  )
})

test('the fields of a preset are printed alone, with their sources', async () => {
  const { code, stdout } = await refgrant(['catalogue', '--preset', 'kong', '-o', 'json'])
  assert.equal(code, 0)
  const groups = JSON.parse(stdout).guardedFields.map(({ from }: { from: { group: string } }) => from.group)
  assert.deepEqual([...new Set(groups)], ['configuration.konghq.com'])
  const [field] = JSON.parse(stdout).guardedFields.slice(-1)
  assert.deepEqual([field.from.kind, field.path], ['KongCACertificate', 'spec.secretRef'])
  assert.equal(field.grantKind.kind, 'KongReferenceGrant')
  assert.match(field.source, /^https:\/\/github\.com\/Kong\//)
})
