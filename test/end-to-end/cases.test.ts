import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import { type Case, configurationFile, readCases } from '../harness/objects/cases.ts'
import { ownCrds } from '../harness/objects/own-crds.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'

/** What the API server itself says of an old version of a kind. */
const DEPRECATION = /^Warning: The \w+ version of \w+ has been deprecated/

/**
 * What cases about PersistentVolumeClaims need: only with this gate the API server keeps the namespace of a data source, and
 * with this plugin a claim outlasts its deletion where no controller releases it.
 */
const CLAIMS = [
  '--feature-gates=CrossNamespaceVolumeDataSource=true',
  '--disable-admission-plugins=StorageObjectInUseProtection',
]

let cluster: Cluster
let refgrant: Refgrant

const knows = (count: number) =>
  until(`refgrant knows ${count} grants`, async () => (await refgrant.metric('refgrant_grants')) === count)

for (const [release, cases] of Map.groupBy(readCases(), ({ expect }) => expect.release)) {
  suite(`cases through kubectl and a real API server, Gateway API ${release ?? 'of the newest release'}`, () => {
    before(async () => {
      cluster = await startCluster(release, CLAIMS)
      await cluster.controlPlane.api.installCrds([...ownCrds().values()].flat())
      const objects = cases.flatMap(({ object, grants, grantsBefore }) => [object, ...grants, ...grantsBefore])
      await cluster.namespaces(...new Set(objects.map(({ metadata }) => metadata.namespace as string)))
    })
    after(() => cluster?.controlPlane.stop())
    for (const [configuration, alike] of Map.groupBy(cases, (one) => one.configuration))
      suite(configuration ?? 'the default configuration', () => {
        before(async () => {
          const file = configurationFile({ configuration })
          const configured = file === undefined ? [] : ['--config', file]
          await cluster.controlPlane.api.apply(...(await printed('manifests', 'rbac', ...configured)))
          refgrant = await startGuard(cluster, cluster.account, [], configured, configured)
        })
        after(() => refgrant?.stop())
        for (const one of alike) test(one.title, () => run(one))
      })
  })
}

async function run(one: Case): Promise<void> {
  const { api } = cluster.controlPlane
  try {
    if (one.oldObject) {
      await api.apply(...one.grantsBefore)
      await kubectlApply(one.oldObject)
      await api.delete(...one.grantsBefore)
      await knows(0)
    }
    await api.apply(...one.grants)
    check(one, await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(one.object)))
  } finally {
    await api.delete(one.object, ...one.grants, ...one.grantsBefore)
    await knows(0)
  }
}

async function kubectlApply(object: unknown): Promise<void> {
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object))
  assert.equal(code, 0, stderr)
}

function check({ expect }: Case, { code, stderr }: { code: number; stderr: string }): void {
  assert.equal(code === 0, expect.allowed, stderr)
  for (const text of expect.message ?? []) assert.ok(stderr.includes(text), stderr)
  const warnings = stderr.split('\n').filter((line) => line.startsWith('Warning:') && !DEPRECATION.test(line))
  assert.equal(warnings.length, expect.warnings?.length ?? 0, stderr)
  for (const text of expect.warnings ?? []) assert.ok(stderr.includes(text), stderr)
}
