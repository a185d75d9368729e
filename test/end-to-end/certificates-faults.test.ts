import assert from 'node:assert/strict'
import { after, before, suite, type TestContext, test } from 'node:test'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import { Balancer } from '../harness/network/balancer.ts'
import { type Fault, type ReverseProxy, type Scripted, startReverseProxy } from '../harness/network/reverse-proxy.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { askApiServer } from '../harness/traffic/ask.ts'
import { ConstantLoad } from '../harness/traffic/constant-load.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { until } from '../harness/until.ts'

/** Faults at once: each test waits most of its time. */
const AT_ONCE = 2

const NAMESPACE = 'refgrant-system'

const refusal = (code: number, headers = {}): Scripted => ({
  status: code,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'as scripted', code }),
})

/** Lets the writes go on that arrive late. */
const release = Promise.withResolvers<void>()

/** What happens to every other write, and so to the first try of each. A write whose answer is lost has no second try. */
const faults: Record<string, Scripted | Fault> = {
  'whose answer is lost': 'lose',
  'that breaks off': 'break',
  'that hangs': 'hang',
  'that conflicts': refusal(409),
  'whose test fails': refusal(422),
  'that is throttled': refusal(429, { 'retry-after': '1' }),
  'that fails': refusal(500),
  'that arrives late': { waitsFor: release.promise },
}

let cluster: Cluster

/** Replicas that share a Secret and a registration of a name of their own, and reach the API server through a proxy. */
class Scene {
  readonly #context: TestContext
  readonly #name: string
  readonly #proxy: ReverseProxy
  readonly #kubeconfig: string

  private constructor(context: TestContext, name: string, proxy: ReverseProxy, kubeconfig: string) {
    this.#context = context
    this.#name = name
    this.#proxy = proxy
    this.#kubeconfig = kubeconfig
  }

  static async open(context: TestContext, name: string): Promise<Scene> {
    const { api, kubeconfigFor, ...controlPlane } = cluster.controlPlane
    await api.apply(...(await printed('manifests', 'rbac', '--name', name, '--secret', name)))
    const proxy = await startReverseProxy(controlPlane)
    context.after(() => proxy.close())
    const token = await api.token(NAMESPACE, name)
    await cluster.namespaces(name)
    return new Scene(context, name, proxy, await kubeconfigFor(name, token, proxy.server, proxy.ca))
  }

  /** Lets something happen to writes of the Secret and the registration. Returns the number of such writes. */
  disturb(fault: Scripted | Fault): () => number {
    let writes = 0
    return this.#proxy.script((path, method) => {
      if (method === 'GET' || !/\/(secrets|validatingwebhookconfigurations)\//.test(path)) return undefined
      writes += 1
      return writes % 2 === 1 || fault === 'lose' ? fault : undefined
    })
  }

  async start(lifetime: string): Promise<Refgrant> {
    const names = ['--name', this.#name, '--secret', this.#name]
    const server = await startRefgrant({
      selfManaged: true,
      grants: ['--kubeconfig', this.#kubeconfig],
      more: [...names, '--propagation', '4s', '--certificate-lifetime', '20s', '--authority-lifetime', lifetime],
    })
    this.#context.after(() => server.process.kill('SIGKILL'))
    return server
  }

  /** Registers a webhook for the namespace of the scene only, and waits until the API server calls it. */
  async register(...replicas: Refgrant[]): Promise<void> {
    const balancer = await Balancer.start(replicas)
    this.#context.after(() => balancer.close())
    const how = ['--url', new URL(balancer.url).origin, '--failure-policy', 'Fail', '--name', this.#name]
    const [registration] = await printed('manifests', 'webhook', ...how)
    const { webhooks } = registration as unknown as { webhooks: { name: string }[] }
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': this.#name } }
    const entries = webhooks.filter(({ name }) => name.startsWith('deny')).map((one) => ({ ...one, namespaceSelector }))
    await cluster.controlPlane.api.apply({ ...registration, webhooks: entries } as ApiObject)
    const reference = { from: this.#name, to: 'billing', target: 'payments' }
    await until('the webhook is called', async () => {
      return (await askApiServer(cluster.controlPlane.api, reference)).verdict === 'denied'
    })
  }

  get #secretPath(): string {
    return `/api/v1/namespaces/${NAMESPACE}/secrets/${this.#name}`
  }

  async secret(): Promise<Record<string, string>> {
    return (await cluster.controlPlane.api.request('GET', this.#secretPath)).body?.data ?? {}
  }

  async loseSecret(): Promise<void> {
    await cluster.controlPlane.api.must('DELETE', this.#secretPath)
  }

  get #registrationPath(): string {
    return `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${this.#name}`
  }

  async bundle(): Promise<string | undefined> {
    return (await cluster.controlPlane.api.must('GET', this.#registrationPath)).webhooks[0].clientConfig.caBundle
  }

  async emptyBundle(): Promise<void> {
    const patch = [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }]
    await cluster.controlPlane.api.must('PATCH', this.#registrationPath, patch, 'application/json-patch+json')
  }

  /** Judges constantly while something happens. Returns the failures. */
  async underLoad(work: (load: ConstantLoad) => Promise<unknown>): Promise<ConstantLoad['failures']> {
    const load = new ConstantLoad(cluster.controlPlane.api, this.#name, 5)
    await load.goesOn()
    try {
      await work(load)
      await load.goesOn()
    } finally {
      this.#context.diagnostic(await load.stop())
    }
    return load.failures
  }
}

suite('no review fails, and the authorities go on, after a write', { concurrency: AT_ONCE, skip: !LONG }, () => {
  before(async () => {
    cluster = await startCluster()
    await cluster.namespaces('billing')
  })
  after(() => cluster?.controlPlane.stop())

  for (const [index, [title, fault]] of Object.entries(faults).entries())
    test(title, async (context) => {
      const scene = await Scene.open(context, `fault-${index}`)
      const faults = scene.disturb(fault)
      const first = await scene.start('1h')
      await scene.register(first)
      const changes = await scene.underLoad(async () => {
        const lost = await scene.secret()
        await scene.loseSecret()
        await until('it recovers', async () => (await scene.secret())['previous.crt'] === lost['ca.crt'])
        // What has an hour left of four is due.
        const before = await scene.secret()
        await scene.start('4h')
        await until('a change over', async () => (await scene.secret())['previous.crt'] === before['ca.crt'])
      })
      assert.deepEqual(changes, [])
      // Each of these steps writes at least twice: begin, trust, recover, trust, promote, prepare, trust, promote.
      assert.ok(faults() >= 8, `${faults()} faults`)
      if (typeof fault === 'object' && 'waitsFor' in fault) {
        const before = await scene.secret()
        const failures = await scene.underLoad(async (load) => {
          release.resolve()
          await load.goesOn()
        })
        assert.deepEqual([failures, await scene.secret()], [[], before])
      }
      await scene.underLoad(async (load) => {
        await scene.emptyBundle()
        await until('it is repaired', () => scene.bundle())
        await until('the API server knows', async () => {
          const before = load.failures.length
          await load.goesOn()
          return load.failures.length === before
        })
      })
    })

  test('of another replica, by one that was stopped meanwhile', async (context) => {
    const scene = await Scene.open(context, 'stopped')
    const [stopped, other] = await Promise.all([scene.start('1h'), scene.start('1h')])
    await scene.register(other)
    const failures = await scene.underLoad(async () => {
      const lost = await scene.secret()
      stopped.process.kill('SIGSTOP')
      await scene.loseSecret()
      await until('it recovers', async () => (await scene.secret())['previous.crt'] === lost['ca.crt'])
      const before = await scene.secret()
      const seen = stopped.log.length
      stopped.process.kill('SIGCONT')
      await until('it has another certificate', () => stopped.log.slice(seen).some(({ authority }) => authority))
      assert.deepEqual(await scene.secret(), before)
    })
    assert.deepEqual(failures, [])
    const steps = stopped.log.flatMap(({ step }) => step ?? [])
    assert.ok(!steps.includes('recover') && !steps.includes('promote'))
  })
})
