import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type Certificate, issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { ApiClient } from '../harness/control-plane/api-client.ts'
import { auditLogEnd, requestsOf } from '../harness/control-plane/audit-log.ts'
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

/**
 * The propagation is long enough for an API server to notice a change on a busy machine. With certificates of this
 * lifetime, a server looks every 2 s.
 */
const USUAL = ['--propagation', '5s', '--certificate-lifetime', '20s']

/** A day, in minutes. */
const DAY = 24 * 60

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

const SECRETS = '/api/v1/namespaces/refgrant-system/secrets'
const SECRET = `${SECRETS}/refgrant-authority`
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/refgrant'
const USER = 'system:serviceaccount:refgrant-system:refgrant'

let cluster: Cluster
let account: string

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('shop', 'billing')
  account = await serverAccount(cluster.controlPlane, [])
})
after(async () => {
  await clear()
  await cluster?.controlPlane.stop()
})

const api = () => cluster.controlPlane.api

/** The servers that run. */
const running: Refgrant[] = []

/** Ends all servers, and removes what they wrote. */
async function clear(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.stop()))
  await api().request('DELETE', REGISTRATION)
  await api().request('DELETE', SECRET)
}

async function start(options: Partial<Parameters<typeof startRefgrant>[0]> = {}) {
  const grants = ['--kubeconfig', account]
  const { selfManaged = true } = options
  const more = [...(selfManaged ? USUAL : []), ...(options.more ?? [])]
  const server = await startRefgrant({ grants, ...options, selfManaged, more })
  running.push(server)
  return server
}

/** Registers replicas behind a balancer, without authorities: those are theirs to write. */
async function registerAll(...replicas: Refgrant[]): Promise<[ApiObject, Balancer]> {
  const balancer = await Balancer.start(replicas)
  const settings = ['--failure-policy', 'Fail']
  const [registration] = await printed('manifests', 'webhook', '--url', new URL(balancer.url).origin, ...settings)
  await register(cluster.controlPlane, balancer, undefined, settings)
  return [registration as ApiObject, balancer]
}

const steps = (server: Refgrant, step: string) => server.metric('refgrant_authority_steps_total', `"${step}"`)
const renewals = (server: Refgrant, result = 'done') =>
  server.metric('refgrant_certificate_renewals_total', `"${result}"`)
const entries = async () =>
  (await api().must('GET', REGISTRATION)).webhooks as { name: string; clientConfig: { caBundle?: string } }[]
const merge = (object: string, patch: object) => api().must('PATCH', object, patch, 'application/merge-patch+json')

/** Keys of authorities that were in the Secret, in PEM. */
const keys = new Set<string>()

/** The data of the Secret. */
async function secret(): Promise<Record<string, string> | undefined> {
  const data = (await api().request('GET', SECRET)).body?.data as Record<string, string> | undefined
  for (const name of ['ca.key', 'next.key']) if (data?.[name]) keys.add(Buffer.from(data[name], 'base64').toString())
  return data
}

/** Waits until an authority has replaced another, and until these replicas have a certificate of it. */
async function isReplaced(before: string | undefined, replicas: readonly Refgrant[]): Promise<void> {
  await until('the authority is replaced', async () => (await secret())?.['previous.crt'] === before)
  const cert = Buffer.from((await secret())?.['ca.crt'] ?? '', 'base64')
  const name = new X509Certificate(cert).subject.replace('CN=', '')
  const issuer = ({ log }: Refgrant) => log.findLast(({ authority }) => authority)?.authority
  for (const replica of replicas) await until('a certificate of the new authority', () => issuer(replica) === name)
}

/** Waits until a replica has had two certificates of one authority. */
async function isRenewed({ log }: Refgrant): Promise<void> {
  const issuers = () => log.flatMap(({ authority }) => authority ?? [])
  await until('a renewal', () => issuers().length > new Set(issuers()).size)
}

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
  /** Where Node writes its reports about the replicas. */
  const reports = folderWith({})
  let replicas: Refgrant[]
  let registration: ApiObject
  let balancer: Balancer

  before(async () => {
    const usual = ['--authority-lifetime', '1h']
    // A replica of another configuration does not write against the others.
    const other = ['--authority-lifetime', '2h', '--certificate-lifetime', '15s', '--host', 'other.example']
    const reporting = ['--report-on-signal', `--report-directory=${reports}`]
    // The clocks of the replicas are right, ahead by ten minutes, and behind by two days.
    const clocks = [0, 10, -2 * DAY].map((minutes) => [...ahead(minutes), ...reporting])
    const all = clocks.map((nodeOptions, index) => start({ more: index === 2 ? other : usual, nodeOptions }))
    replicas = await Promise.all(all)
    ;[registration, balancer] = await registerAll(...replicas)
  })
  after(async () => {
    await clear()
    balancer?.close()
  })

  test('begin with one authority if several servers start at once', async () => {
    const begun = await Promise.all(replicas.map((replica) => steps(replica, 'begin')))
    assert.deepEqual(begun.toSorted(), [0, 0, 1])
    for (const replica of replicas) assert.equal(await renewals(replica, 'failed'), 0)
  })

  test('are renewed, and their authority is replaced, while clocks differ and no review fails', async (context) => {
    const failures = await underLoad(context, async () => {
      const before = await secret()
      // What has two hours left of twelve is due. For this clock, the authority has expired.
      const hurried = await start({ more: ['--authority-lifetime', '12h'], nodeOptions: ahead(DAY) })
      await isReplaced(before?.['ca.crt'], [...replicas, hurried])
      assert.equal(await steps(hurried, 'begin'), 0)
      assert.equal(Math.round((await hurried.metric('refgrant_clock_ahead_seconds')) / 60), DAY)
      assert.equal(hurried.log.filter(({ aheadSeconds }) => Number(aheadSeconds) > 86_000).length, 1)
      await hurried.stop()
    })
    assert.deepEqual(failures, [])
  })

  test('survive a Secret that is lost, or cannot be written, kept or typed as usual, while no review fails', async (context) => {
    const holdsAuthority = () => until('it has an authority', async () => (await secret())?.['ca.key'])
    const corrupted = { data: { 'ca.crt': 'AAAA', 'ca.key': null } }
    const failures = await underLoad(context, async () => {
      await merge(SECRET, { ...corrupted, immutable: true })
      const told = () => replicas.flatMap(({ log }) => log).find(({ msg }) => /^cannot reconcile/.test(String(msg)))
      const problem = await until('that is told', told)
      assert.match(String(problem.reason), /field is immutable when `immutable` is set/)
      await api().must('DELETE', SECRET)
      await holdsAuthority()

      await merge(SECRET, { metadata: { finalizers: ['example.com/kept'] } })
      await api().must('DELETE', SECRET)
      await merge(SECRET, corrupted)
      await holdsAuthority()
      await merge(SECRET, { metadata: { finalizers: null } })
      await holdsAuthority()

      const metadata = { namespace: 'refgrant-system', name: 'refgrant-authority' }
      const data = { 'tls.crt': 'AAAA', 'tls.key': 'AAAA' }
      const other = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata, data }
      await until('it has another type', async () => {
        await api().request('DELETE', SECRET)
        return (await api().request('POST', SECRETS, other)).status === 201
      })
      await holdsAuthority()
      assert.deepEqual(Object.keys((await secret()) ?? {}).slice(-2), ['tls.crt', 'tls.key'])

      const losses = [() => merge(SECRET, corrupted), () => api().must('DELETE', SECRET)]
      for (const lose of losses.slice(LONG ? 0 : 1)) {
        const before = await secret()
        await lose()
        await isReplaced(before?.['ca.crt'], replicas)
      }
      for (const replica of replicas) await isRenewed(replica)
    })
    assert.deepEqual(failures, [])
  })

  /** Writes into an entry. */
  const write = (value: string, entry = 0) => {
    const patch = [{ op: 'add', path: `/webhooks/${entry}/clientConfig/caBundle`, value }]
    return api().request('PATCH', REGISTRATION, patch, 'application/json-patch+json')
  }
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const stranger = issueAuthority('stranger', A_DAY).cert

  test('are trusted again soon after somebody has emptied or replaced the caBundle', async (context) => {
    const bundle = async () => (await entries())[0]?.clientConfig.caBundle
    const ours = await bundle()
    for (const value of LONG ? ['', base64(stranger)] : ['']) {
      const failures = await underLoad(context, async (load) => {
        assert.equal((await write(value)).status, 200)
        await until('it is repaired', async () => (await bundle()) === ours)
        await until('the API server knows', async () => {
          const before = load.failures.length
          await load.goesOn()
          return load.failures.length === before
        })
      })
      for (const { said } of failures) assert.match(said, /x509: certificate signed by unknown authority/)
    }
  })

  test('are the only ones in the caBundle whatever somebody writes, by one write of each replica at most', async () => {
    const isCalm = async () => new Set((await entries()).map(({ clientConfig }) => clientConfig.caBundle)).size === 1
    await until('no change over is left', async () => (await secret())?.['next.crt'] === undefined && (await isCalm()))
    const bundle = (await entries())[0]?.clientConfig.caBundle ?? ''
    const ours = Buffer.from(bundle, 'base64').toString()
    const hundreds = Array.from({ length: 500 }, (_, n) => issueAuthority(`stranger ${n}`, A_DAY).cert).join('')
    const values: Record<string, string> = {
      'another authority before ours': stranger + ours,
      'ours twice': ours + ours,
      '500 authorities': hundreds + ours,
      'a MiB of unfinished certificates': '-----BEGIN CERTIFICATE-----\n'.repeat(1024 * 37),
      text: 'none',
      'certificates that cannot be read': ours.replaceAll('A', 'B'),
    }
    const since = await auditLogEnd(cluster.controlPlane)
    for (const [title, value] of Object.entries(values)) {
      assert.equal((await write(base64(value), 1)).status, 200, title)
      await until(`it is repaired: ${title}`, async () => (await entries())[1]?.clientConfig.caBundle === bundle)
    }
    // The API server refuses what is not base64, and two entries of one name.
    assert.equal((await write('%%%')).status, 422)
    const { webhooks } = registration as unknown as { webhooks: object[] }
    const twice = { webhooks: [...webhooks, webhooks[0]] }
    assert.equal((await api().request('PATCH', REGISTRATION, twice, 'application/merge-patch+json')).status, 422)
    // Each replica reads the Secret once for each look.
    const looks = async (at: number) =>
      (await requestsOf(cluster.controlPlane, USER, at)).filter((request) => request.startsWith('get secrets')).length
    const writes = async (at: number) =>
      (await requestsOf(cluster.controlPlane, USER, at)).filter((request) => request.startsWith('patch validating'))
    const lookAgain = async (at: number) =>
      await until('all have looked again', async () => (await looks(at)) >= 3 * replicas.length)
    // The last write may be in flight, or not in the audit log yet.
    await lookAgain(await auditLogEnd(cluster.controlPlane))
    const calm = await auditLogEnd(cluster.controlPlane)
    const attacks = Object.keys(values).length
    const answers = (await writes(since)).length
    assert.ok(answers >= attacks && answers <= attacks * replicas.length, `${answers} writes`)
    await lookAgain(calm)
    assert.deepEqual(await writes(calm), [])
  })

  test('have keys that are in no log, metric, answer and report', async () => {
    await secret()
    assert.ok(keys.size > 0)
    const lines = [...keys].flatMap((key) => key.trim().split('\n').slice(1, -1))
    for (const { process: child, log, health } of replicas) {
      const before = new Set(readdirSync(reports))
      child.kill('SIGUSR2')
      const written = () => {
        const [file] = readdirSync(reports).filter((one) => !before.has(one))
        return file === undefined ? '' : readFileSync(path.join(reports, file), 'utf8')
      }
      await until('Node has written its report', () => written().endsWith('\n}\n'))
      const report = written()
      const answers = await Promise.all(['/metrics', '/readyz?verbose', '/livez'].map(health))
      const texts = [JSON.stringify(log), report, ...answers]
      assert.ok(texts.every((text) => text.length > 0) && report.includes('"javascriptHeap"'))
      for (const text of texts) {
        assert.doesNotMatch(text, /PRIVATE KEY/)
        for (const line of lines) assert.ok(!text.includes(line))
      }
    }
  })

  test('leave the owner of the registration alone', async () => {
    const { webhooks } = registration as unknown as { webhooks: object[] }
    // Fails if the owner may not remove the entry.
    await api().apply({ ...registration, webhooks: webhooks.slice(0, 3) } as ApiObject)
    assert.equal((await entries()).length, 3)
    await api().must('DELETE', REGISTRATION)
    await Promise.all(running.splice(0).map((server) => server.stop()))
    const restarted = await start()
    assert.match(await restarted.health('/readyz?verbose'), /\[\+\]authority: .*\n(.*\n)*ok\n/)
    assert.equal((await api().request('GET', REGISTRATION)).status, 404)
    assert.equal(await steps(restarted, 'trust'), 0)
  })

  test('begin in a Secret without data', async () => {
    await clear()
    const metadata = { namespace: 'refgrant-system', name: 'refgrant-authority', labels: { app: 'x' } }
    await api().must('POST', SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata })
    await start()
    const { data, metadata: kept } = await api().must('GET', SECRET)
    assert.deepEqual([Object.keys(data), kept.labels], [['ca.crt', 'ca.key'], { app: 'x' }])
  })
})

suite('the rights', () => {
  after(clear)

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

  test('to create the Secret is needed, and goes no further', async () => {
    const role = (await printed('manifests', 'rbac')).find(({ kind }) => kind === 'Role') as ApiObject
    const [rule, ...others] = role.rules as { verbs: string[] }[]
    const lesser = { ...role, rules: [{ ...rule, verbs: rule?.verbs.filter((verb) => verb !== 'create') }, ...others] }
    await api().apply(lesser as ApiObject)
    await until('the API server knows', async () => !(await mayCreate()))
    const server = await start({ waitFor: 'listening', more: ['--propagation', '1s'] })
    await until('that is counted', async () => (await renewals(server, 'failed')) === 1)
    assert.match(await server.health('/readyz'), /\[-\]certificate: waiting for the first certificate\n\[-\]authority/)
    await api().apply(role)
    await until('it is ready', async () => (await server.health('/readyz')) === 'ok\n')
  })

  test('are all used, and nothing else is asked for', async () => {
    const used = new Set(await requestsOf(cluster.controlPlane, USER))
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
  const server = await start({ selfManaged: false, certs })
  await register(cluster.controlPlane, server, path.join(certs, 'ca.crt'))
  const failures = await underLoad(context, async (load) => {
    put('..2', second)
    await until('the pair behind a symbolic link is read', async () => (await renewals(server)) === 1)
    replaceFile(path.join(certs, 'tls.crt'), third.cert)
    replaceFile(path.join(certs, 'tls.key'), third.key)
    await until('the renamed pair is read', async () => (await renewals(server)) === 2)
    await load.goesOn()
    for (let n = 0; n < 100; n += 1) {
      const { cert, key } = n % 2 === 0 ? second : third
      replaceFile(path.join(certs, 'tls.crt'), cert)
      replaceFile(path.join(certs, 'tls.key'), key)
      // That makes about a hundred replacements in a second, and the server looks once a second.
      await wait(10)
    }
    await load.goesOn()
    replaceFile(path.join(certs, 'tls.key'), first.key)
    await until('the bad pair is counted', async () => (await renewals(server, 'failed')) === 1)
  })
  assert.deepEqual(failures, [])
  assert.match(String(server.log.find(({ problem }) => problem)?.problem), /does not belong to/)
})
