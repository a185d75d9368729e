import { until } from '../until.ts'
import type { Cluster } from './cluster.ts'

const GROUP = 'rbac.authorization.k8s.io'

/** Lets these users, and no others who were let before, write everything; resolves when the API server knows that. */
export async function letWrite({ controlPlane, kubectl }: Cluster, users: readonly string[]): Promise<void> {
  await controlPlane.api.apply({
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'users-of-tests' },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: users.map((name) => ({ kind: 'User', name, apiGroup: GROUP })),
  })
  const may = async (user: string) => (await kubectl(['auth', 'can-i', '*', '*', `--as=${user}`])).code === 0
  for (const user of users) await until(`${user} may write`, () => may(user))
}
