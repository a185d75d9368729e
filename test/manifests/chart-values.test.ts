import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { folderWith } from '../harness/folders.ts'
import { refgrant } from '../harness/program/cli.ts'

const FILE = `apiVersion: refgrant.dev/v1alpha1
kind: Configuration
mode: warn
exempt: { users: [jane] }
presets: [kong]
`
const cwd = folderWith({ 'refgrant.yaml': FILE })

const printed = async (...argv: string[]) => {
  const { code, stdout, stderr } = await refgrant(['manifests', ...argv], { cwd })
  assert.deepEqual([code, stderr], [0, ''])
  return parse(stdout)
}

interface Entry {
  readonly name: string
  readonly namespaceSelectors?: Record<string, object>
  readonly [field: string]: unknown
}

/** An entry of the registration, from the values as the chart places them. */
const placed = ({ path, namespaceSelectors, ...entry }: Entry, mode: string, matchConditions: unknown) => ({
  failurePolicy: 'Ignore',
  timeoutSeconds: 5,
  ...entry,
  clientConfig: { service: { namespace: 'refgrant-system', name: 'refgrant', path } },
  ...(namespaceSelectors && { namespaceSelector: namespaceSelectors[mode], matchConditions }),
})

suite('refgrant manifests values', () => {
  for (const argv of [[], ['--config', 'refgrant.yaml'], ['--mode', 'audit']])
    test(`has the parts of the registration and of the rights: ${argv.join(' ')}`, async () => {
      const { generated, configuration } = await printed('values', ...argv)
      const webhooks = generated.webhooks.map((entry: Entry) =>
        placed(entry, configuration.mode ?? 'deny', generated.matchConditions),
      )
      assert.deepEqual(webhooks, (await printed('webhook', ...argv)).webhooks)
      const { stdout } = await refgrant(['manifests', 'rbac', '-o', 'json', ...argv], { cwd })
      const role = JSON.parse(stdout).items.find(({ kind }: { kind: string }) => kind === 'ClusterRole')
      assert.deepEqual(generated.rights, role.rules.slice(0, generated.rights.length))
    })

  test('has the configuration as it is written, and all that shapes the registration', async () => {
    const { configuration, generated } = await printed('values', '--config', 'refgrant.yaml')
    const shaping = { modeLabel: 'refgrant.dev/mode', presets: ['kong'], guardedFields: [], grantKinds: [] }
    const exempt = { users: ['jane'], groups: [], serviceAccounts: [], namespaces: [] }
    assert.deepEqual(configuration, { ...parse(FILE), ...shaping, exempt })
    assert.deepEqual(generated.configuration, shaping)
  })

  test('cannot be compared with a cluster', async () => {
    const { code, stderr } = await refgrant(['manifests', 'values', '--diff'], { cwd })
    assert.deepEqual([code, stderr], [2, 'refgrant: --diff has no effect on the part values: leave it out\n'])
  })
})
