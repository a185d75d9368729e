import type { GrantKind } from '../policy/grant-kinds.ts'
import { NAME, NAMESPACE } from './names.ts'

/**
 * Returns the service account of the server and its rights: to list and watch grants, and to read its own registration
 * and rights. It cannot read Services, Secrets, ConfigMaps or Pods, so it cannot disclose whether a target exists.
 */
export function rbac(grantKinds: readonly GrantKind[]) {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAMESPACE } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: NAME },
      rules: [
        ...grantRights(grantKinds),
        // Its own registration and rights, to compare them with the configuration.
        own('admissionregistration.k8s.io', 'validatingwebhookconfigurations'),
        own('rbac.authorization.k8s.io', 'clusterroles'),
      ],
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

/** Returns the rights to follow the grants of these kinds. */
export function grantRights(grantKinds: readonly GrantKind[]) {
  return grantKinds.map(({ group, plural }) => ({
    apiGroups: [group],
    resources: [plural],
    verbs: ['list', 'watch'],
  }))
}

function own(group: string, resource: string) {
  return { apiGroups: [group], resources: [resource], resourceNames: [NAME], verbs: ['get'] }
}
