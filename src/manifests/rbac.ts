import type { GrantKind } from '../policy/grant-kinds.ts'
import { NAME, NAMESPACE } from './names.ts'

/**
 * The account of the server and all that it may do: list and watch grants. It may read no Service, Secret,
 * ConfigMap or Pod, so it cannot tell anybody whether a target exists.
 */
export function rbac(grantKinds: readonly GrantKind[]) {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAMESPACE } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: NAME },
      rules: grantKinds.map(({ group, plural }) => ({
        apiGroups: [group],
        resources: [plural],
        verbs: ['list', 'watch'],
      })),
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
  ]
}
