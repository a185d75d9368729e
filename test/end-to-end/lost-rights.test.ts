import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { startRefgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'

interface Rule {
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** Servers at once: each test waits most of its time. */
const AT_ONCE = 3

const NAMESPACE = 'refgrant-system'
const rulesOf = ({ rules = [] }: ApiObject) => rules as Rule[]

/** The rights, but for a verb on a resource. */
const without = (resource: string, verb: string) => (object: ApiObject) => {
  const lesser = ({ resources, verbs, ...rest }: Rule) => ({
    ...rest,
    resources,
    verbs: verbs.filter((one) => one !== verb || resources[0] !== resource),
  })
  const rules = rulesOf(object).map(lesser)
  return (object.rules ? { ...object, rules: rules.filter(({ verbs }) => verbs.length > 0) } : object) as ApiObject
}

const all = await printed('manifests', 'rbac')
const rights = all
  .flatMap(rulesOf)
  .flatMap(({ resources: [resource = ''], verbs }) => verbs.map((verb) => ({ resource, verb })))

suite('a server without the right to', { concurrency: AT_ONCE }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster()
  })
  after(() => cluster?.controlPlane.stop())

  for (const { resource, verb } of rights)
    test(`${verb} ${resource} says so in its log, and in a metric or its readiness`, async (context) => {
      const { api, kubeconfigFor } = cluster.controlPlane
      const name = `without-${verb}-${resource}`
      // Each server has its own account, registration and Secret, so that they can run at once.
      const names = ['--name', name, '--secret', name]
      const own = await printed('manifests', ...names, '--url', 'https://127.0.0.1:1', '--failure-policy', 'Ignore')
      await api.apply(...own.map(without(resource, verb)))
      const kubeconfig = await kubeconfigFor(name, await api.token(NAMESPACE, name))
      const server = await startRefgrant({
        selfManaged: true,
        grants: ['--kubeconfig', kubeconfig],
        more: [...names, '--propagation', '1s'],
        waitFor: 'listening',
      })
      context.after(() => server.process.kill('SIGKILL'))
      const warnings = () =>
        server.log.filter(({ level }) => level === 'warn' || level === 'error').map((line) => JSON.stringify(line))
      await until('the log says so', () => warnings().some((line) => line.includes(resource)))
      await until('a metric or the readiness says so', async () => {
        const isReady = (await server.health('/readyz')) === 'ok\n'
        return !isReady || (await server.metric('refgrant_drift')) !== 0
      })
      assert.equal(server.process.exitCode, null)
    })
})
