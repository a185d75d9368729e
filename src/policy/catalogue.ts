import type { GroupKind } from './reference.ts'

/** A kind whose objects hold guarded fields. */
export interface ReferrerKind extends GroupKind {
  /** The resource name, for webhook rules and RBAC. */
  readonly plural: string
  /** The short names by which kubectl knows the resource. */
  readonly shortNames?: readonly string[]
  /** Whether the kind is a route, which may serve a mesh instead of a Gateway. */
  readonly route?: true
}

/**
 * A field that holds a reference which a ReferenceGrant must permit when it crosses namespaces.
 *
 * `path` leads to an object with `name` and optionally `group`, `kind` and `namespace`; `[]` stands for each element of
 * a list. `groupField` is the name of the group's field, if that is not `group`. `to` is the default of an absent group
 * or kind. Without `to`, an absent group is the core group, and the kind is required.
 */
export interface GuardedField {
  readonly from: ReferrerKind
  readonly path: string
  readonly groupField?: string
  readonly to?: GroupKind
  /** The kind of the grants that may permit a reference in this field; default: ReferenceGrant. */
  readonly grantKind?: GroupKind
  /** The URL of the project's code or API that requires a grant for the field. */
  readonly source?: string
}

const GATEWAY_API = 'gateway.networking.k8s.io'
const EXTENDED = 'gateway.networking.x-k8s.io'

const service: GroupKind = { group: '', kind: 'Service' }
const secret: GroupKind = { group: '', kind: 'Secret' }

const httpRoute: ReferrerKind = { group: GATEWAY_API, kind: 'HTTPRoute', plural: 'httproutes', route: true }
const grpcRoute: ReferrerKind = { group: GATEWAY_API, kind: 'GRPCRoute', plural: 'grpcroutes', route: true }
const tcpRoute: ReferrerKind = { group: GATEWAY_API, kind: 'TCPRoute', plural: 'tcproutes', route: true }
const tlsRoute: ReferrerKind = { group: GATEWAY_API, kind: 'TLSRoute', plural: 'tlsroutes', route: true }
const udpRoute: ReferrerKind = { group: GATEWAY_API, kind: 'UDPRoute', plural: 'udproutes', route: true }
const gateway: ReferrerKind = { group: GATEWAY_API, kind: 'Gateway', plural: 'gateways', shortNames: ['gtw'] }
const listenerSet: ReferrerKind = {
  group: GATEWAY_API,
  kind: 'ListenerSet',
  plural: 'listenersets',
  shortNames: ['lset'],
}
const xListenerSet: ReferrerKind = { group: EXTENDED, kind: 'XListenerSet', plural: 'xlistenersets' }
const xBackend: ReferrerKind = { group: EXTENDED, kind: 'XBackend', plural: 'xbackends' }
const xTelemetryPolicy: ReferrerKind = { group: EXTENDED, kind: 'XTelemetryPolicy', plural: 'xtelemetrypolicies' }

/**
 * Every guarded field, one row a field. Extraction, webhook rules, RBAC and documentation derive from these rows.
 *
 * A row stays when a later release of Gateway API drops or moves its field: clusters still run the older release, and
 * the API server prunes fields that the installed CRD does not have.
 */
// biome-ignore format: one row a line, whatever its length
export const guardedFields: readonly GuardedField[] = [
  { from: httpRoute, path: 'spec.rules[].backendRefs[]', to: service },
  { from: httpRoute, path: 'spec.rules[].backendRefs[].filters[].requestMirror.backendRef', to: service },
  { from: httpRoute, path: 'spec.rules[].backendRefs[].filters[].externalAuth.backendRef', to: service },
  { from: httpRoute, path: 'spec.rules[].filters[].requestMirror.backendRef', to: service },
  { from: httpRoute, path: 'spec.rules[].filters[].externalAuth.backendRef', to: service },
  { from: grpcRoute, path: 'spec.rules[].backendRefs[]', to: service },
  { from: grpcRoute, path: 'spec.rules[].backendRefs[].filters[].requestMirror.backendRef', to: service },
  { from: grpcRoute, path: 'spec.rules[].filters[].requestMirror.backendRef', to: service },
  { from: tcpRoute, path: 'spec.rules[].backendRefs[]', to: service },
  { from: tlsRoute, path: 'spec.rules[].backendRefs[]', to: service },
  { from: udpRoute, path: 'spec.rules[].backendRefs[]', to: service },
  { from: gateway, path: 'spec.listeners[].tls.certificateRefs[]', to: secret },
  { from: gateway, path: 'spec.listeners[].tls.frontendValidation.caCertificateRefs[]' }, // v1.1 to v1.3
  { from: gateway, path: 'spec.listeners[].filters.requests[].externalAuth.backendRef', to: service },
  { from: gateway, path: 'spec.tls.backend.clientCertificateRef', to: secret },
  { from: gateway, path: 'spec.tls.frontend.default.validation.caCertificateRefs[]' },
  { from: gateway, path: 'spec.tls.frontend.perPort[].tls.validation.caCertificateRefs[]' },
  { from: gateway, path: 'spec.backendTLS.clientCertificateRef', to: secret }, // v1.2 and v1.3
  { from: listenerSet, path: 'spec.listeners[].tls.certificateRefs[]', to: secret },
  { from: listenerSet, path: 'spec.listeners[].filters.requests[].externalAuth.backendRef', to: service },
  { from: xListenerSet, path: 'spec.listeners[].tls.certificateRefs[]', to: secret }, // v1.3 and v1.4
  { from: xListenerSet, path: 'spec.listeners[].tls.frontendValidation.caCertificateRefs[]' }, // v1.3
  { from: xBackend, path: 'spec.tls.clientCertificateRef', to: secret },
  { from: xTelemetryPolicy, path: 'spec.tracing.provider.backendRef', to: service },
]
