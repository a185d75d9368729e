import { type GrantKind, REFERENCE_GRANT } from './grant-kinds.ts'
import type { GroupKind } from './reference.ts'

/** A kind whose objects hold guarded fields. */
export interface ReferrerKind extends GroupKind {
  /** The resource name, for webhook rules and RBAC. */
  readonly plural: string
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
const gateway: ReferrerKind = { group: GATEWAY_API, kind: 'Gateway', plural: 'gateways' }
const listenerSet: ReferrerKind = { group: GATEWAY_API, kind: 'ListenerSet', plural: 'listenersets' }
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

const standard: ReadonlySet<GuardedField> = new Set(guardedFields)

/** A guarded field whose path is split into steps: a property's name, or `[]` for each element of a list. */
export interface FieldSteps {
  readonly path: string
  readonly steps: readonly string[]
  readonly groupField: string
  readonly to: GroupKind | undefined
  /** The kinds of the grants that may permit a reference in this field; fields with the same kinds share one list. */
  readonly grantKinds: readonly GrantKind[]
  /** Whether an admin added the field: its schema is unknown, and the row may be wrong. */
  readonly own: boolean
}

/** What an admin allows in guarded fields without a grant. */
export interface Exemptions {
  /** Whether routes that serve only a mesh need no grants (GEP-1294). */
  readonly meshRoutes: boolean
  /** Kinds that an implementation resolves in its own way, so that references to them need no grant. */
  readonly targets: readonly GroupKind[]
}

/** The guarded fields of each kind, the exemptions, and the kinds of grants. */
export class Catalogue {
  readonly fields: readonly GuardedField[]
  readonly exemptions: Exemptions
  /** The kinds of grants that count for at least one field. */
  readonly grantKinds: readonly GrantKind[]
  readonly #byKind = new Map<string, { readonly referrer: ReferrerKind; readonly fields: FieldSteps[] }>()

  /** @param grantKinds all kinds that may count as grants; those that count for none of the fields are left out */
  constructor(
    fields: readonly GuardedField[],
    exemptions: Exemptions = { meshRoutes: true, targets: [] },
    grantKinds: readonly GrantKind[] = [REFERENCE_GRANT],
  ) {
    this.fields = fields
    this.exemptions = exemptions
    const governing = governingKinds(fields, grantKinds)
    const counting = new Set(fields.flatMap((field) => governing(field)))
    this.grantKinds = grantKinds.filter((kind) => counting.has(kind))
    for (const field of fields) {
      const { from, path, groupField = 'group', to } = field
      const ofKind = this.#byKind.get(kindKey(from)) ?? { referrer: from, fields: [] }
      const own = !standard.has(field)
      ofKind.fields.push({ path, steps: stepsOf(path), groupField, to, grantKinds: governing(field), own })
      this.#byKind.set(kindKey(from), ofKind)
    }
  }

  /** Returns a kind with its resource name; undefined for a kind without guarded fields. */
  referrer(kind: GroupKind): ReferrerKind | undefined {
    return this.#byKind.get(kindKey(kind))?.referrer
  }

  /** Returns the kind of grants with this group and kind, if it counts for a field. */
  grantKind({ group, kind }: GroupKind): GrantKind | undefined {
    return this.grantKinds.find((one) => one.group === group && one.kind === kind)
  }

  /** Returns the kinds that have guarded fields, each once, in catalogue order. */
  referrers(): ReferrerKind[] {
    return [...this.#byKind.values()].map(({ referrer }) => referrer)
  }

  /** Returns the guarded fields of a kind, in catalogue order. */
  fieldsOf(kind: GroupKind): readonly FieldSteps[] {
    return this.#byKind.get(kindKey(kind))?.fields ?? []
  }
}

/** Splits a path into steps: a property's name, or `[]` for each element of a list. */
export function stepsOf(path: string): string[] {
  return path.replaceAll('[]', '.[]').split('.')
}

/** Returns which kinds of grants count for a field: the kind that it names, or otherwise every kind that no field names. */
function governingKinds(fields: readonly GuardedField[], kinds: readonly GrantKind[]) {
  const byKey = Map.groupBy(kinds, kindKey)
  const named = new Set(fields.flatMap(({ grantKind }) => (grantKind ? kindKey(grantKind) : [])))
  named.delete(kindKey(REFERENCE_GRANT))
  const unnamed = kinds.filter((kind) => !named.has(kindKey(kind)))
  return ({ grantKind }: GuardedField) => (grantKind ? (byKey.get(kindKey(grantKind)) ?? []) : unnamed)
}

// A group is a DNS name without a slash, so two kinds of the catalogue never share a key.
const kindKey = ({ group, kind }: GroupKind) => `${group}/${kind}`
