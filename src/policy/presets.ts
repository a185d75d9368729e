import type { GuardedField, ReferrerKind } from './catalogue.ts'
import type { GrantKind } from './grant-kinds.ts'
import type { GroupKind } from './reference.ts'

/** The guarded fields of one project, and its own kinds of grants. */
export interface Preset {
  readonly fields: readonly GuardedField[]
  readonly grantKinds: readonly GrantKind[]
}

const service: GroupKind = { group: '', kind: 'Service' }
const secret: GroupKind = { group: '', kind: 'Secret' }

const ENVOY_GATEWAY = 'gateway.envoyproxy.io'
const securityPolicy: ReferrerKind = { group: ENVOY_GATEWAY, kind: 'SecurityPolicy', plural: 'securitypolicies' }
const extensionPolicy: ReferrerKind = {
  group: ENVOY_GATEWAY,
  kind: 'EnvoyExtensionPolicy',
  plural: 'envoyextensionpolicies',
}
const clientPolicy: ReferrerKind = {
  group: ENVOY_GATEWAY,
  kind: 'ClientTrafficPolicy',
  plural: 'clienttrafficpolicies',
}
const routeFilter: ReferrerKind = { group: ENVOY_GATEWAY, kind: 'HTTPRouteFilter', plural: 'httproutefilters' }
const trafficPolicy: ReferrerKind = { group: 'gateway.kgateway.dev', kind: 'TrafficPolicy', plural: 'trafficpolicies' }
const agentPolicy: ReferrerKind = {
  group: 'agentgateway.dev',
  kind: 'AgentgatewayPolicy',
  plural: 'agentgatewaypolicies',
}
const aiRoute: ReferrerKind = { group: 'aigateway.envoyproxy.io', kind: 'AIGatewayRoute', plural: 'aigatewayroutes' }
const claim: ReferrerKind = { group: '', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims' }
const certificate: ReferrerKind = {
  group: 'configuration.konghq.com',
  kind: 'KongCertificate',
  plural: 'kongcertificates',
}
const authority: ReferrerKind = {
  group: 'configuration.konghq.com',
  kind: 'KongCACertificate',
  plural: 'kongcacertificates',
}
/** The kinds of Kong whose control plane may be in another namespace, beside the certificates. */
const kongReferrers: readonly ReferrerKind[] = [
  ['KongService', 'kongservices'],
  ['KongUpstream', 'kongupstreams'],
  ['KongConsumerGroup', 'kongconsumergroups'],
  ['KongKeySet', 'kongkeysets'],
  ['KongDataPlaneClientCertificate', 'kongdataplaneclientcertificates'],
].map(([kind = '', plural = '']) => ({ group: 'configuration.konghq.com', kind, plural }))
const controlPlane: GroupKind = { group: 'konnect.konghq.com', kind: 'KonnectGatewayControlPlane' }
const kongGrant: GrantKind = {
  group: 'configuration.konghq.com',
  kind: 'KongReferenceGrant',
  plural: 'kongreferencegrants',
  version: 'v1alpha1',
  coreGroup: 'core',
}

const github = (repository: string, ref: string, file: string) => `https://github.com/${repository}/blob/${ref}/${file}`
const envoy = (file: string) => github('envoyproxy/gateway', 'v1.9.1', `internal/gatewayapi/${file}`)

/** `translateExtServiceBackendRefs`, which requires a grant for each backend. */
const ENVOY_SERVICES = envoy('ext_service.go')
/** `validateSecretRef`, and `validateAndGetDataAtKeyInRef` for authorities and revocation lists. */
const ENVOY_SECURITY = envoy('securitypolicy.go')
const ENVOY_EXTENSION = envoy('envoyextensionpolicy.go')
const ENVOY_CLIENT = envoy('clienttrafficpolicy.go')
const ENVOY_FILTERS = envoy('filters.go')

/** `SecretIndex.GetSecret`, called for the policy. Fields that need a grant only in mode STRICT are left out. */
const KGATEWAY = github(
  'kgateway-dev/kgateway',
  '063b2e965e28c3b5d44e3ca6673bb2c1b9abfa69',
  'install/helm/kgateway-crds/templates/gateway.kgateway.dev_trafficpolicies.yaml',
)
/** `BuildBackendRef`, which requires a grant if BackendRefGrantMode is `route-and-policy`; its default is `route`. */
const AGENTGATEWAY = github(
  'agentgateway/agentgateway',
  '005d02993dfdc73c3176a426e2a957ba4062c3d8',
  'controller/api/v1alpha1/agentgateway/agentgateway_policy_types.go',
)
const AI_GATEWAY = github(
  'envoyproxy/ai-gateway',
  'a9c34927a4ff5a08470550cc73fed698397a4742',
  'internal/controller/referencegrant.go',
)
/** `IsGranted`; needs the feature gate CrossNamespaceVolumeDataSource. */
const PROVISIONER = github('kubernetes-csi/external-provisioner', 'v6.4.0', 'pkg/controller/util.go')
/** `handleSecretRef` of the Konnect reconciler, for what `getSecretRefs` lists. */
const KONG = github(
  'Kong/kong-operator',
  '18bb5dbb8e5057f01122578b81392ca9d3f9b65c',
  'api/configuration/v1alpha1/kongcertificate_types.go',
)
const KONG_AUTHORITY = github(
  'Kong/kong-operator',
  '052f823c4bd3ffd1d24930e338632e09655f4f0d',
  'api/configuration/v1alpha1/kongcacertificate_types.go',
)

/** The kinds that may name a namespace in `controlPlaneRef`, for which `CheckKongReferenceGrantForResource` is called. */
const KONG_CONTROL_PLANE = github(
  'Kong/kong-operator',
  '052f823c4bd3ffd1d24930e338632e09655f4f0d',
  'config/crd/kong-operator/configuration.konghq.com_kongservices.yaml',
)
const controlPlaneOf = (from: ReferrerKind): GuardedField => ({
  from,
  path: 'spec.controlPlaneRef.konnectNamespacedRef',
  to: controlPlane,
  grantKind: kongGrant,
  source: KONG_CONTROL_PLANE,
})

/**
 * The guarded fields of other projects. A field is listed only if the project's own code requires a grant for it: Envoy
 * Gateway does not for telemetry backends, and its policies select targets of other namespaces by selectors, which are
 * not references by name.
 *
 * test/policy/presets.test.ts checks each path against the project's CRD.
 */
// biome-ignore format: one row a line, whatever its length
export const presets = {
  'envoy-gateway': {
    grantKinds: [],
    fields: [
      { from: securityPolicy, path: 'spec.apiKeyAuth.credentialRefs[]', to: secret, source: ENVOY_SECURITY },
      { from: securityPolicy, path: 'spec.basicAuth.users', to: secret, source: ENVOY_SECURITY },
      { from: securityPolicy, path: 'spec.oidc.clientIDRef', to: secret, source: ENVOY_SECURITY },
      { from: securityPolicy, path: 'spec.oidc.clientSecret', to: secret, source: ENVOY_SECURITY },
      { from: securityPolicy, path: 'spec.oidc.provider.backendRefs[]', to: service, source: ENVOY_SERVICES },
      { from: securityPolicy, path: 'spec.jwt.providers[].remoteJWKS.backendRefs[]', to: service, source: ENVOY_SERVICES },
      { from: securityPolicy, path: 'spec.extAuth.grpc.backendRef', to: service, source: ENVOY_SERVICES },
      { from: securityPolicy, path: 'spec.extAuth.grpc.backendRefs[]', to: service, source: ENVOY_SERVICES },
      { from: securityPolicy, path: 'spec.extAuth.http.backendRef', to: service, source: ENVOY_SERVICES },
      { from: securityPolicy, path: 'spec.extAuth.http.backendRefs[]', to: service, source: ENVOY_SERVICES },
      { from: extensionPolicy, path: 'spec.extProc[].backendRefs[]', to: service, source: ENVOY_SERVICES },
      { from: extensionPolicy, path: 'spec.wasm[].code.http.tls.caCertificateRef', to: secret, source: ENVOY_EXTENSION },
      { from: extensionPolicy, path: 'spec.wasm[].code.image.tls.caCertificateRef', to: secret, source: ENVOY_EXTENSION },
      { from: extensionPolicy, path: 'spec.wasm[].code.image.pullSecretRef', to: secret, source: ENVOY_EXTENSION },
      { from: clientPolicy, path: 'spec.tls.clientValidation.caCertificateRefs[]', to: secret, source: ENVOY_CLIENT },
      { from: clientPolicy, path: 'spec.tls.clientValidation.crl.refs[]', to: secret, source: ENVOY_CLIENT },
      { from: routeFilter, path: 'spec.credentialInjection.credential.valueRef', to: secret, source: ENVOY_FILTERS },
    ],
  },
  kgateway: {
    grantKinds: [],
    fields: [
      { from: trafficPolicy, path: 'spec.apiKeyAuth.secretRef', to: secret, source: KGATEWAY },
      { from: trafficPolicy, path: 'spec.basicAuth.secretRef', to: secret, source: KGATEWAY },
    ],
  },
  agentgateway: {
    grantKinds: [],
    fields: [
      { from: agentPolicy, path: 'spec.traffic.extAuth.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.traffic.extAuth.conditional[].policy.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.traffic.extProc.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.traffic.extProc.conditional[].policy.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.traffic.jwtAuthentication.providers[].jwks.remote.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.backend.tunnel.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.backend.extAuth.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.backend.mcp.authentication.jwks.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.traffic.rateLimit.global.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.traffic.rateLimit.conditional[].policy.global.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.frontend.tracing.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.frontend.accessLog.otlp.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.backend.ai.promptGuard.request[].webhook.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.backend.ai.promptGuard.response[].webhook.backendRef', to: service, source: AGENTGATEWAY },
      { from: agentPolicy, path: 'spec.backend.mcp.guardrails.processors[].remote.backendRef', to: service, source: AGENTGATEWAY },
    ],
  },
  'ai-gateway': {
    grantKinds: [],
    fields: [
      { from: aiRoute, path: 'spec.rules[].backendRefs[]', to: { group: 'aigateway.envoyproxy.io', kind: 'AIServiceBackend' }, source: AI_GATEWAY },
    ],
  },
  'volume-data-sources': {
    grantKinds: [],
    fields: [
      { from: claim, path: 'spec.dataSourceRef', groupField: 'apiGroup', source: PROVISIONER },
    ],
  },
  kong: {
    grantKinds: [kongGrant],
    fields: [
      ...[...kongReferrers, certificate, authority].map(controlPlaneOf),
      { from: certificate, path: 'spec.secretRef', to: secret, grantKind: kongGrant, source: KONG },
      { from: certificate, path: 'spec.secretRefAlt', to: secret, grantKind: kongGrant, source: KONG },
      { from: authority, path: 'spec.secretRef', to: secret, grantKind: kongGrant, source: KONG_AUTHORITY },
    ],
  },
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof presets

export const PRESETS = Object.keys(presets) as PresetName[]
