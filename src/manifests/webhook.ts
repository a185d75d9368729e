import { ADVICE_PATH, DOMAIN, reviewPath } from '../admission/names.ts'
import { MODES, type Mode } from '../admission/settings.ts'
import type { Catalogue } from '../policy/catalogue.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import { matchConditions } from './match-conditions.ts'
import { NAME, NAMESPACE } from './names.ts'

/**
 * How long the API server waits, in s: where a write may be refused, long enough for a fresh read and short enough for
 * whoever waits at a prompt; where it never is, not longer than anybody would wait for a remark.
 */
const TIMEOUT = { deny: 5, other: 2 }

/** How the API server reaches the webhook. */
export interface WebhookClient {
  /** Origin of a server outside the cluster, `https://HOST:PORT`; without it, the Service that the manifests name. */
  readonly url?: string | undefined
  /** PEM of the authorities that the webhook's certificate is verified with; without it the key is left out. */
  readonly caBundle?: string | undefined
}

/** What an admin's configuration says of the registration. */
export interface Registration {
  readonly catalogue: Catalogue
  /** The mode of namespaces without the label. */
  readonly mode: Mode
  readonly modeLabel: string
  readonly failurePolicy: 'Fail' | 'Ignore'
}

/**
 * The registration of the webhook: called for every kind of the catalogue in any version, when an object is created or
 * updated so that it may refer to another namespace in a new way, never for subresources.
 *
 * Each mode has an entry, and every namespace is in exactly one: the default mode's takes all whose label names none of
 * the others. Only where violations are refused may the API server refuse without an answer. A last entry asks for
 * advice on ReferenceGrants.
 */
export function webhookConfiguration(registration: Registration, client: WebhookClient) {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: NAME },
    webhooks: [
      ...MODES.map((mode) => entryFor(mode, registration, client)),
      advisory(registration.catalogue.grantKinds, client),
    ],
  }
}

function entryFor(mode: Mode, { catalogue, failurePolicy, ...modes }: Registration, client: WebhookClient) {
  const byGroup = Map.groupBy(catalogue.referrers(), ({ group }) => group)
  return {
    ...entry(mode, reviewPath(mode), client),
    rules: [...byGroup].map(([group, referrers]) =>
      rule(
        group,
        referrers.map(({ plural }) => plural),
      ),
    ),
    namespaceSelector: { matchExpressions: [selection(mode, modes)] },
    matchConditions: matchConditions(catalogue),
    failurePolicy: mode === 'deny' ? failurePolicy : 'Ignore',
    timeoutSeconds: mode === 'deny' ? TIMEOUT.deny : TIMEOUT.other,
  }
}

function selection(mode: Mode, { mode: byDefault, modeLabel }: Pick<Registration, 'mode' | 'modeLabel'>) {
  if (mode !== byDefault) return { key: modeLabel, operator: 'In', values: [mode] }
  return { key: modeLabel, operator: 'NotIn', values: MODES.filter((other) => other !== byDefault) }
}

/** Advice on grants as they are written; never on their deletion, which revokes and must always work. */
function advisory(grantKinds: readonly GrantKind[], client: WebhookClient) {
  return {
    ...entry('advisory', ADVICE_PATH, client),
    rules: grantKinds.map(({ group, plural }) => rule(group, [plural])),
    failurePolicy: 'Ignore',
    timeoutSeconds: TIMEOUT.other,
  }
}

function entry(name: string, path: string, { url, caBundle }: WebhookClient) {
  return {
    name: `${name}.${DOMAIN}`,
    admissionReviewVersions: ['v1'],
    clientConfig: {
      ...(url === undefined ? { service: { namespace: NAMESPACE, name: NAME, path } } : { url: `${url}${path}` }),
      ...(caBundle !== undefined && { caBundle: Buffer.from(caBundle).toString('base64') }),
    },
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
  }
}

function rule(group: string, resources: readonly string[]) {
  return {
    apiGroups: [group],
    // A rule that names versions misses the kinds whose CRD serves only others, without a word.
    apiVersions: ['*'],
    operations: ['CREATE', 'UPDATE'],
    resources,
    scope: 'Namespaced',
  }
}
