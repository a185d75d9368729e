import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { rendered } from '../harness/control-plane/chart.ts'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { documented } from '../harness/control-plane/installation.ts'
import { refgrant as command } from '../harness/program/cli.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { run } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'

const NAMESPACE = 'refgrant-system'

let cluster: Cluster
let refgrant: Refgrant
/** A kubeconfig of the account of the probe, with the rights that the chart gives it. */
let account: string

before(async () => {
  cluster = await startCluster()
  const { api, kubeconfigFor } = cluster.controlPlane
  refgrant = await startGuard(cluster)
  const objects = await rendered('--show-only', 'templates/probe.yaml')
  await api.apply(...objects.filter(({ kind }) => kind !== 'Job'))
  account = await kubeconfigFor('probe', await api.token(NAMESPACE, 'refgrant-probe'))
})
after(async () => {
  await refgrant?.stop()
  await cluster?.controlPlane.stop()
})

const probe = (...argv: string[]) => command(['probe', '--kubeconfig', account, ...argv])

const label = (mode: string) =>
  cluster.kubectl(['label', '--overwrite', 'namespace', 'default', `refgrant.dev/mode=${mode}`])

/** The grants that a probe has left. */
const left = async () => (await cluster.kubectl(['get', 'referencegrants', '-A', '-o', 'name'])).stdout

suite('refgrant probe, with the account of the chart', () => {
  const modes: Record<string, string> = {
    deny: 'the API server refused a route without a grant, and allowed it with one',
    warn: 'the API server warned without a grant, and did not warn with one',
    audit: 'the API server allowed a route without a grant; look for the annotations of refgrant in its audit log',
  }
  for (const [mode, words] of Object.entries(modes))
    test(`sees mode ${mode}, and leaves no grant`, async () => {
      await label(mode)
      assert.deepEqual(await probe(), {
        code: 0,
        stdout: `namespace default has mode ${mode}: ${words}\n`,
        stderr: '',
      })
      assert.equal(await left(), '')
    })

  test('takes the mode from the configuration where the namespace has no label', async () => {
    await label('deny')
    await cluster.kubectl(['label', 'namespace', 'default', 'refgrant.dev/mode-'])
    assert.match(
      (await probe('--mode', 'deny')).stdout,
      /has mode deny: the API server refused a route without a grant/,
    )
  })

  test('can do nothing else with its account', async () => {
    for (const right of [
      'create httproutes -n refgrant-system',
      'list referencegrants -A',
      'get secrets -A',
      'get validatingwebhookconfigurations/other',
      'list validatingwebhookconfigurations',
      'get pods -A',
    ]) {
      const { stdout } = await cluster.kubectl([
        'auth',
        'can-i',
        ...right.split(' '),
        `--as=system:serviceaccount:${NAMESPACE}:refgrant-probe`,
      ])
      assert.equal(stdout.trim(), 'no', right)
    }
  })

  test('says in one line what failed, on what, and what to do', async () => {
    await label('deny')
    const admin = (...argv: string[]) =>
      command(['probe', '--kubeconfig', cluster.controlPlane.kubeconfig, '--wait', '60', ...argv])
    const rights = 'the account refgrant-probe of the chart has the rights that a probe needs'
    const name = 'name namespaces that exist with -n and --target-namespace'
    for (const [argv, says] of [
      [['--as', 'jane'], `/api/v1/namespaces/default: HTTP 403: .*"jane" cannot get .*; ${rights}`],
      [['-n', 'nosuch'], `/api/v1/namespaces/nosuch: HTTP 404: namespaces "nosuch" not found; ${name}`],
      [['--target-namespace', 'nosuch'], `/apis/.*/nosuch/.*: HTTP 404: namespaces "nosuch" not found; ${name}`],
    ] as const) {
      const { code, stdout, stderr } = await admin(...argv)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, new RegExp(`^refgrant: cannot probe the cluster: ${says}\n$`))
    }
  })

  test('fails if refgrant does not answer, with the words of the API server', async () => {
    await refgrant.stop()
    const { code, stdout, stderr } = await probe('--wait', '1')
    assert.deepEqual([code, stderr], [1, ''])
    assert.match(
      stdout,
      /^the dry run without a grant was not refused as mode deny requires: .*failed calling webhook "deny\.refgrant\.dev"/,
    )
    assert.equal(await left(), '')
  })

  test('says without a wait that refgrant is switched off, and by which command it is switched on', async () => {
    await documented('off', cluster.controlPlane)
    const { code, stdout } = await probe('--wait', '3600')
    assert.equal(code, 1)
    const [says, command = ''] = stdout.split('\n  ')
    assert.equal(
      says,
      'refgrant is switched off: in ValidatingWebhookConfiguration refgrant, deny.refgrant.dev, warn.refgrant.dev, audit.refgrant.dev, advisory.refgrant.dev match no object. To switch it on:',
    )
    await run('bash', ['-c', command.replace(/^kubectl/, '"$KUBECTL"')], {
      env: { KUBECTL: cluster.controlPlane.kubectl, KUBECONFIG: cluster.controlPlane.kubeconfig },
    })
    assert.doesNotMatch((await probe('--wait', '0')).stdout, /switched off/)
  })

  test('says without a wait that the registration does not exist', async () => {
    await cluster.kubectl(['delete', 'validatingwebhookconfiguration', 'refgrant'])
    // The API server goes by that a moment later.
    const { code } = await until('the probe says so', async () => {
      const ended = await probe('--wait', '3600')
      return (
        /the API server allowed the route, and did not warn\. ValidatingWebhookConfiguration refgrant does not exist/.test(
          ended.stdout,
        ) && ended
      )
    })
    assert.equal(code, 1)
  })

  test('cannot tell why with an account that may not read the registration', async () => {
    await cluster.kubectl(['delete', 'clusterrolebinding', 'refgrant-probe'])
    await until('the rights are gone', async () =>
      /^the dry run .*The registration may be missing or switched off, or have another mode/.test(
        (await probe('--wait', '0')).stdout,
      ),
    )
  })

  test('does not probe a cluster without Gateway API', async () => {
    await cluster.kubectl(['delete', 'crd', 'httproutes.gateway.networking.k8s.io'])
    const { code, stdout } = await probe()
    assert.deepEqual(
      [code, stdout],
      [0, 'not probed: the cluster does not serve HTTPRoutes and ReferenceGrants of Gateway API\n'],
    )
  })
})
