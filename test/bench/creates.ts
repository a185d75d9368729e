import path from 'node:path'
import { apiServerCount } from '../harness/control-plane/api-server-counts.ts'
import type { Cluster } from '../harness/control-plane/cluster.ts'
import { register } from '../harness/control-plane/guarded-cluster.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { processesWith } from '../harness/program/processes.ts'
import { GROUP } from '../harness/traffic/reviews.ts'
import { FROM } from './bodies.ts'
import { type Figure, ratiosOf, roundsOf, spreadOf, tell } from './figures.ts'
import { type Bundle, cpuOf, startBundle } from './programs.ts'

/** The creates of each kind in one round. */
const CREATES = 200
const ROUNDS = roundsOf(5)

/** The namespace of the targets. */
const TARGETS = 'shared'

const OWN_GROUP = 'policies.example.com'

/** A kind of another project, which only a configuration guards. */
export const own: ApiObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `shields.${OWN_GROUP}` },
  spec: {
    group: OWN_GROUP,
    scope: 'Namespaced',
    names: { kind: 'Shield', plural: 'shields', singular: 'shield' },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

const CONFIGURATION = JSON.stringify({
  apiVersion: 'refgrant.dev/v1alpha1',
  kind: 'Configuration',
  guardedFields: [
    {
      from: { group: OWN_GROUP, kind: 'Shield', plural: 'shields' },
      path: 'spec.backends[].ref',
      to: { group: '', kind: 'Service' },
    },
  ],
})

/** The objects that are created: the API version and the spec of each kind, with references to this namespace. */
const KINDS: Readonly<Record<string, readonly [apiVersion: string, spec: (namespace: string) => unknown]>> = {
  HTTPRoute: [`${GROUP}/v1`, withBackends],
  GRPCRoute: [`${GROUP}/v1`, withBackends],
  TLSRoute: [`${GROUP}/v1`, (namespace) => ({ ...withBackends(namespace), hostnames: ['shop.example.com'] })],
  Gateway: [
    `${GROUP}/v1`,
    (namespace) => ({
      gatewayClassName: 'example',
      listeners: [
        { name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'web', namespace }] } },
      ],
    }),
  ],
  Shield: [`${OWN_GROUP}/v1`, (namespace) => ({ backends: [{ ref: { name: 'payments', namespace } }] })],
}

function withBackends(namespace: string) {
  return { rules: [{ backendRefs: [{ name: 'payments', namespace, port: 80 }] }] }
}

/** What a create meets: no webhook, a webhook that match conditions do not let it reach, or one that permits it. */
const WAYS = ['no webhook', 'nothing crosses', 'crosses'] as const

type Way = (typeof WAYS)[number]

/** What the creates of each round took, for each one: on the clock in ms, and the CPU time in us. */
interface Costs {
  readonly milliseconds: number[]
  readonly apiServer: number[]
  readonly refgrant: number[]
  /** Reviews, in all rounds. */
  reviews: number
}

/** Measures creates through a real API server, one after another on one connection, with and without the webhook. */
export async function creates(cluster: Cluster): Promise<Figure[]> {
  const { api } = cluster.controlPlane
  await cluster.namespaces(TARGETS)
  await api.apply(permitting)
  const config = path.join(folderWith({ 'refgrant.yaml': CONFIGURATION }), 'refgrant.yaml')
  const program = await startBundle(['--kubeconfig', cluster.account, '--config', config])
  const apiServer = await apiServerProcess(cluster)
  const costs = new Map<string, Costs>()
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const way of WAYS) {
        if (way === 'no webhook') await unregister(cluster)
        else if (way === 'nothing crosses')
          await register(cluster.controlPlane, program, path.join(cluster.certs, 'ca.crt'), ['--config', config])
        for (const kind of Object.keys(KINDS)) {
          tell(`creates: round ${round + 1} of ${ROUNDS}, ${kind}, ${way}`)
          const key = `${kind}, ${way}`
          const cost = costs.get(key) ?? { milliseconds: [], apiServer: [], refgrant: [], reviews: 0 }
          costs.set(key, cost)
          const prefix = `${kind}-${way.replaceAll(' ', '-')}-${round}`.toLowerCase()
          await createMany(cluster, { program, apiServer }, (at) => objectOf(kind, way, `${prefix}-${at}`), cost)
        }
      }
    }
    await unregister(cluster)
  } finally {
    await program.stop()
  }
  return Object.keys(KINDS).flatMap((kind) => WAYS.flatMap((way) => figuresOf(kind, way, costs)))
}

const permitting: ApiObject = {
  apiVersion: `${GROUP}/v1`,
  kind: 'ReferenceGrant',
  metadata: { name: 'permits', namespace: TARGETS },
  spec: {
    from: Object.entries(KINDS).map(([kind, [apiVersion]]) => ({
      ...{ group: apiVersion.split('/')[0], kind, namespace: FROM },
    })),
    to: [
      { group: '', kind: 'Service' },
      { group: '', kind: 'Secret' },
    ],
  },
}

function objectOf(kind: string, way: Way, name: string): ApiObject {
  const [apiVersion = '', spec] = KINDS[kind] ?? []
  // The same length, so that the size of the object is not what differs.
  const target = way === 'crosses' ? TARGETS : FROM
  return { apiVersion, kind, metadata: { name, namespace: FROM }, spec: spec?.(target) } as ApiObject
}

async function createMany(
  { controlPlane: { api } }: Cluster,
  { program, apiServer }: { program: Bundle; apiServer: number },
  object: (at: number) => ApiObject,
  cost: Costs,
): Promise<void> {
  const before = { reviews: await reviewsOf(api), apiServer: cpuOf(apiServer), refgrant: program.cpu() }
  const begun = performance.now()
  for (let at = 0; at < CREATES; at += 1) {
    const { status, body } = await api.create(object(at))
    if (status !== 201) throw new Error(`the API server answered ${status}: ${JSON.stringify(body)}`)
  }
  cost.milliseconds.push((performance.now() - begun) / CREATES)
  cost.apiServer.push(((cpuOf(apiServer) - before.apiServer) / CREATES) * 1e6)
  cost.refgrant.push(((program.cpu() - before.refgrant) / CREATES) * 1e6)
  cost.reviews += (await reviewsOf(api)) - before.reviews
}

/** The calls of the webhook that the API server has counted. */
const reviewsOf = (api: Cluster['controlPlane']['api']) =>
  apiServerCount(api, 'apiserver_admission_webhook_request_total', 'refgrant.dev')

function figuresOf(kind: string, way: Way, costs: ReadonlyMap<string, Costs>): Figure[] {
  const cost = costs.get(`${kind}, ${way}`)
  const without = costs.get(`${kind}, no webhook`)
  if (!cost || !without) throw new Error(`creates of a ${kind} were not measured`)
  const row = `create of a ${kind}, ${way}`
  const figure = (program: string, unit: string, values: readonly number[], to: readonly number[]): Figure => {
    const ratio = { of: `${way} / no webhook`, value: ratiosOf(values, to) }
    return { row, program, unit, value: spreadOf(values), ...(way !== 'no webhook' && { ratio }) }
  }
  const calls: Figure = {
    row,
    program: 'refgrant',
    unit: `calls in ${CREATES * ROUNDS}`,
    value: spreadOf([cost.reviews]),
  }
  const limit = way === 'crosses' ? {} : { limit: 'none' }
  return [
    figure('client', 'ms', cost.milliseconds, without.milliseconds),
    figure('API server and refgrant', 'CPU us', sums(cost), sums(without)),
    { row, program: 'refgrant', unit: 'CPU us', value: spreadOf(cost.refgrant) },
    { ...calls, ...limit },
  ]
}

const sums = ({ apiServer, refgrant }: Costs) => apiServer.map((microseconds, at) => microseconds + (refgrant[at] ?? 0))

async function apiServerProcess({ controlPlane }: Cluster): Promise<number> {
  const [process = ''] = await processesWith(`--cert-dir=${controlPlane.folder}`)
  return Number.parseInt(process, 10)
}

/** Removes the registration, and waits until the API server does not call the webhook any more. */
async function unregister({ controlPlane: { api } }: Cluster): Promise<void> {
  await api.request('DELETE', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/refgrant')
  const probe = objectOf('HTTPRoute', 'crosses', 'probe')
  for (let last = Number.NaN; ; ) {
    await api.create(probe, '?dryRun=All')
    const now = await reviewsOf(api)
    if (now === last) return
    last = now
  }
}
