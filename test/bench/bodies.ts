import { GROUP } from '../harness/traffic/reviews.ts'

/** The namespaces of the referrer and of its targets, as the programs that are compared have them. */
export const FROM = 'app'
export const TO = 'backend'

interface Shape {
  readonly operation?: 'CREATE' | 'UPDATE'
  /** The references to other namespaces. */
  readonly references?: number
  /** The namespace that they refer to. */
  readonly to?: string
  /** The number of references in one rule. */
  readonly each?: number
  /** The length of an annotation, in bytes. */
  readonly annotation?: number
}

/** An AdmissionReview as the API server sends it. An update sends the route twice. */
export function reviewOf({ operation = 'UPDATE', references = 6, to = TO, each = 1, annotation = 0 }: Shape): string {
  const object = routeOf(references, to, each, annotation)
  const kind = { group: GROUP, version: 'v1', kind: 'HTTPRoute' }
  const resource = { group: GROUP, version: 'v1', resource: 'httproutes' }
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      ...{ kind, resource, requestKind: kind, requestResource: resource },
      ...{ name: 'checkout', namespace: FROM, operation },
      userInfo: { username: 'jane', groups: ['developers', 'system:authenticated'] },
      object,
      oldObject: operation === 'UPDATE' ? object : null,
      dryRun: false,
      options: { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'kubectl-client-side-apply' },
    },
  })
}

function routeOf(references: number, to: string, each: number, annotation: number) {
  const backend = (index: number) => ({ group: '', kind: 'Service', name: `svc${index}`, namespace: to, port: 80 })
  const rules = Array.from({ length: Math.ceil(references / each) }, (_, rule) => ({
    matches: [{ path: { type: 'PathPrefix', value: `/api/${rule}` } }],
    backendRefs: Array.from({ length: Math.min(each, references - rule * each) }, (_, index) => ({
      ...backend(rule * each + index),
      weight: 1,
    })),
  }))
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'HTTPRoute',
    metadata: {
      ...{ name: 'checkout', namespace: FROM, uid: 'aaaaaaaa-6393-11e8-b7cc-42010a800002', generation: 3 },
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(annotation > 0 && { annotations: { 'example.com/notes': 'x'.repeat(annotation) } }),
      managedFields: [
        {
          ...{ manager: 'kubectl-client-side-apply', operation: 'Update', apiVersion: `${GROUP}/v1` },
          ...{ time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1' },
          fieldsV1: { 'f:metadata': {}, 'f:spec': { '.': {}, 'f:parentRefs': {}, 'f:rules': {} } },
        },
      ],
    },
    spec: {
      parentRefs: [{ group: GROUP, kind: 'Gateway', name: 'gateway', namespace: 'infra' }],
      hostnames: ['shop.example.com'],
      rules,
    },
  }
}
