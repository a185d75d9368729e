import type { GroupKind } from './reference.ts'

/** A kind whose objects hold guarded fields. */
export interface ReferrerKind extends GroupKind {
  /** Its resource name, which rules and RBAC need. */
  readonly plural: string
  /** Whether it is a route, which may serve a mesh instead of a Gateway. */
  readonly route?: true
}

/**
 * A field that holds a reference which a ReferenceGrant must permit when it crosses namespaces.
 *
 * `path` leads to an object with `name` and optionally `group`, `kind` and `namespace`; `[]` stands for each element of
 * a list. `to` is what an absent `group` or `kind` means; without it the API requires both to be written.
 */
export interface GuardedField {
  readonly from: ReferrerKind
  readonly path: string
  readonly to?: GroupKind
}

const GATEWAY_API = 'gateway.networking.k8s.io'

const service: GroupKind = { group: '', kind: 'Service' }
const secret: GroupKind = { group: '', kind: 'Secret' }

const httpRoute: ReferrerKind = { group: GATEWAY_API, kind: 'HTTPRoute', plural: 'httproutes', route: true }
const gateway: ReferrerKind = { group: GATEWAY_API, kind: 'Gateway', plural: 'gateways' }

/**
 * Every guarded field, one row a field. Extraction, webhook rules, RBAC and documentation derive from these rows.
 *
 * A row stays when a later release of Gateway API drops or moves its field: clusters still run the older one, and a
 * shape that the installed CRD does not have never reaches the webhook.
 */
export const guardedFields: readonly GuardedField[] = [
  { from: httpRoute, path: 'spec.rules[].backendRefs[]', to: service },
  { from: httpRoute, path: 'spec.rules[].backendRefs[].filters[].requestMirror.backendRef', to: service },
  { from: httpRoute, path: 'spec.rules[].filters[].requestMirror.backendRef', to: service },
  { from: gateway, path: 'spec.listeners[].tls.certificateRefs[]', to: secret },
]

/** A guarded field whose path is split into steps: a property's name, or `[]` for each element of a list. */
export interface FieldSteps {
  readonly steps: readonly string[]
  readonly to: GroupKind | undefined
}

/** The guarded fields by the kind they belong to. */
export class Catalogue {
  readonly fields: readonly GuardedField[]
  readonly #byKind = new Map<string, { readonly referrer: ReferrerKind; readonly fields: FieldSteps[] }>()

  constructor(fields: readonly GuardedField[]) {
    this.fields = fields
    for (const { from, path, to } of fields) {
      const ofKind = this.#byKind.get(kindKey(from)) ?? { referrer: from, fields: [] }
      ofKind.fields.push({ steps: path.replaceAll('[]', '.[]').split('.'), to })
      this.#byKind.set(kindKey(from), ofKind)
    }
  }

  /** What is known of a kind; undefined for one without guarded fields. */
  referrer(kind: GroupKind): ReferrerKind | undefined {
    return this.#byKind.get(kindKey(kind))?.referrer
  }

  /** The kinds that have guarded fields, each once, in catalogue order. */
  referrers(): ReferrerKind[] {
    return [...this.#byKind.values()].map(({ referrer }) => referrer)
  }

  /** The guarded fields of a kind, in catalogue order. */
  fieldsOf(kind: GroupKind): readonly FieldSteps[] {
    return this.#byKind.get(kindKey(kind))?.fields ?? []
  }
}

// A group is a DNS name and holds no slash, so the parts stay apart for every kind that the catalogue has.
const kindKey = ({ group, kind }: GroupKind) => `${group}/${kind}`
