import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { readConfig } from '../../../src/config/read.ts'
import type { ApiClient } from '../control-plane/api-client.ts'
import { type Cluster, startCluster, startGuard } from '../control-plane/cluster.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { grant } from '../objects/objects.ts'
import type { Refgrant } from '../program/refgrant.ts'
import { untilCounted } from '../until.ts'
import { askApiServer, askRefgrant } from './ask.ts'
import { CHURNED, Churn, type Hands, type Reference } from './churn.ts'
import { History } from './history.ts'

/** The age that knowledge may have without any configuration, in ms. */
export const BOUND = readConfig(undefined).bounds.knowledgeAgeSeconds * 1_000

/** Whether everything runs at its full length. */
export const LONG = process.env.REFGRANT_LONG === '1'

/** What refgrant reaches the API server through. */
interface Proxy {
  readonly server: string
  /** PEM that its certificate is verified with, if that is not the API server's own. */
  readonly ca?: string
  close(): void
}

/** A cluster with refgrant in it, which reaches the API server through a proxy; everybody else reaches it directly. */
export interface FaultyCluster<P extends Proxy> extends Cluster {
  readonly proxy: P
  readonly refgrant: Refgrant
  readonly history: History
  /** Replaces the token of refgrant. */
  authenticate(token: string): Promise<unknown>
  stop(): Promise<void>
}

interface Start {
  /** Runs before refgrant starts. */
  readonly prepare?: (cluster: Cluster) => Promise<unknown>
  /** Options of the Node that refgrant runs on. */
  readonly nodeOptions?: readonly string[]
  /** Further arguments of refgrant. */
  readonly more?: readonly string[]
  /** Ends the start, or the control plane that has started. */
  readonly signal?: AbortSignal
}

/**
 * Starts it, with namespaces for a churn.
 *
 * @param startProxy starts what refgrant reaches the API server through
 */
export async function startFaultyCluster<P extends Proxy>(
  startProxy: (controlPlane: ControlPlane) => Promise<P>,
  { prepare, nodeOptions = [], more = [], signal }: Start = {},
): Promise<FaultyCluster<P>> {
  const cluster = await startCluster({ signal })
  const { controlPlane } = cluster
  const proxy = await startProxy(controlPlane)
  const stop = async () => {
    proxy.close()
    await controlPlane.stop()
  }
  try {
    await cluster.namespaces(...CHURNED)
    await prepare?.(cluster)
    const token = await controlPlane.api.token('refgrant-system', 'refgrant')
    const authenticate = (token: string) => controlPlane.kubeconfigFor('proxied', token, proxy.server, proxy.ca)
    const refgrant = await startGuard(cluster, { kubeconfig: await authenticate(token), nodeOptions, more, signal })
    const stopAll = () => refgrant.stop().then(stop)
    return { ...cluster, proxy, refgrant, history: new History(BOUND), authenticate, stop: stopAll }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The cluster of a churn, and the refgrant that must follow it in the end. */
type Judged = Pick<FaultyCluster<Proxy>, 'controlPlane' | 'refgrant' | 'history'>

/** How a churn writes and asks. */
interface Writing {
  /** The version of Gateway API's kinds; the last sign of life is in the version that holds at the end. */
  readonly version?: () => string
  /** Bytes by which each grant is larger than it need be. */
  readonly padding?: number
  /** Asks for a verdict; the API server and refgrant itself in turn by default. */
  readonly ask?: Hands['ask']
}

/** Writes through the API server; asks there and refgrant itself in turn. */
export function hands({ controlPlane: { api }, refgrant }: Judged, writing: Writing = {}): Hands {
  let turn = 0
  const ask: Hands['ask'] = (reference) =>
    turn++ % 2 === 0 ? askApiServer(api, reference) : askRefgrant(refgrant, reference)
  return handsOn(api, { ask, ...writing })
}

/** Writes and asks through the API server. */
export function handsOn(
  api: ApiClient,
  { version = () => 'v1', padding = 0, ask = (reference) => askApiServer(api, reference) }: Writing = {},
): Hands {
  const named = ({ from, to, target }: Reference, name: string) => {
    const object = grant({ name, to: target, namespace: to, from: { namespace: from }, version: version() })
    return { ...object, metadata: { ...object.metadata, annotations: { padding: '.'.repeat(padding) } } }
  }
  return {
    async create(reference, name) {
      const object = named(reference, name)
      const { status } = await api.create(object)
      if (status !== 201) throw new Error(`${name} is not created: HTTP ${status}`)
    },
    async delete(reference, name) {
      const path = await api.pathOf(named(reference, name))
      const { status } = await api.request('DELETE', path)
      if (status !== 200 && status !== 404) throw new Error(`DELETE ${path}: HTTP ${status}`)
    },
    ask,
  }
}

/** What a scenario goes on for until it has been seen: a slower machine takes longer. */
interface Least {
  readonly permitted: number
  readonly denied: number
  /** Grants that came and went. */
  readonly gone?: number
}

interface Expected {
  /** What the scenario is called in the table. */
  readonly name: string
  readonly least: Least
  /** Reviews that may go without a verdict; any number by default. */
  readonly mostUnjudged?: number
}

/**
 * Lets grants come and go, and reviews be asked for, while `fault` lasts; then no answer may have been wrong, and
 * refgrant must follow the cluster again. `fault` leaves a cluster behind that works.
 */
export async function judgeUnder(
  context: TestContext,
  cluster: Judged,
  { name, least, mostUnjudged = Infinity, ...writing }: Expected & Writing,
  fault: (churn: Churn) => Promise<void>,
): Promise<void> {
  const { history } = cluster
  const churn = new Churn(history, hands(cluster, writing))
  const { permitted: permits, denied: denials } = history.ended
  await churn.start()
  try {
    await fault(churn)
    await untilCounted('reviews are permitted', permits + least.permitted, () => history.ended.permitted)
    await untilCounted('reviews are denied', denials + least.denied, () => history.ended.denied)
    await untilCounted('grants come and go', least.gone ?? 0, () => churn.gone)
  } finally {
    await churn.stop()
  }
  const healed = performance.now()
  await followsAgain(cluster, writing.version?.())
  const recovery = Math.round(performance.now() - healed)
  const { permitted, denied, unjudged, wrong, stalest } = history.tally()
  const reviews = permitted + denied + unjudged
  context.diagnostic(
    `${name}: ${reviews} reviews, ${wrong.length} wrong, ${permitted} permitted, ${denied} denied, ${unjudged} not judged, ` +
      `${churn.gone} grants created and deleted, longest stale permit ${Math.round(stalest)} ms, time to resync ${recovery} ms`,
  )
  // A few tell as much as all.
  assert.deepEqual(wrong.slice(0, 3), [])
  assert.ok(unjudged <= mostUnjudged, `${unjudged} not judged`)
}

/** Waits until the index has what the cluster has; reviews have no part in it, and fresh reads never enter the index. */
async function followsAgain({ controlPlane, refgrant }: Judged, version = 'v1'): Promise<void> {
  const sign = grant({ name: 'sign', to: 'payments', namespace: CHURNED[0] as string, version })
  await controlPlane.api.apply(sign)
  await refgrant.knows(1)
  await controlPlane.api.delete(sign)
  await refgrant.knows(0)
}

/** Reviews that each stretch of a fault has at least. */
const ASKED = 10

/** Lets the churn go on for so many seconds, and until some reviews were asked for and so many grants have come and gone. */
export async function lasting(churn: Churn, seconds: number, gone = 0): Promise<void> {
  const enough = churn.asked + ASKED
  await wait(seconds * 1_000)
  await untilCounted('reviews are asked for', enough, () => churn.asked)
  await untilCounted('grants come and go', gone, () => churn.gone)
}
