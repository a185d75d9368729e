import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import manifest from '../../package.json' with { type: 'json' }
import { CHART, overlay, overlays, REGISTRY, rendered, template, valuesFiles } from '../harness/control-plane/chart.ts'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import { helm, helmUnittest } from '../harness/control-plane/helm.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { refgrant } from '../harness/program/cli.ts'
import { run } from '../harness/program/run.ts'

const ALL = ['--values', `${CHART}/ci/all-values.yaml`]

/** A configuration with rows, and the values that follow from it. */
async function configured() {
  const text = 'apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\nmodeLabel: example.com/mode\npresets: [kong]\n'
  const config = path.join(folderWith({ 'refgrant.yaml': text }), 'refgrant.yaml')
  const { stdout } = await refgrant(['manifests', 'values', '--config', config])
  const values = path.join(folderWith({ 'values.yaml': stdout }), 'values.yaml')
  return { config, values }
}

const registrationIn = (objects: readonly ApiObject[]) =>
  objects.find(({ kind }) => kind === 'ValidatingWebhookConfiguration')?.webhooks

const rightsIn = (objects: readonly ApiObject[]) =>
  objects.filter(({ kind }) => kind.endsWith('Role')).map(({ kind, rules }) => [kind, rules])

suite('the chart', () => {
  test('has no problem that helm lint finds', async () => {
    for (const major of [4, 3] as const)
      for (const values of valuesFiles) {
        const { code, stdout } = await run(await helm(major), ['lint', CHART, '--strict', '--values', values])
        assert.equal(code, 0, stdout)
      }
  })

  test('passes its own suite, in manifests/chart/tests', async () => {
    const { code, stdout, stderr } = await run(await helmUnittest(), ['--strict', CHART])
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /^Tests: +[1-9]\d* passed/m)
  })

  test('renders the same bytes each time, without an authority', async () => {
    for (const values of [REGISTRY, ALL]) {
      const [one, other] = [await template(...values), await template(...values)]
      assert.equal(one.code, 0, one.stderr)
      assert.equal(one.stdout, other.stdout)
      assert.ok(!one.stdout.includes('caBundle'))
    }
  })

  const settings: Record<string, [values: string[], argv: string[]]> = {
    'by default': [[], []],
    'in mode warn': [
      ['--set', 'configuration.mode=warn'],
      ['--mode', 'warn'],
    ],
    'in mode audit': [
      ['--set', 'configuration.mode=audit'],
      ['--mode', 'audit'],
    ],
    'with other names': [
      ['--set', 'fullnameOverride=gate,namespaceOverride=infra'],
      ['--name', 'gate', '--namespace', 'infra', '--secret', 'gate-authority'],
    ],
    'with a certificate from a Secret': [
      ['--set', 'certificates.source=files,certificates.secretName=tls'],
      ['--certificates', 'files'],
    ],
    'with a certificate of cert-manager': [
      ['--set', 'certManager.enabled=true'],
      ['--certificates', 'files'],
    ],
    'under Fail': [
      ['--set', 'configuration.failurePolicy=Fail'],
      ['--failure-policy', 'Fail'],
    ],
  }
  for (const [title, [values, argv]] of Object.entries(settings))
    test(`has the registration and the rights that refgrant manifests prints, ${title}`, async () => {
      const [chart, command] = [await rendered(...values), await printed('manifests', ...argv)]
      assert.deepEqual(registrationIn(chart), registrationIn(command))
      assert.deepEqual(rightsIn(chart), rightsIn(command))
    })

  test('registers what refgrant manifests prints, for a configuration with rows', async () => {
    const { config, values } = await configured()
    assert.deepEqual(
      registrationIn(await rendered('--values', values)),
      registrationIn(await printed('manifests', '--config', config)),
    )
  })

  test('lets cert-manager write no Secret that refgrant itself writes or the chart makes', async () => {
    const names = (objects: readonly ApiObject[], kind: string, name: (object: ApiObject) => unknown) =>
      objects.filter((object) => object.kind === kind).map(name)
    const own = names(await rendered(), 'Secret', ({ metadata }) => metadata.name)
    const issued = names(
      await rendered('--set', 'certManager.enabled=true'),
      'Certificate',
      ({ spec }) => (spec as { secretName: string }).secretName,
    )
    assert.deepEqual([own, issued], [['refgrant-authority'], ['refgrant-tls', 'refgrant-ca']])
  })

  const refused: Record<string, [values: string[], says: string]> = {
    'no registry': [[], 'image.registry is missing'],
    'an unknown value': [[...REGISTRY, '--set', 'replicas=3'], "additional properties 'replicas' not allowed"],
    'an unknown field of the configuration': [[...REGISTRY, '--set', 'configuration.exmpt=1'], "'exmpt' not allowed"],
    'the port of the kubelet on the network of the node': [
      [...REGISTRY, '--set', 'hostNetwork=true'],
      "at '/webhook/port'",
    ],
    'a preset without the values that follow from it': [
      [...REGISTRY, '--set', 'configuration.presets={kong}'],
      'configuration.presets is not the one that `generated` is from',
    ],
    'files without their Secret': [
      [...REGISTRY, '--set', 'certificates.source=files'],
      'certificates.secretName is missing',
    ],
    'a Secret that nothing reads': [
      [...REGISTRY, '--set', 'certificates.secretName=tls'],
      'certificates.secretName is for certificates.source=files',
    ],
    'two sources of the certificate': [
      [...REGISTRY, '--set', 'certManager.enabled=true,certificates.source=files,certificates.secretName=tls'],
      'certManager.enabled and certificates.source=files exclude each other',
    ],
    'a name that no Service can have': [
      [...REGISTRY, '--set', 'fullnameOverride=Refgrant'],
      'the objects cannot have the name "Refgrant"',
    ],
    'a name that is too long for its Services': [
      [...REGISTRY, '--set', `nameOverride=${'a'.repeat(50)}`],
      `the objects cannot have the name "refgrant-${'a'.repeat(50)}"`,
    ],
    'one port for the webhook and for metrics': [
      [...REGISTRY, '--set', 'webhook.port=8080'],
      'webhook.port and metrics.port are both 8080',
    ],
    'a probe in the namespace that it refers to': [
      [...REGISTRY, '--set', 'probe.namespace=refgrant-system'],
      'probe.namespace is the namespace of refgrant',
    ],
    'a registry with a scheme': [['--set', 'image.registry=https://example.com'], "at '/image/registry'"],
    'a registry with a slash at its end': [['--set', 'image.registry=example.com/'], "at '/image/registry'"],
    'a label that selects the Pods': [
      [...REGISTRY, '--set', 'podLabels.app\\.kubernetes\\.io/name=gate'],
      'podLabels has the label app.kubernetes.io/name, which the chart sets',
    ],
    'a label that is a number': [[...REGISTRY, '--set', 'commonLabels.team=1'], "at '/commonLabels/team'"],
    'the name of a Secret where its object belongs': [
      [...REGISTRY, '--set', 'imagePullSecrets={registry}'],
      "at '/imagePullSecrets/0'",
    ],
    'a budget that would block each drain': [
      [...REGISTRY, '--set', 'podDisruptionBudget.maxUnavailable=0'],
      "at '/podDisruptionBudget/maxUnavailable'",
    ],
    'an interval without a unit': [
      [...REGISTRY, '--set-string', 'serviceMonitor.interval=30'],
      "at '/serviceMonitor/interval'",
    ],
  }
  for (const [title, [values, says]] of Object.entries(refused))
    test(`refuses ${title}`, async () => {
      const { code, stderr } = await template(...values)
      assert.equal(code, 1)
      assert.ok(stderr.includes(says), stderr)
    })

  for (const folder of overlays)
    test(`renders ${folder}, as make overlays does`, async () => {
      assert.equal(readFileSync(`${folder}/refgrant.yaml`, 'utf8'), await overlay(folder))
    })

  test('has the alerts of docs/monitoring.md', async () => {
    const [, alerts = ''] = /```yaml\n(.*?)```/s.exec(readFileSync('docs/monitoring.md', 'utf8')) ?? []
    const objects = await rendered('--set', 'prometheusRule.enabled=true')
    assert.deepEqual(objects.find(({ kind }) => kind === 'PrometheusRule')?.spec, parse(alerts))
  })

  test('has the dashboard in a ConfigMap that the sidecar of Grafana finds', async () => {
    const dashboards = (objects: readonly ApiObject[]) =>
      objects.filter(({ kind, data }) => kind === 'ConfigMap' && JSON.stringify(data).includes('refgrant.json'))
    assert.deepEqual(dashboards(await rendered()), [])
    const [dashboard] = dashboards(await rendered('--set', 'grafana.enabled=true'))
    const { metadata, data } = dashboard as ApiObject & {
      metadata: { labels: Record<string, string> }
      data: Record<string, string>
    }
    assert.equal(metadata.labels.grafana_dashboard, '1')
    const file = readFileSync(`${CHART}/dashboard.json`, 'utf8')
    assert.deepEqual(JSON.parse(data['refgrant.json'] ?? ''), JSON.parse(file))
  })

  test('is for the version of the package', () => {
    const { version, appVersion } = parse(readFileSync(`${CHART}/Chart.yaml`, 'utf8'))
    assert.deepEqual([version, appVersion], [manifest.version, manifest.version])
  })

  test('has a disruption budget only above one replica', async () => {
    const budgets = async (replicas: number) =>
      (await rendered('--set', `replicaCount=${replicas}`)).filter(({ kind }) => kind === 'PodDisruptionBudget').length
    assert.deepEqual([await budgets(1), await budgets(2)], [0, 1])
  })
})
