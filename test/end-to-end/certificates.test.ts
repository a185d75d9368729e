import assert from 'node:assert/strict'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, afterEach, before, suite, type TestContext, test } from 'node:test'
import { type Certificate, issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { ApiClient } from '../harness/control-plane/api-client.ts'
import { requestsOf } from '../harness/control-plane/audit-log.ts'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { printed, register, serverAccount } from '../harness/control-plane/guarded-cluster.ts'
import { folderWith, replaceFile } from '../harness/folders.ts'
import { Balancer } from '../harness/network/balancer.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { ConstantLoad } from '../harness/traffic/constant-load.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'
import { A_DAY } from '../harness/validities.ts'

/** Long enough for an API server to notice a change on a busy machine, and short for a test. */
const USUAL = ['--propagation', '5s']

/** Options of a Node whose clock is ahead by so many minutes. */
function ahead(minutes: number): string[] {
  const script = `
    const now = Date.now
    Date.now = () => now() + ${minutes} * 60_000
    globalThis.Date = new Proxy(Date, {
      construct: (date, args) => new date(...(args.length === 0 ? [Date.now()] : args)),
    })`
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`]
}

/** A day, in minutes. */
const DAY = 24 * 60

const SECRET = '/api/v1/namespaces/refgrant-system/secrets/refgrant-authority'
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/refgrant'

let cluster: Cluster
let account: string

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('shop', 'billing')
  account = await serverAccount(cluster.controlPlane, [])
})
after(() => cluster?.controlPlane.stop())
afterEach(async () => {
  await api().request('DELETE', REGISTRATION)
  await api().request('DELETE', SECRET)
})

const api = () => cluster.controlPlane.api

async function start(context: TestContext, options: Partial<Parameters<typeof startRefgrant>[0]> = {}) {
  const grants = ['--kubeconfig', account]
  const server = await startRefgrant({
    selfManaged: true,
    grants,
    ...options,
    more: [...USUAL, ...(options.more ?? [])],
  })
  context.after(() => server.process.kill('SIGKILL'))
  return server
}

/** Registers replicas behind a balancer, without authorities: those are theirs to write. */
async function registerAll(context: TestContext, ...replicas: Refgrant[]): Promise<ApiObject> {
  const balancer = await Balancer.start(replicas)
  context.after(() => balancer.close())
  const settings = ['--failure-policy', 'Fail']
  const [registration] = await printed('manifests', 'webhook', '--url', new URL(balancer.url).origin, ...settings)
  await register(cluster.controlPlane, balancer, undefined, settings)
  return registration as ApiObject
}

const steps = (server: Refgrant, step: string) => server.metric('refgrant_authority_steps_total', `"${step}"`)
const renewals = (server: Refgrant, result = 'done') =>
  server.metric('refgrant_certificate_renewals_total', `"${result}"`)
const secret = async () => (await api().request('GET', SECRET)).body?.data as Record<string, string> | undefined
const entries = async () =>
  (await api().must('GET', REGISTRATION)).webhooks as { name: string; clientConfig: { caBundle?: string } }[]

/** Judges constantly while something happens. Returns the failures, and logs them. */
async function underLoad(context: TestContext, work: (load: ConstantLoad) => Promise<unknown>) {
  const load = new ConstantLoad(api())
  await load.goesOn()
  try {
    await work(load)
    await load.goesOn()
  } finally {
    context.diagnostic(await load.stop())
  }
  return load.failures
}

suite('certificates that the servers issue themselves', () => {
  test('are renewed, and their authority is replaced, while clocks differ and no review fails', async (context) => {
    const more = ['--certificate-lifetime', '24s', '--authority-lifetime', '1h']
    const clocks = [0, 10, -2 * DAY]
    const replicas = await Promise.all(clocks.map((minutes) => start(context, { more, nodeOptions: ahead(minutes) })))
    await registerAll(context, ...replicas)
    const failures = await underLoad(context, async () => {
      const before = await secret()
      // What has an hour left of four is due. For this clock, the authority has expired.
      const hurried = await start(context, {
        more: ['--authority-lifetime', '4h', '--certificate-lifetime', '1h'],
        nodeOptions: ahead(DAY),
      })
      await until('the authority is replaced', async () => (await secret())?.['previous.crt'] === before?.['ca.crt'])
      for (const replica of [...replicas, hurried])
        await until('a certificate of the new authority', async () => (await renewals(replica)) >= 2)
      assert.equal(await steps(hurried, 'begin'), 0)
      assert.equal(Math.round((await hurried.metric('refgrant_clock_ahead_seconds')) / 60), DAY)
      assert.equal(hurried.log.filter(({ aheadSeconds }) => Number(aheadSeconds) > 86_000).length, 1)
      if (!LONG) return
      for (const replica of replicas) await until('a renewal', async () => (await renewals(replica)) >= 5)
    })
    assert.deepEqual(failures, [])
  })

  test('begin with one authority if several servers start at once, or the Secret has no data', async (context) => {
    const replicas = await Promise.all([1, 2, 3].map(() => start(context)))
    const begun = await Promise.all(replicas.map((replica) => steps(replica, 'begin')))
    assert.deepEqual(begun.toSorted(), [0, 0, 1])
    for (const replica of replicas) assert.equal(await renewals(replica, 'failed'), 0)
    const metadata = { namespace: 'refgrant-system', name: 'refgrant-authority', labels: { app: 'x' } }
    await api().request('DELETE', SECRET)
    for (const replica of replicas) await replica.stop()
    await api().request('DELETE', SECRET)
    await api().must('POST', path.dirname(SECRET), { apiVersion: 'v1', kind: 'Secret', metadata })
    await start(context)
    const { data, metadata: kept } = await api().must('GET', SECRET)
    assert.deepEqual([Object.keys(data), kept.labels], [['ca.crt', 'ca.key'], { app: 'x' }])
  })

  const losses: Record<string, () => Promise<unknown>> = {
    'is deleted': () => api().must('DELETE', SECRET),
    'is corrupted': async () =>
      api().must('PATCH', SECRET, { data: { 'ca.crt': 'AAAA' } }, 'application/merge-patch+json'),
  }
  test('survive the loss of the Secret, while no review fails', async (context) => {
    const replicas = await Promise.all([start(context), start(context)])
    await registerAll(context, ...replicas)
    for (const [index, [title, lose]] of Object.entries(losses)
      .slice(0, LONG ? 2 : 1)
      .entries()) {
      const failures = await underLoad(context, async () => {
        const before = await secret()
        await lose()
        await until('the authority is replaced', async () => (await secret())?.['previous.crt'] === before?.['ca.crt'])
        for (const replica of replicas)
          await until('a certificate of the new authority', async () => (await renewals(replica)) >= index + 2)
      })
      assert.deepEqual(failures, [], title)
    }
  })

  const stranger = Buffer.from(issueAuthority('stranger', A_DAY).cert).toString('base64')
  test('are trusted again soon after somebody has emptied or replaced the caBundle', async (context) => {
    const server = await start(context)
    await registerAll(context, server)
    const bundle = (await entries())[0]?.clientConfig.caBundle
    for (const value of LONG ? ['', stranger] : ['']) {
      const patch = [{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value }]
      const failures = await underLoad(context, async (load) => {
        await api().must('PATCH', REGISTRATION, patch, 'application/json-patch+json')
        await until('it is repaired', async () => (await entries())[0]?.clientConfig.caBundle === bundle)
        await until('the API server knows', async () => {
          const before = load.failures.length
          await load.goesOn()
          return load.failures.length === before
        })
      })
      for (const { said } of failures) assert.match(said, /x509: certificate signed by unknown authority/)
    }
  })

  test('leave the owner of the registration alone', async (context) => {
    const server = await start(context)
    const registration = await registerAll(context, server)
    const { webhooks } = registration as unknown as { webhooks: object[] }
    // Fails if the owner may not remove the entry.
    await api().apply({ ...registration, webhooks: webhooks.slice(0, 3) } as ApiObject)
    assert.equal((await entries()).length, 3)
    await api().must('DELETE', REGISTRATION)
    await server.stop()
    const restarted = await start(context)
    assert.match(await restarted.health('/readyz?verbose'), /\[\+\]authority: .*\n(.*\n)*ok\n/)
    assert.equal((await api().request('GET', REGISTRATION)).status, 404)
    assert.equal(await steps(restarted, 'trust'), 0)
  })
})

suite('the rights', () => {
  const account = 'system:serviceaccount:refgrant-system:refgrant'
  const isAllowed = async (...request: Parameters<ApiClient['request']>) => {
    const { server, ca } = cluster.controlPlane
    const client = new ApiClient(server, ca, await api().token('refgrant-system', 'refgrant'))
    return (await client.request(...request)).status !== 403
  }
  const mayRead = (path: string) => isAllowed('GET', path)

  /** Whether the server may create the Secret. */
  const mayCreate = () => {
    const metadata = { namespace: 'refgrant-system', name: 'refgrant-authority' }
    const body = { apiVersion: 'v1', kind: 'Secret', metadata }
    return isAllowed('PATCH', `${SECRET}?dryRun=All&fieldManager=test`, body, 'application/apply-patch+yaml')
  }

  /** The verbs of the rules, each with its resource and name. */
  const granted = (objects: readonly ApiObject[]) =>
    objects
      .flatMap(({ rules = [] }) => rules as Record<'verbs' | 'resources' | 'resourceNames', string[] | undefined>[])
      .flatMap(({ verbs = [], resources = [], resourceNames = [''] }) =>
        verbs.map((verb) => `${verb} ${resources[0]} ${resourceNames[0]}`.trimEnd()),
      )

  test('to create the Secret is needed, and goes no further', async (context) => {
    const role = (await printed('manifests', 'rbac')).find(({ kind }) => kind === 'Role') as ApiObject
    const [rule, ...others] = role.rules as { verbs: string[] }[]
    const lesser = { ...role, rules: [{ ...rule, verbs: rule?.verbs.filter((verb) => verb !== 'create') }, ...others] }
    await api().apply(lesser as ApiObject)
    await until('the API server knows', async () => !(await mayCreate()))
    const server = await start(context, { waitFor: 'listening', more: ['--propagation', '1s'] })
    await until('that is counted', async () => (await renewals(server, 'failed')) === 1)
    assert.match(await server.health('/readyz'), /\[-\]certificate: waiting for the first certificate\n\[-\]authority/)
    await api().apply(role)
    await until('it is ready', async () => (await server.health('/readyz')) === 'ok\n')
  })

  test('are all used, and nothing else is asked for', async () => {
    const used = await requestsOf(cluster.controlPlane, account)
    // The right to create is checked within an apply, and has a test of its own.
    const expected = granted(await printed('manifests', 'rbac')).filter((right) => !right.startsWith('create '))
    assert.deepEqual([...used].toSorted(), expected.toSorted())
  })

  for (const [mode, settings] of [
    ['self-managed', []],
    ['files', ['--certificates', 'files']],
  ] as const)
    test(`reach no other Secret, Service, ConfigMap or Pod with certificates ${mode === 'files' ? 'from files' : 'of its own'}`, async () => {
      const rights = await printed('manifests', 'rbac')
      await api().delete(...rights.filter(({ kind }) => /Role/.test(kind)))
      await serverAccount(cluster.controlPlane, settings)
      await until('the rights are known', () => mayRead(REGISTRATION))
      for (const namespace of ['refgrant-system', 'default', 'shop'])
        for (const plural of ['secrets', 'services', 'configmaps', 'pods'])
          for (const path of [plural, `${plural}/refgrant`])
            assert.ok(!(await mayRead(`/api/v1/namespaces/${namespace}/${path}`)), `${namespace}/${path}`)
      assert.equal(await mayRead(SECRET), mode === 'self-managed')
    })
})

test('certificates from files are read again, while no review fails', async (context) => {
  const authority = issueAuthority('files', A_DAY)
  const issue = () => issueServer(authority, ['127.0.0.1'], A_DAY)
  const [first, second, third] = [issue(), issue(), issue()]
  const certs = folderWith({ 'ca.crt': authority.cert })
  const put = (version: string, { cert, key }: Certificate) => {
    mkdirSync(path.join(certs, version))
    writeFileSync(path.join(certs, version, 'tls.crt'), cert)
    writeFileSync(path.join(certs, version, 'tls.key'), key)
    symlinkSync(version, path.join(certs, 'new'))
    renameSync(path.join(certs, 'new'), path.join(certs, '..data'))
  }
  put('..1', first)
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(path.join('..data', name), path.join(certs, name))
  const server = await start(context, { selfManaged: false, certs })
  await register(cluster.controlPlane, server, path.join(certs, 'ca.crt'))
  const failures = await underLoad(context, async (load) => {
    put('..2', second)
    await until('the pair behind a symbolic link is read', async () => (await renewals(server)) === 1)
    replaceFile(path.join(certs, 'tls.crt'), third.cert)
    replaceFile(path.join(certs, 'tls.key'), third.key)
    await until('the renamed pair is read', async () => (await renewals(server)) === 2)
    await load.goesOn()
    replaceFile(path.join(certs, 'tls.key'), first.key)
    await until('the bad pair is counted', async () => (await renewals(server, 'failed')) === 1)
  })
  assert.deepEqual(failures, [])
  assert.match(String(server.log.find(({ problem }) => problem)?.problem), /does not belong to/)
})
