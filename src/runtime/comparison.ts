import type { Api } from '../cluster/api.ts'
import { differences } from '../manifests/drift.ts'
import { objectsOf } from '../manifests/parts.ts'
import type { Registration, WebhookClient } from '../manifests/webhook.ts'
import type { Compared, Difference } from '../wording/drift.ts'
import { trustDifferences } from './trust-differences.ts'

/** The API paths of the kinds that a configuration shapes. */
const PATHS: Record<string, (namespace?: string) => string> = {
  ValidatingWebhookConfiguration: () => '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  ClusterRole: () => '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  Role: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
}

interface Shaped {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly webhooks?: readonly { readonly name: string }[]
}

/** The comparison of one live object with the configuration. */
export interface Comparison extends Compared {
  /** The part of the manifests that has the object. */
  readonly part: 'rbac' | 'webhook'
}

/** The expected state of live objects. */
export interface Wanted {
  readonly registration: Registration
  /** How the API server reaches the webhook, as far as that is known. */
  readonly client: WebhookClient
  /** PEM of the served certificate, with its chain; undefined if no certificate is served. */
  readonly served?: string | undefined
}

/**
 * Compares the live registration and rights with those of the configuration, and the authorities in the registration
 * with the served certificate or with the expected authorities. A registration in a file of the API server cannot be read.
 *
 * @throws ApiError, or Error if they cannot be read
 */
export async function compare(
  api: Api,
  { registration, client, served }: Wanted,
  signal: AbortSignal,
): Promise<Comparison[]> {
  const shaped = (part: Comparison['part']) =>
    (objectsOf(part, registration, client) as Shaped[]).filter(({ kind }) => PATHS[kind])
  const compareOne = async (
    part: Comparison['part'],
    wanted: Shaped,
    further: (live: unknown) => Difference[] = () => [],
  ): Promise<Comparison> => {
    const { name, namespace } = wanted.metadata
    const live = await api.find(`${PATHS[wanted.kind]?.(namespace)}/${name}`, signal)
    const all = live === undefined ? [{ field: '' }] : [...differences(wanted, live), ...further(live)]
    const [counted, tolerated] = [all.filter((one) => !one.tolerated), all.filter((one) => one.tolerated)]
    return { object: `${wanted.kind} ${name}`, part, differences: counted, tolerated }
  }
  const trust = () => ({ served, wanted: client.caBundle, now: new Date(api.clock.now()) })
  return Promise.all([
    ...(client.isStatic ? [] : shaped('webhook')).map((one) => {
      const names = new Set((one.webhooks ?? []).map(({ name }) => name))
      return compareOne('webhook', one, (live) => trustDifferences(live, names, trust()))
    }),
    ...shaped('rbac').map((one) => compareOne('rbac', one)),
  ])
}
