import { startCluster } from '../harness/control-plane/cluster.ts'
import { FROM, TO } from './bodies.ts'
import { creates, own } from './creates.ts'
import { type Figure, tell } from './figures.ts'
import { createGrant, freshness } from './freshness.ts'
import { start } from './start.ts'

/** The grants of the cluster when starts are measured. The difference to the first is the list. */
const GRANTS = [0, 1_000, 10_000]

/** Grants that are created at once. */
const AT_ONCE = 20

/** Measures refgrant with a real API server: its start, the time from a new grant to its effect, and what creates cost. */
export async function cluster(): Promise<Figure[]> {
  tell('starting a control plane')
  const cluster = await startCluster()
  const figures: Figure[] = []
  try {
    await cluster.namespaces(FROM, TO)
    await cluster.controlPlane.api.installCrds([own])
    figures.push(...(await creates(cluster)))
    let created = 0
    for (const count of GRANTS) {
      for (; created < count; created += AT_ONCE) {
        tell(`created ${created} of ${count} grants`)
        const names = Array.from({ length: AT_ONCE }, (_, at) => created + at)
        await Promise.all(names.map((name) => createGrant(cluster, `grant-${name}`, `app-${name}`)))
      }
      const named = count.toLocaleString('en')
      figures.push(...(await start(`start, ${named} grants from a real API server`, ['--kubeconfig', cluster.account])))
      if (count === 1_000) figures.push(...(await freshness(cluster)))
    }
    return figures
  } finally {
    await cluster.controlPlane.stop()
  }
}
