import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import { coverageOf, registrationOf } from '../../src/config/config.ts'
import { readConfig } from '../../src/config/read.ts'
import { webhookConfiguration } from '../../src/manifests/webhook.ts'
import { auditAnnotations, auditLogEnd } from '../harness/control-plane/audit-log.ts'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import { letWrite } from '../harness/control-plane/users.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { type Case, type CaseExpectation, readCases } from '../harness/objects/cases.ts'
import { ownCrds } from '../harness/objects/own-crds.ts'
import { configFile, configFileOf, configure } from '../harness/program/live-config.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import type { Result } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'

/** What the API server itself says of an old version of a kind, and kubectl of what is being deleted. */
const NOT_OURS =
  /^Warning: (The \w+ version of \w+ has been deprecated|Detected changes to resource \S+ which is currently)/

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

for (const [release, cases] of Map.groupBy(readCases(), ({ expect }) => expect.release)) {
  suite(`cases through kubectl and a real API server, Gateway API ${release ?? 'of the newest release'}`, () => {
    before(async () => {
      cluster = await startCluster({ release, apiServerFlags: CLAIMS })
      const { api } = cluster.controlPlane
      await api.installCrds([...ownCrds().values()].flat())
      await api.apply(...namespacesOf(cases))
      await letWrite(cluster, [...new Set(cases.flatMap(({ request }) => request.user ?? []))])
    })
    after(() => cluster?.controlPlane.stop())
    // A new configuration is read by the server that runs, as far as it can; only for the rest another one is started.
    for (const alike of Map.groupBy(cases, registrationFor).values()) runUnderOneRegistration(alike)
  })
}

function runUnderOneRegistration(cases: readonly Case[]): void {
  const [{ configuration: first }] = cases as [Case]
  suite(`registered for ${nameOf(first)}`, () => {
    const file = configFile(fieldsOf(first))
    let inForce = first
    before(async () => {
      await cluster.controlPlane.api.apply(...(await printed('manifests', 'rbac', '--config', file)))
      refgrant = await startGuard(cluster, { config: file })
    })
    after(() => refgrant?.stop())
    for (const [configuration, alike] of Map.groupBy(cases, (one) => one.configuration))
      suite(nameOf(configuration), () => {
        before(async () => {
          if (inForce !== configuration) await configure(refgrant, file, fieldsOf(configuration))
          inForce = configuration
        })
        for (const one of alike) test(one.title, () => run(one))
      })
  })
}

function nameOf(configuration: string): string {
  return configuration === '' ? 'the default configuration' : JSON.stringify(fieldsOf(configuration))
}

function fieldsOf(configuration: string): object {
  return parse(configuration) ?? {}
}

/** What of a case's configuration a server that runs cannot take over. */
function registrationFor({ configuration }: Case): string {
  const config = readConfig(configFileOf(configuration))
  return JSON.stringify([webhookConfiguration(registrationOf(config), {}), coverageOf(config).grantKinds])
}

function namespacesOf(cases: readonly Case[]): ApiObject[] {
  const labels = new Map<string, Case['request']['namespaceLabels']>()
  for (const { title, object, grants, grantsBefore, request } of cases) {
    const { namespace = '' } = object.metadata
    if (labels.has(namespace) && !isDeepStrictEqual(labels.get(namespace), request.namespaceLabels))
      throw new Error(`${title}: another case gives namespace ${namespace} other labels`)
    labels.set(namespace, request.namespaceLabels)
    for (const { metadata } of [...grants, ...grantsBefore])
      if (!labels.has(metadata.namespace ?? '')) labels.set(metadata.namespace ?? '', undefined)
  }
  return [...labels].map(([name, labels]) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, ...(labels && { labels }) },
  }))
}

async function run(one: Case): Promise<void> {
  const { api } = cluster.controlPlane
  try {
    if (one.oldObject) await store(one, one.oldObject)
    await api.apply(...one.grants)
    const begin = await auditLogEnd(cluster.controlPlane)
    check(one, await cluster.kubectl(['apply', '-f', '-', ...flagsOf(one)], JSON.stringify(one.object)))
    if (one.expect.annotations) await noted(one, one.expect.annotations, begin)
  } finally {
    await api.delete(one.object, ...one.grants, ...one.grantsBefore)
    if (one.request.deleting) await removeFinalizers(one.object)
    await refgrant.knows(0)
  }
}

/** Stores an object while the grants that were there before permit it. */
async function store({ grantsBefore, request }: Case, object: ApiObject): Promise<void> {
  const { api } = cluster.controlPlane
  await api.apply(...grantsBefore)
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object))
  assert.equal(code, 0, stderr)
  await api.delete(...grantsBefore)
  await refgrant.knows(0)
  if (request.deleting) await api.delete(object)
}

/** Removes the finalizers of an object that is being deleted. */
async function removeFinalizers(object: ApiObject): Promise<void> {
  const { api } = cluster.controlPlane
  const patch = { metadata: { finalizers: null } }
  await api.must('PATCH', await api.pathOf(object), patch, 'application/merge-patch+json')
}

function flagsOf({ request: { user, groups = [], dryRun, fieldManager } }: Case): string[] {
  return [
    ...(user === undefined ? [] : [`--as=${user}`]),
    ...groups.map((group) => `--as-group=${group}`),
    ...(dryRun ? ['--dry-run=server'] : []),
    ...(fieldManager === undefined ? [] : [`--field-manager=${fieldManager}`]),
  ]
}

function check({ expect }: Case, { code, stderr }: Result): void {
  assert.equal(code === 0, expect.allowed, stderr)
  for (const text of expect.message ?? []) assert.ok(stderr.includes(text), stderr)
  const warnings = stderr.split('\n').filter((line) => line.startsWith('Warning:') && !NOT_OURS.test(line))
  assert.equal(warnings.length, expect.warnings?.length ?? 0, stderr)
  for (const text of expect.warnings ?? []) assert.ok(stderr.includes(text), stderr)
}

/** Waits until the audit log tells of the write, and compares what refgrant noted there. */
async function noted(
  { object }: Case,
  annotations: NonNullable<CaseExpectation['annotations']>,
  begin: number,
): Promise<void> {
  const last = () => auditAnnotations(cluster.controlPlane, object.metadata.name, begin).then((all) => all.at(-1))
  const found = await until('the audit log tells of the write', last)
  assert.deepEqual({ ...found, ...annotations }, found)
}
