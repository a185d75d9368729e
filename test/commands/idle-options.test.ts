import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

const QUESTION = ['--from', 'HTTPRoute/shop', '--to', 'Service/billing/payments']

const live = (it: string) => `without --live, which reads the grants of a cluster: leave ${it} out, or add --live`
const CLUSTER = 'beside files: leave it out, or leave out the files, to audit the cluster'

/** Options without an effect: the arguments, and the line on standard error. */
const idle: Record<string, readonly string[]> = {
  [`--context has no effect ${live('it')}`]: ['check', '.', '--context', 'dev'],
  [`--kubeconfig, --as have no effect ${live('them')}`]: ['grant', '.', '--as', 'jane', '--kubeconfig', 'a'],
  [`--as-group has no effect ${live('it')}`]: ['explain', '-f', '.', '--as-group', 'a'],
  [`--as-user-extra has no effect ${live('it')}`]: ['explain', ...QUESTION, '--grants', '.', '--as-user-extra', 'a=b'],
  [`--as-uid has no effect ${CLUSTER}`]: ['audit', '.', '--as-uid', '1'],
  [`--all-namespaces has no effect ${CLUSTER}`]: ['audit', '-A', '-f', '.'],
  '--exclude has no effect without files: leave it out': ['audit', '--exclude', 'a'],
  '--exclude has no effect without files: leave it out ': ['explain', 'httproute/a', '--exclude', 'a'],
  '--exclude has no effect without files: leave it out  ': ['grant', ...QUESTION, '--exclude', 'a'],
  '--namespace has no effect beside KIND/NAMESPACE, which names the namespace: leave it out': [
    ...['grant', ...QUESTION, '-n', 'market'],
  ],
  '--namespace has no effect beside KIND/NAMESPACE, which names the namespace: leave it out ': [
    ...['explain', 'httproute/shop/checkout', '-n', 'market'],
  ],
  '--live, --namespace have no effect with the code of a finding: leave them out': [
    ...['explain', 'not-permitted', '--live', '-n', 'shop'],
  ],
  '--since has no effect with -o csv, which does not print what differs: leave it out': [
    ...['audit', '.', '--since', 'a', '-o', 'csv'],
  ],
  '--config has no effect with --preset, which prints only what presets add: leave it out': [
    ...['catalogue', '--preset', 'kong', '--config', 'a'],
  ],
  '--context has no effect without --diff, which reads the cluster: leave it out, or add --diff': [
    ...['manifests', '--context', 'dev'],
  ],
  '--ca, --certificates have no effect on the part values: leave them out': [
    ...['manifests', 'values', '--ca', 'a', '--certificates', 'files'],
  ],
  '--host, --propagation have no effect with a certificate from files: leave them out': [
    ...['serve', '--cert', 'a', '--host', 'a.example', '--propagation', '1s'],
  ],
  '--secret has no effect with a certificate from files: leave it out': ['serve', '--grants', '.', '--secret', 'a'],
  '--name, --namespace, --static, --failure-policy have no effect with --grants, which needs no cluster and no registration: leave them out':
    ['serve', '--grants', '.', '--name', 'a', '--namespace', 'b', '--static', '--failure-policy', 'Fail'],
  '--live has no effect without files, since the cluster is read anyway: leave it out': [
    ...['explain', 'httproute/checkout', '--live'],
  ],
  '--live has no effect without files, since the cluster is read anyway: leave it out ': [
    'grant',
    ...QUESTION,
    '--live',
  ],
  '--diff has no effect on the part values: leave it out': ['manifests', 'values', '--diff'],
}

suite('an option without an effect is refused:', { concurrency: 2 }, () => {
  const cwd = folderWith({ 'route.yaml': ROUTE, 'grant.yaml': GRANT })
  for (const [says, argv] of Object.entries(idle))
    test(argv.join(' '), async () => {
      const { code, stdout, stderr } = await refgrant(argv, { cwd })
      assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: `refgrant: ${says.trim()}\n` })
    })

  test('but not one of the environment, which may be meant for other commands', async () => {
    const env = { REFGRANT_CONTEXT: 'dev', REFGRANT_KUBECONFIG: 'a' }
    assert.deepEqual(await refgrant(['check', '.'], { cwd, env }), await refgrant(['check', '.'], { cwd }))
  })
})
