import type { TestContext } from 'node:test'
import { type Content, GeneratedCluster, grantsOf, neighbours } from '../harness/stand-ins/generated-cluster.ts'
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

/** The neighbour's grant and so many others, none of which is in the neighbour's namespace. */
export function content(count: number, other: (index: number) => string, more: Partial<Content> = {}): Content {
  return { list: (namespace) => grantsOf([neighbours], namespace === 'billing' ? 0 : count, other), ...more }
}
