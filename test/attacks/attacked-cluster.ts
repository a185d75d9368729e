import type { TestContext } from 'node:test'
import { type Content, GeneratedCluster } from '../harness/stand-ins/generated-cluster.ts'
import { type Siege, type Victim, withstand } from './siege.ts'

/** Attacks a server whose cluster has this. */
export async function attacked(
  context: TestContext,
  name: string,
  content: Content,
  siege: Siege,
  attack: (victim: Victim, cluster: GeneratedCluster) => Promise<void>,
): Promise<void> {
  const cluster = await GeneratedCluster.start(content)
  context.after(() => cluster.close())
  await withstand(context, name, { ...siege, grants: cluster.grants }, (victim) => attack(victim, cluster))
}
