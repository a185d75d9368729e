import type { FindingCode } from '../policy/finding-codes.ts'

/** A part of an object with a finding, and the same part without it. */
export interface Example {
  readonly wrong: string
  readonly right: string
}

const FROM = 'from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop }]'
const TO = 'to: [{ group: "", kind: Service, name: payments }]'

const inFrom = (part: string, wrong: string): Example => ({ wrong: FROM.replace(part, wrong), right: FROM })
const inTo = (part: string, wrong: string): Example => ({ wrong: TO.replace(part, wrong), right: TO })

/** An example of each finding: of `spec`, or of the whole object if it begins with another field. */
export const EXAMPLES: Record<FindingCode, Example> = {
  'not-permitted': {
    wrong: 'rules: [{ backendRefs: [{ name: payments, namespace: billing, port: 80 }] }]',
    right: `spec: { ${FROM}, ${TO} } # of a ReferenceGrant in namespace billing`,
  },
  'too-many-references': {
    wrong: 'rules: # with 10,001 backendRefs of other namespaces',
    right: 'rules: # with 10,000 backendRefs of other namespaces',
  },
  'refused-at-install': {
    wrong: 'metadata: { name: allow-shop, namespace: billing } # in the chart of the route',
    right:
      'metadata: { name: allow-shop, namespace: billing, annotations: { helm.sh/hook: "pre-install,pre-upgrade" } }',
  },
  'grant-unknown-version': {
    wrong: 'apiVersion: gateway.networking.k8s.io/v2',
    right: 'apiVersion: gateway.networking.k8s.io/v1beta1',
  },
  'grant-too-many-entries': { wrong: 'to: # with 17 entries', right: 'to: # with 16 entries' },
  'grant-empty': { wrong: 'to: []', right: TO },
  'grant-incomplete-entry': inTo('group: "", ', ''),
  'grant-empty-name': inTo('payments', '""'),
  'grant-wildcard': inFrom('shop', '"*"'),
  'grant-core-group': inTo('""', 'core'),
  'grant-version-as-group': inFrom('k8s.io', 'k8s.io/v1'),
  'grant-wrong-group': inFrom('gateway.networking', 'networking'),
  'grant-kind-spelling': inFrom('HTTPRoute', 'httproutes'),
  'grant-impossible-value': inFrom('shop', 'Shop'),
  'grant-unknown-field': inFrom('shop }', 'shop, name: checkout }'),
  'reference-unknown-field': {
    wrong: 'rules: [{ backendRefs: [{ name: payments, namespce: shop, port: 80 }] }]',
    right: 'rules: [{ backendRefs: [{ name: payments, namespace: shop, port: 80 }] }]',
  },
  'reference-policy': { wrong: 'kind: ReferencePolicy', right: 'kind: ReferenceGrant' },
  'reference-impossible-value': {
    wrong: 'rules: [{ backendRefs: [{ name: payments, namespace: Billing, port: 80 }] }]',
    right: 'rules: [{ backendRefs: [{ name: payments, namespace: billing, port: 80 }] }]',
  },
  'field-misfit': { wrong: 'backend: payments', right: 'backend: { name: payments, namespace: shop }' },
  'grant-old-version': {
    wrong: 'apiVersion: gateway.networking.k8s.io/v1alpha2',
    right: 'apiVersion: gateway.networking.k8s.io/v1beta1',
  },
  'grant-duplicate': {
    wrong: 'metadata: { name: allow-shop, namespace: billing } # in two files, with different contents',
    right: 'metadata: { name: allow-shop-too, namespace: billing }',
  },
  'grant-parent-reference': {
    wrong: 'to: [{ group: gateway.networking.k8s.io, kind: Gateway, name: web }]',
    right: TO,
  },
  'mesh-parent-core-group': {
    wrong: 'parentRefs: [{ group: core, kind: Service, name: cart }]',
    right: 'parentRefs: [{ group: "", kind: Service, name: cart }]',
  },
  'grant-own-namespace': inFrom('shop', 'billing'),
  'grant-unknown-referrer': inFrom('HTTPRoute', 'BackendTLSPolicy'),
  'grant-misspelt-kind': inTo('Service', 'Servce'),
  'grant-every-name': inTo(', name: payments', ''),
}
