import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { rendered } from '../harness/control-plane/chart.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { refgrant } from '../harness/program/cli.ts'
import { configFile } from '../harness/program/live-config.ts'
import { startRefgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'

let cluster: Cluster

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('infra')
})
after(() => cluster?.controlPlane.stop())

const ofKind = (objects: readonly ApiObject[], kind: string) => objects.find((object) => object.kind === kind)

/** The flags that the chart's Deployment and its environment stand for, apart from addresses and files. */
function flagsIn(objects: readonly ApiObject[]): string[] {
  const { metadata, spec } = ofKind(objects, 'Deployment') as unknown as {
    metadata: { namespace: string }
    spec: { template: { spec: { containers: { env: { name: string; value: string }[] }[] } } }
  }
  const env = spec.template.spec.containers.flatMap(({ env }) => env)
  const kept = env.filter(({ name }) => /^REFGRANT_(NAME|SECRET)$/.test(name))
  const flags = kept.flatMap(({ name, value }) => [`--${name.slice('REFGRANT_'.length).toLowerCase()}`, value])
  // Its default is the namespace of the Pod.
  return ['--namespace', metadata.namespace, ...flags]
}

/** Starts the server with the account and the configuration of the chart. */
async function serve(objects: readonly ApiObject[]) {
  const { api, kubeconfigFor } = cluster.controlPlane
  const { metadata } = ofKind(objects, 'ServiceAccount') as ApiObject
  const token = await api.token(metadata.namespace ?? '', metadata.name)
  const account = await kubeconfigFor(`${metadata.namespace}-${metadata.name}`, token)
  const { data } = ofKind(objects, 'ConfigMap') as unknown as { data: Record<string, string> }
  const file = path.join(folderWith(data), 'refgrant.yaml')
  const grants = ['--kubeconfig', account, '--config', file]
  return startRefgrant({ certs: cluster.certs, selfManaged: true, grants, more: flagsIn(objects) })
}

const values = async (fields: object) => {
  const { stdout } = await refgrant(['manifests', 'values', '--config', configFile(fields)])
  return ['--values', path.join(folderWith({ 'values.yaml': stdout }), 'values.yaml')]
}

suite('with the account and the configuration of the chart, refgrant finds no difference,', () => {
  const settings: Record<string, () => Promise<string[]> | string[]> = {
    'by default': () => [],
    'with other names': () => ['--set', 'fullnameOverride=gate,namespaceOverride=infra'],
    'in another mode, under Fail, with another timeout': () => [
      '--set',
      'configuration.mode=warn,configuration.failurePolicy=Fail,configuration.timeoutSeconds=9',
    ],
    'with rows and another label': () => values({ presets: ['volume-data-sources'], modeLabel: 'example.com/mode' }),
  }
  for (const [title, valuesOf] of Object.entries(settings))
    test(title, async () => {
      const { api } = cluster.controlPlane
      const objects = await rendered(...(await valuesOf()))
      await api.apply(...objects)
      const server = await serve(objects)
      try {
        await until('there is no difference', async () => (await server.metric('refgrant_drift')) === 0)
        const live = await api.must(
          'GET',
          await api.pathOf(ofKind(objects, 'ValidatingWebhookConfiguration') as ApiObject),
        )
        for (const { clientConfig } of live.webhooks) assert.ok(clientConfig.caBundle)
      } finally {
        await server.stop()
        await api.delete(...objects)
      }
    })
})
