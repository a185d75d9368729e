import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { register } from '../harness/control-plane/guarded-cluster.ts'
import { grant, route } from '../harness/objects/objects.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { LONG } from '../harness/traffic/faults.ts'

/** Pairs of routes that are applied, one with a grant and one without. */
const PAIRS = LONG ? 500 : 75

/** Clients that apply them, and how long each waits when refgrant seems to be away, in ms: it is back within seconds. */
const CLIENTS = 4
const PAUSE = 500

/** Longest that refgrant lives once it listens, in ms: it has synced before that, and judges some pairs. */
const LIFE = 1_200

/** Routes without a grant that are refused at least, and stored at least where that is possible. */
const LEAST = 5

/** Kills at least. */
const KILLS = LONG ? 10 : 3

/** Of the moments at which refgrant is killed; told, so that a failure can be had again. */
const SEED = Number(process.env.REFGRANT_FUZZ_SEED ?? Date.now() % 2 ** 31)

const ENTRY = 'deny.refgrant.dev'
const FAILED_OPEN = 'failed-open.validating.webhook.admission.k8s.io/'

/** Services of namespace billing that routes refer to. */
const SERVICES = { granted: 'payments', ungranted: 'ledger' }
type Kind = keyof typeof SERVICES

let cluster: Cluster

before(async () => {
  cluster = await startCluster()
  await cluster.namespaces('billing')
})
after(() => cluster?.controlPlane.stop())

/** A server that is killed at random, again and again, and started again on its port. */
class Mortal {
  readonly url: string
  kills = 0
  #server: Refgrant
  #spared = false
  #life: Promise<void> = Promise.resolve()

  private constructor(server: Refgrant) {
    this.#server = server
    this.url = server.url
  }

  static async start(): Promise<Mortal> {
    return new Mortal(await Mortal.#begin('127.0.0.1:0'))
  }

  static #begin(listen: string) {
    const grants = ['--kubeconfig', cluster.account]
    return startRefgrant({ certs: cluster.certs, grants, listen, waitFor: 'listening' })
  }

  /** Begins to kill it. */
  doom(): void {
    this.#life = this.#live()
  }

  /** Ends that; it lives on. */
  async spare(): Promise<void> {
    this.#spared = true
    await this.#life
  }

  end(): void {
    this.#server.process.kill('SIGKILL')
  }

  async #live(): Promise<void> {
    const lives = fc.sample(fc.nat(LIFE), { seed: SEED, numRuns: PAIRS })
    for (const life of lives) {
      await wait(life)
      if (this.#spared) return
      this.end()
      await once(this.#server.process, 'exit')
      this.kills += 1
      this.#server = await Mortal.#begin(new URL(this.url).host)
    }
  }
}

type Outcome = 'stored' | 'refused' | 'failed'

/** What came of the applies of one namespace. */
class Applies {
  readonly #namespace: string
  readonly counts: Record<`${Kind} ${Outcome}`, number> = {
    'granted stored': 0,
    'granted refused': 0,
    'granted failed': 0,
    'ungranted stored': 0,
    'ungranted refused': 0,
    'ungranted failed': 0,
  }
  /** Calls of refgrant that broke off, after they had reached it. */
  broken = 0
  pairs = 0

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  /** Applies all pairs, and more until something is enough. */
  async run(enough: () => boolean): Promise<void> {
    const client = async () => {
      while (this.pairs < PAIRS || !enough()) await this.#applyPair(this.pairs++)
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
  }

  /** Names of the routes that the API server has. */
  async stored(kind: Kind): Promise<string[]> {
    const { items } = await cluster.controlPlane.api.must('GET', this.#path)
    const names = items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
    return names.filter((name: string) => name.startsWith(`${kind}-`))
  }

  get #path(): string {
    return `/apis/gateway.networking.k8s.io/v1/namespaces/${this.#namespace}/httproutes`
  }

  async #applyPair(index: number): Promise<void> {
    const [outcome] = await Promise.all([this.#judged('ungranted', index), this.#judged('granted', index)])
    // Whatever would get in now is no concern of refgrant's: it is away.
    if (outcome === 'stored') await wait(PAUSE)
  }

  /** Applies it until there is a verdict, or the API server does without. */
  async #judged(kind: Kind, index: number): Promise<Outcome> {
    for (;;) {
      const outcome = await this.#apply(kind, index)
      this.counts[`${kind} ${outcome}`] += 1
      if (outcome !== 'failed') return outcome
      await wait(PAUSE)
    }
  }

  async #apply(kind: Kind, index: number): Promise<Outcome> {
    const backends = [[SERVICES[kind], 'billing']] as const
    const object = route({ name: `${kind}-${index}`, namespace: this.#namespace, backends })
    const { status, body } = await cluster.controlPlane.api.request('POST', this.#path, object)
    if (status === 201) return 'stored'
    const said = String(body.message)
    if (status === 403 && said.includes(`admission webhook "${ENTRY}" denied the request`)) return 'refused'
    assert.ok(status === 500 && said.includes(`failed calling webhook "${ENTRY}"`), `HTTP ${status}: ${said}`)
    if (/EOF|connection reset/.test(said)) this.broken += 1
    return 'failed'
  }
}

/** Applies all routes while refgrant is killed, registered under a failure policy. */
async function applyUnder(context: TestContext, failurePolicy: 'Fail' | 'Ignore') {
  const namespace = `shop-${failurePolicy.toLowerCase()}`
  await cluster.namespaces(namespace)
  await cluster.controlPlane.api.apply(grant({ name: namespace, to: SERVICES.granted, from: { namespace } }))
  const refgrant = await Mortal.start()
  context.after(() => refgrant.end())
  const settings = ['--failure-policy', failurePolicy]
  await register(cluster.controlPlane, refgrant, path.join(cluster.certs, 'ca.crt'), settings)
  const applies = new Applies(namespace)
  const failedOpen = await countedAsFailedOpen()
  refgrant.doom()
  const { counts } = applies
  // On a busy machine refgrant may be away most of the time, and pairs are over before it has judged enough.
  const felt = () => (failurePolicy === 'Fail' ? applies.broken > 0 : counts['ungranted stored'] >= LEAST)
  await applies.run(() => refgrant.kills >= KILLS && counts['ungranted refused'] >= LEAST && felt())
  await refgrant.spare()
  // A grant was there all the time.
  assert.equal(applies.counts['granted refused'], 0)
  return { applies, namespace, kills: refgrant.kills, failedOpen: (await countedAsFailedOpen()) - failedOpen }
}

/** Calls that the API server did without, by its own count. */
async function countedAsFailedOpen(): Promise<number> {
  const metrics = String(await cluster.controlPlane.api.must('GET', '/metrics'))
  const name = `apiserver_admission_webhook_fail_open_count{name="${ENTRY}",type="validating"} `
  const row = metrics.split('\n').find((row) => row.startsWith(name))
  return Number(row?.slice(name.length) ?? 0)
}

/** Names of a namespace's objects whose write did without refgrant, by the audit log. */
async function notedAsFailedOpen(namespace: string): Promise<Set<string>> {
  interface Event {
    readonly objectRef?: { readonly namespace?: string; readonly name: string }
    readonly annotations?: Record<string, string>
  }
  const lines = (await readFile(path.join(cluster.controlPlane.folder, 'audit.log'), 'utf8')).split('\n')
  const events = lines.filter((line) => line.includes(FAILED_OPEN)).map((line) => JSON.parse(line) as Event)
  const isNoted = ({ annotations = {} }: Event) =>
    Object.entries(annotations).some(([key, value]) => key.startsWith(FAILED_OPEN) && value === ENTRY)
  const noted = events.filter((event) => event.objectRef?.namespace === namespace && isNoted(event))
  return new Set(noted.map(({ objectRef }) => objectRef?.name ?? ''))
}

suite('refgrant is killed again and again while routes are applied', () => {
  test('under failurePolicy Fail: no route is stored that no grant permits', async (context) => {
    const { applies, kills } = await applyUnder(context, 'Fail')
    const { counts, broken, pairs } = applies
    const wrong = await applies.stored('ungranted')
    const failed = counts['granted failed'] + counts['ungranted failed']
    context.diagnostic(
      `killed under Fail: ${2 * pairs + failed} reviews, ${wrong.length} wrong, ${counts['granted stored']} permitted, ` +
        `${counts['ungranted refused']} denied, ${failed} not judged, ${kills} kills broke ${broken} of these off, seed ${SEED}`,
    )
    assert.deepEqual(wrong, [])
    assert.equal((await applies.stored('granted')).length, pairs)
    assert.ok(broken > 0, 'kills are felt')
  })

  test('under failurePolicy Ignore: what no grant permits is stored only where the API server says it did without', async (context) => {
    const { applies, kills, failedOpen, namespace } = await applyUnder(context, 'Ignore')
    const { counts, pairs } = applies
    const noted = await notedAsFailedOpen(namespace)
    const stored = await applies.stored('ungranted')
    const wrong = stored.filter((name) => !noted.has(name))
    context.diagnostic(
      `killed under Ignore: ${2 * pairs} reviews, ${wrong.length} wrong, ${pairs - failedOpen + stored.length} permitted, ` +
        `${counts['ungranted refused']} denied, ${failedOpen} failed open, ${stored.length} of these without a grant, ` +
        `${kills} kills, seed ${SEED}`,
    )
    assert.deepEqual(wrong, [])
    assert.equal(failedOpen, noted.size, 'the audit log and the metric agree')
    assert.ok(stored.length >= LEAST && counts['ungranted refused'] >= LEAST, 'refgrant was away and was not')
  })
})
