import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { refgrant } from '../harness/program/cli.ts'

const HEAD = 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\n'
const cwd = folderWith({ 'warn.yaml': `${HEAD}mode: warn\n`, 'ignore.yaml': `${HEAD}failurePolicy: Ignore\n` })

const note = (server: string, where = '') =>
  `refgrant: apply this registration last: until a server answers at ${server}, the API server refuses each write${where} that names another namespace in a guarded field (failurePolicy: Fail)\n`
const service = 'Service refgrant in namespace refgrant-system'

suite('a registration that refuses writes while no server answers is printed with that remark on standard error:', () => {
  const remarks: Record<string, [argv: string[], stderr: string]> = {
    'all objects': [[], note(service)],
    'the registration alone': [['webhook'], note(service)],
    'as JSON': [['webhook', '-o', 'json'], note(service)],
    'outside the cluster': [['webhook', '--url', 'https://a.example:8443'], note('https://a.example:8443')],
    'in the label’s namespaces alone': [
      ['webhook', '--config', 'warn.yaml'],
      note(service, ', in namespaces with the label refgrant.dev/mode=deny,'),
    ],
    'not where writes are let through': [['--config', 'ignore.yaml'], ''],
    'not with the rights': [['rbac'], ''],
    'not with the policy': [['mode-label-policy'], ''],
  }
  for (const [title, [argv, stderr]] of Object.entries(remarks))
    test(title, async () => {
      const ended = await refgrant(['manifests', ...argv], { cwd })
      assert.deepEqual([ended.code, ended.stderr], [0, stderr])
      assert.notEqual(ended.stdout, '')
    })
})

test('the README applies the registration last', () => {
  const steps = ['manifests rbac', '/readyz', 'manifests webhook'].map((step) =>
    readFileSync('README.md', 'utf8').indexOf(step),
  )
  assert.ok(!steps.includes(-1), steps.join())
  assert.deepEqual(
    steps.toSorted((a, b) => a - b),
    steps,
  )
})

test('--diff does not pretend to compare the policy of the mode label', async () => {
  const { code, stdout, stderr } = await refgrant(['manifests', 'mode-label-policy', '--diff'], { cwd })
  assert.deepEqual([code, stdout], [2, ''])
  assert.equal(
    stderr,
    'refgrant: --diff compares rbac and webhook, and not mode-label-policy: run refgrant manifests mode-label-policy | kubectl diff -f -\n',
  )
})
