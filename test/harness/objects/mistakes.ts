import type { ApiObject } from './api-object.ts'

const GROUP = 'gateway.networking.k8s.io'

/** The parts of a grant, which mistakes change. */
interface Parts {
  apiVersion: string
  kind: string
  namespace: string
  from: Record<string, unknown>
  to: Record<string, unknown>
}

/** A mistake in a grant from HTTPRoutes of namespace shop to Service payments of namespace billing. */
export interface Mistake {
  readonly title: string
  /** The fields that differ, and what they must be. */
  readonly differs: Readonly<Record<string, string>>
  /** Whether an API server stores such a grant. */
  readonly stored: boolean
  readonly make: (parts: Parts) => void
}

const fields = {
  place: 'metadata.namespace',
  group: 'spec.from[0].group',
  kind: 'spec.from[0].kind',
  namespace: 'spec.from[0].namespace',
  toGroup: 'spec.to[0].group',
  toKind: 'spec.to[0].kind',
  toName: 'spec.to[0].name',
}

function mistake(title: string, differs: Record<string, string>, make: Mistake['make'], stored = true): Mistake {
  return { title, differs, make, stored }
}

/** The five mistakes that a guide to cross-namespace routing lists, and further ones. */
export const MISTAKES: readonly Mistake[] = [
  mistake('it is in the namespace of the route', { [fields.place]: 'billing' }, (grant) => {
    grant.namespace = 'shop'
  }),
  mistake('from.namespace is another one', { [fields.namespace]: 'shop' }, ({ from }) => {
    from.namespace = 'default'
  }),
  mistake('from.kind is another one', { [fields.kind]: 'HTTPRoute' }, ({ from }) => {
    from.kind = 'GRPCRoute'
  }),
  mistake('from.group is another one', { [fields.group]: GROUP }, ({ from }) => {
    from.group = 'networking.k8s.io'
  }),
  mistake('to.group is another one', { [fields.toGroup]: '' }, ({ to }) => {
    to.group = 'apps'
  }),
  mistake('to.group is core', { [fields.toGroup]: '' }, ({ to }) => {
    to.group = 'core'
  }),
  mistake('it is in a misspelt namespace', { [fields.place]: 'billing' }, (grant) => {
    grant.namespace = 'biling'
  }),
  mistake('from.namespace is one letter off', { [fields.namespace]: 'shop' }, ({ from }) => {
    from.namespace = 'shpo'
  }),
  mistake('to.name is one letter off', { [fields.toName]: 'payments' }, ({ to }) => {
    to.name = 'payment'
  }),
  mistake('to.name is another one', { [fields.toName]: 'payments' }, ({ to }) => {
    to.name = 'ledger'
  }),
  mistake('to.name is a star', { [fields.toName]: 'payments' }, ({ to }) => {
    to.name = '*'
  }),
  mistake('to.name has the domain of a Service', { [fields.toName]: 'payments' }, ({ to }) => {
    to.name = 'payments.billing.svc.cluster.local'
  }),
  mistake('to.kind is a short name', { [fields.toKind]: 'Service' }, ({ to }) => {
    to.kind = 'svc'
  }),
  mistake('to.kind is another one', { [fields.toKind]: 'Service' }, ({ to }) => {
    to.kind = 'Secret'
  }),
  mistake('from.kind is a plural in lower case', { [fields.kind]: 'HTTPRoute' }, ({ from }) => {
    from.kind = 'httproutes'
  }),
  mistake(
    'from.namespace does not exist',
    { [fields.namespace]: 'shop' },
    ({ from }) => {
      from.namespace = 'All'
    },
    false,
  ),
  mistake(
    'from.group names a version',
    { [fields.group]: GROUP },
    ({ from }) => {
      from.group = `${GROUP}/v1`
    },
    false,
  ),
  mistake(
    'to.group is a version of another one',
    { [fields.toGroup]: '' },
    ({ to }) => {
      to.group = 'apps/v1'
    },
    false,
  ),
  mistake(
    'to.group is missing',
    { [fields.toGroup]: '' },
    ({ to }) => {
      delete to.group
    },
    false,
  ),
  mistake(
    'it is a ReferencePolicy',
    { kind: 'ReferenceGrant' },
    (grant) => {
      grant.kind = 'ReferencePolicy'
    },
    false,
  ),
  mistake(
    'it is a grant of another project',
    { apiVersion: `${GROUP}/v1beta1`, kind: 'ReferenceGrant' },
    (grant) => {
      grant.apiVersion = 'configuration.konghq.com/v1alpha1'
      grant.kind = 'KongReferenceGrant'
    },
    false,
  ),
  mistake(
    'its apiVersion does not exist',
    { apiVersion: `${GROUP}/v1beta1` },
    (grant) => {
      grant.apiVersion = `${GROUP}/v2`
    },
    false,
  ),
  mistake(
    'its apiVersion is of another group',
    { apiVersion: `${GROUP}/v1beta1` },
    (grant) => {
      grant.apiVersion = 'networking.k8s.io/v1'
    },
    false,
  ),
]

/** A grant with these mistakes. */
export function mistaken(...mistakes: readonly Mistake[]): ApiObject {
  const parts: Parts = {
    apiVersion: `${GROUP}/v1`,
    kind: 'ReferenceGrant',
    namespace: 'billing',
    from: { group: GROUP, kind: 'HTTPRoute', namespace: 'shop' },
    to: { group: '', kind: 'Service', name: 'payments' },
  }
  for (const { make } of mistakes) make(parts)
  const { apiVersion, kind, namespace, from, to } = parts
  return { apiVersion, kind, metadata: { name: 'allow-shop', namespace }, spec: { from: [from], to: [to] } }
}

/** The pairs of mistakes in different fields. */
export const PAIRS: readonly (readonly [Mistake, Mistake])[] = MISTAKES.flatMap((one, at) =>
  MISTAKES.slice(at + 1)
    .filter(({ differs }) => !Object.keys(differs).some((field) => field in one.differs))
    .map((other) => [one, other] as const),
)
