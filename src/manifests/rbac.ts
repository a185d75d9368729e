import type { GrantKind } from '../policy/grant-kinds.ts'
import { NAME, NAMESPACE } from './names.ts'

/**
 * Returns the service account of the server and its rights: to list and watch grants, and to read its own registration
 * and rights. It cannot read any other Secret, and no Service, ConfigMap or Pod, so it cannot disclose whether a target exists.
 *
 * @param secret the Secret of self-managed certificates, which the server may then write, beside the trust in its
 *   registration; undefined for certificates from files
 */
export function rbac(grantKinds: readonly GrantKind[], secret: string | undefined) {
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
        own('admissionregistration.k8s.io', 'validatingwebhookconfigurations', NAME, [
          'get',
          ...(secret === undefined ? [] : ['patch']),
        ]),
        own('rbac.authorization.k8s.io', 'clusterroles', NAME, ['get']),
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
    ...(secret === undefined ? [] : secretRights(secret)),
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

/**
 * Returns the rights on the Secret. To create it, the server needs `create` and `patch`: only for an apply can Kubernetes
 * limit `create` to a name.
 */
function secretRights(secret: string) {
  const metadata = { name: NAME, namespace: NAMESPACE }
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [
        own('', 'secrets', secret, ['get', 'update', 'create', 'patch']),
        own('rbac.authorization.k8s.io', 'roles', NAME, ['get']),
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
  ]
}

function own(group: string, resource: string, name: string, verbs: readonly string[]) {
  return { apiGroups: [group], resources: [resource], resourceNames: [name], verbs }
}
