import type { Catalogue, GuardedField } from '../policy/catalogue.ts'
import { matchConditions } from './match-conditions.ts'
import { DOMAIN, NAME, NAMESPACE } from './names.ts'

/** How long the API server waits, in s: long enough for a fresh read, short enough for whoever waits at a prompt. */
const TIMEOUT = 5

/** How the API server reaches the webhook. */
export interface WebhookClient {
  /** An address outside the cluster; without it, the Service that the manifests name. */
  readonly url?: string | undefined
  /** PEM of the authorities that the webhook's certificate is verified with; without it the key is left out. */
  readonly caBundle?: string | undefined
}

/**
 * The registration of the webhook: called for every kind of the catalogue in any version, when an object is created or
 * updated so that it may refer to another namespace in a new way, never for subresources.
 *
 * @param own the rows of the catalogue that are not Gateway API's
 */
export function webhookConfiguration(
  catalogue: Catalogue,
  own: readonly GuardedField[],
  { url, caBundle }: WebhookClient,
) {
  const byGroup = Map.groupBy(catalogue.referrers(), ({ group }) => group)
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: NAME },
    webhooks: [
      {
        name: `deny.${DOMAIN}`,
        admissionReviewVersions: ['v1'],
        clientConfig: {
          ...(url === undefined ? { service: { namespace: NAMESPACE, name: NAME, path: '/validate' } } : { url }),
          ...(caBundle !== undefined && { caBundle: Buffer.from(caBundle).toString('base64') }),
        },
        rules: [...byGroup].map(([group, referrers]) => ({
          apiGroups: [group],
          // A rule that names versions misses the kinds whose CRD serves only others, without a word.
          apiVersions: ['*'],
          operations: ['CREATE', 'UPDATE'],
          resources: referrers.map(({ plural }) => plural),
          scope: 'Namespaced',
        })),
        matchConditions: matchConditions(catalogue, own),
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        sideEffects: 'None',
        timeoutSeconds: TIMEOUT,
      },
    ],
  }
}
