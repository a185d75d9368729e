import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { refgrant } from '../harness/program/cli.ts'

const HEAD = 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\n'
const cwd = folderWith({ 'warn.yaml': `${HEAD}mode: warn\nfailurePolicy: Fail\n` })
const FAIL = ['--failure-policy', 'Fail']

const note = (server: string, where = '') =>
  `refgrant: apply this registration last: until a server answers at ${server}, the API server rejects each write${where} that names another namespace in a guarded field (failurePolicy: Fail)\n`
const service = 'Service refgrant in namespace refgrant-system'

suite('a remark on standard error says that the printed registration denies writes while no server answers:', () => {
  const remarks: Record<string, [argv: string[], stderr: string]> = {
    'all objects': [FAIL, note(service)],
    'only the registration': [['webhook', ...FAIL], note(service)],
    'as JSON': [['webhook', ...FAIL, '-o', 'json'], note(service)],
    'outside the cluster': [['webhook', ...FAIL, '--url', 'https://a.example:8443'], note('https://a.example:8443')],
    'only in namespaces with the label': [
      ['webhook', '--config', 'warn.yaml'],
      note(service, ', in namespaces with the label refgrant.dev/mode=deny,'),
    ],
    'not if such writes are allowed, as by default': [[], ''],
    'not for the rights': [['rbac', ...FAIL], ''],
    'not for the policy': [['mode-label-policy', ...FAIL], ''],
  }
  for (const [title, [argv, stderr]] of Object.entries(remarks))
    test(title, async () => {
      const ended = await refgrant(['manifests', ...argv], { cwd })
      assert.deepEqual([ended.code, ended.stderr], [0, stderr])
      assert.notEqual(ended.stdout, '')
    })
})

suite('an address that is not an origin is refused:', { concurrency: 2 }, () => {
  const wrong: Record<string, string> = {
    'a path': 'https://a.example/validate',
    'a query': 'https://a.example?b',
    'an empty query': 'https://a.example/?',
    'a fragment': 'https://a.example#b',
    'a user': 'https://jane@a.example',
    'a password alone': 'https://:secret@a.example',
    'no host': 'https://',
    'no scheme': 'a.example:8443',
    'plain HTTP': 'http://a.example',
    'a port that is too high': 'https://a.example:65536',
  }
  for (const [title, url] of Object.entries(wrong))
    test(title, async () => {
      const { code, stdout, stderr } = await refgrant(['manifests', 'webhook', '--url', url], { cwd })
      assert.deepEqual([code, stdout], [2, ''])
      assert.equal(
        stderr,
        `refgrant: option '--url <url>' cannot be '${url}': it must be https://HOST:PORT, without a user, a query or a fragment, which the API server rejects, and without a path, since each entry adds its own. See: refgrant manifests --help\n`,
      )
    })
})

test('--diff rejects the policy of the mode label, which it cannot compare', async () => {
  const { code, stdout, stderr } = await refgrant(['manifests', 'mode-label-policy', '--diff'], { cwd })
  assert.deepEqual([code, stdout], [2, ''])
  assert.equal(
    stderr,
    'refgrant: --diff compares only rbac and webhook, not mode-label-policy: run refgrant manifests mode-label-policy | kubectl diff -f -\n',
  )
})

suite('the rights of the server', () => {
  const rights = async (...argv: string[]) => (await refgrant(['manifests', 'rbac', ...argv], { cwd })).stdout

  test('include those on its Secret and its registration only if it issues its certificate itself', async () => {
    const [own, files] = [await rights(), await rights('--certificates', 'files')]
    assert.match(own, /\n {6}- secrets\n {4}resourceNames:\n {6}- refgrant-authority\n/)
    assert.match(own, /\n {6}- patch\n/)
    assert.doesNotMatch(files, /secret|patch|update|create/)
    assert.match(await rights('--secret', 'other'), /\n {4}resourceNames:\n {6}- other\n/)
  })

  test('do not fit authorities from a file', async () => {
    const { code, stderr } = await refgrant(['manifests', '--certificates', 'self-managed', '--ca', 'ca.crt'], { cwd })
    assert.equal(code, 2)
    assert.match(stderr, /^refgrant: --certificates self-managed does not use --ca: /)
  })
})
