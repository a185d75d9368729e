import https from 'node:https'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { post } from '../harness/traffic/post.ts'
import { GROUP } from '../harness/traffic/reviews.ts'
import { FROM, reviewOf, TO } from './bodies.ts'
import { type Figure, spreadOf, tell } from './figures.ts'
import { type Program, startBundle } from './programs.ts'
import { start } from './start.ts'

const GRANTS = 1_000

/** Grants that are created at once. */
const AT_ONCE = 20

/** The grants whose effect is waited for. */
const FOLLOWED = 200

/** Measures refgrant with a real API server: its start, and the time from a new grant to its effect. */
export async function cluster(): Promise<Figure[]> {
  tell('starting a control plane')
  const cluster = await startCluster()
  try {
    await cluster.namespaces(TO)
    for (let from = 0; from < GRANTS; from += AT_ONCE) {
      tell(`created ${from} of ${GRANTS} grants`)
      await Promise.all(
        Array.from({ length: AT_ONCE }, (_, at) => create(cluster, `grant-${from + at}`, `app-${from + at}`)),
      )
    }
    const grants = ['--kubeconfig', cluster.account]
    const figures = await start(`start, ${GRANTS} grants from a real API server`, grants)
    const program = await startBundle(grants)
    try {
      return [...figures, await freshness(cluster, program)]
    } finally {
      await program.stop()
    }
  } finally {
    await cluster.controlPlane.stop()
  }
}

/** Returns the time from the answer to a grant's creation to the first review that it permits. */
async function freshness(cluster: Cluster, { url, path }: Program): Promise<Figure> {
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false })
  const times: number[] = []
  for (let at = 0; at < FOLLOWED; at += 1) {
    tell(`followed ${at} of ${FOLLOWED} grants`)
    const body = reviewOf({ operation: 'CREATE', references: 1 }).replaceAll('svc0', `followed-${at}`)
    await create(cluster, `followed-${at}`, FROM, `followed-${at}`)
    const created = performance.now()
    while (!(await post(`${url}${path}`, body, { agent })).body.includes('"allowed":true'));
    times.push(performance.now() - created)
  }
  agent.destroy()
  times.sort((a, b) => a - b)
  const [half = 0, most = 0] = [0.5, 0.99].map((part) => times[Math.floor(times.length * part)])
  const value = { ...spreadOf(times), median: half, max: most }
  const row = 'from a created grant to its effect (max: p99)'
  return { row, program: 'refgrant', unit: 'ms', value, limit: 'p99 at most 20, aim 10' }
}

async function create({ controlPlane }: Cluster, name: string, from: string, target?: string): Promise<void> {
  const to = { group: '', kind: 'Service', ...(target !== undefined && { name: target }) }
  const { status } = await controlPlane.api.create({
    ...{ apiVersion: `${GROUP}/v1`, kind: 'ReferenceGrant', metadata: { name, namespace: TO } },
    spec: { from: [{ group: GROUP, kind: 'HTTPRoute', namespace: from }], to: [to] },
  })
  if (status !== 201) throw new Error(`the API server answered ${status} to a grant`)
}
