import type { ApiObject } from './api-object.ts'

const GROUP = 'gateway.networking.k8s.io'

/** A name, and the namespace if it is another one. */
type Backend = readonly [name: string, namespace?: string]

/** An HTTPRoute of namespace shop, unless said otherwise, that sends traffic to these Services. */
export function route(options: {
  name: string
  backends: readonly Backend[]
  namespace?: string
  finalizers?: string[]
}): ApiObject {
  const { name, backends, namespace = 'shop', finalizers } = options
  const backendRefs = backends.map(([service, inNamespace]) => ({
    name: service,
    port: 8080,
    ...(inNamespace !== undefined && { namespace: inNamespace }),
  }))
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'HTTPRoute',
    metadata: { name, namespace, ...(finalizers && { finalizers }) },
    spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs }] },
  }
}

/** A ReferenceGrant of namespace billing, unless said otherwise, to one Service for the HTTPRoutes of shop. */
export function grant(options: {
  name: string
  to: string
  namespace?: string
  version?: string
  from?: { group?: string; kind?: string; namespace?: string }
}): ApiObject {
  const { name, to, namespace = 'billing', version = 'v1', from } = options
  return {
    apiVersion: `${GROUP}/${version}`,
    kind: 'ReferenceGrant',
    metadata: { name, namespace },
    spec: {
      from: [{ group: GROUP, kind: 'HTTPRoute', namespace: 'shop', ...from }],
      to: [{ group: '', kind: 'Service', name: to }],
    },
  }
}
