import type { GrantKind } from '../policy/grant-kinds.ts'
import { NAMES, type Names } from './names.ts'

/**
 * Returns the service account of the server and its rights: to list and watch grants, and to read its own registration
 * and rights. It cannot read any other Secret, and no Service, ConfigMap or Pod, so it cannot disclose whether a target exists.
 *
 * @param secret the Secret of self-managed certificates, which the server may then write, beside the trust in its
 *   registration; undefined for certificates from files
 */
export function rbac(grantKinds: readonly GrantKind[], secret: string | undefined, { name, namespace }: Names = NAMES) {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        ...grantRights(grantKinds),
        // Its own registration and rights, to compare them with the configuration.
        own('admissionregistration.k8s.io', 'validatingwebhookconfigurations', name, [
          'get',
          ...(secret === undefined ? [] : ['patch']),
        ]),
        own('rbac.authorization.k8s.io', 'clusterroles', name, ['get']),
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    ...(secret === undefined ? [] : secretRights(secret, { name, namespace })),
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
function secretRights(secret: string, { name, namespace }: Names) {
  const metadata = { name, namespace }
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [
        own('', 'secrets', secret, ['get', 'update', 'create', 'patch']),
        own('rbac.authorization.k8s.io', 'roles', name, ['get']),
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ]
}

function own(group: string, resource: string, name: string, verbs: readonly string[]) {
  return { apiGroups: [group], resources: [resource], resourceNames: [name], verbs }
}
