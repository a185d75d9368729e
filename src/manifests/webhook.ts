import { ADVICE_PATH, DOMAIN, reviewPath } from '../admission/names.ts'
import { MODES, type Mode } from '../admission/settings.ts'
import type { Coverage } from '../policy/coverage.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import { type MatchCondition, matchConditions } from './match-conditions.ts'
import { NAMES, type Names } from './names.ts'

/** The timeout of an entry that does not refuse a write, in s: a warning is not worth a long wait. */
const SHORT_TIMEOUT = 2

/** How the API server reaches the webhook. */
export interface WebhookClient {
  /** The origin of a server outside the cluster, `https://HOST:PORT`; without it, the Service of the manifests. */
  readonly url?: string | undefined
  /** PEM of the authorities of the webhook's certificate; without it, the manifests have no `caBundle`. */
  readonly caBundle?: string | undefined
  /** The Secret of self-managed certificates; without it, the certificate comes from files. */
  readonly secret?: string | undefined
  /** What the objects are called; as in the shipped manifests by default. */
  readonly names?: Names
  /** Whether the API server reads the registration from a file in its `staticManifestsDir`. */
  readonly isStatic?: boolean
}

/** The end of the names in such files. Source: k8s.io/apiserver/pkg/admission/plugin/manifest, StaticConfigSuffix. */
const STATIC = '.static.k8s.io'

/** The settings of the configuration that shape the registration. */
export interface Registration {
  readonly coverage: Coverage
  /** The mode of namespaces without the label. */
  readonly mode: Mode
  readonly modeLabel: string
  readonly failurePolicy: 'Fail' | 'Ignore'
  /** The timeout of the deny entry, in s. */
  readonly timeoutSeconds: number
}

/**
 * Returns the registration of the webhook. The API server calls it for every judged kind, in any version,
 * when a create or an update may add a reference to another namespace. It does not call it for subresources.
 *
 * Each mode has an entry, and every namespace is in exactly one of them: the entry of the default mode has all
 * namespaces whose label does not name another mode. Only the deny entry may have failurePolicy Fail. The last entry is
 * for advice on ReferenceGrants.
 */
export function webhookConfiguration(registration: Registration, client: WebhookClient) {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: `${(client.names ?? NAMES).name}${client.isStatic ? STATIC : ''}` },
    webhooks: entriesOf(registration).map(({ name, path, ...entry }) => ({
      name,
      clientConfig: clientConfig(path, client),
      ...entry,
    })),
  }
}

/** The names of the entries. */
export const ENTRIES: ReadonlySet<string> = new Set(([...MODES, 'advisory'] as const).map(entryName))

/** Returns the name of the entry of a mode, or of the advice. */
export function entryName(name: Mode | 'advisory'): string {
  return `${name}.${DOMAIN}`
}

/** An entry of the registration; its path stands for how the API server reaches the webhook. */
export interface Entry {
  readonly name: string
  readonly path: string
  readonly admissionReviewVersions: readonly string[]
  readonly matchPolicy: string
  readonly sideEffects: string
  readonly rules: readonly object[]
  readonly namespaceSelector?: object
  readonly matchConditions?: readonly MatchCondition[]
  readonly failurePolicy: 'Fail' | 'Ignore'
  readonly timeoutSeconds: number
}

/** Returns the entries of the registration. */
export function entriesOf(registration: Registration): Entry[] {
  return [...MODES.map((mode) => entryFor(mode, registration)), advisory(registration.coverage.grantKinds)]
}

function entryFor(mode: Mode, { coverage, failurePolicy, timeoutSeconds, ...modes }: Registration): Entry {
  const byGroup = Map.groupBy(coverage.referrers(), ({ group }) => group)
  return {
    ...entry(mode, reviewPath(mode)),
    rules: [...byGroup].map(([group, referrers]) =>
      rule(
        group,
        referrers.map(({ plural }) => plural),
      ),
    ),
    namespaceSelector: { matchExpressions: [selection(mode, modes)] },
    matchConditions: matchConditions(coverage),
    failurePolicy: mode === 'deny' ? failurePolicy : 'Ignore',
    timeoutSeconds: mode === 'deny' ? timeoutSeconds : SHORT_TIMEOUT,
  }
}

function selection(mode: Mode, { mode: byDefault, modeLabel }: Pick<Registration, 'mode' | 'modeLabel'>) {
  if (mode !== byDefault) return { key: modeLabel, operator: 'In', values: [mode] }
  return { key: modeLabel, operator: 'NotIn', values: MODES.filter((other) => other !== byDefault) }
}

/** Returns the entry for advice on grants. It does not match their deletion, which must always work. */
function advisory(grantKinds: readonly GrantKind[]): Entry {
  return {
    ...entry('advisory', ADVICE_PATH),
    rules: grantKinds.map(({ group, plural }) => rule(group, [plural])),
    failurePolicy: 'Ignore',
    timeoutSeconds: SHORT_TIMEOUT,
  }
}

function entry(name: Mode | 'advisory', path: string) {
  return {
    name: entryName(name),
    path,
    admissionReviewVersions: ['v1'],
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
  }
}

function clientConfig(path: string, { url, caBundle, names: { name, namespace } = NAMES }: WebhookClient) {
  return {
    ...(url === undefined ? { service: { namespace, name, path } } : { url: `${url}${path}` }),
    ...(caBundle !== undefined && { caBundle: Buffer.from(caBundle).toString('base64') }),
  }
}

function rule(group: string, resources: readonly string[]) {
  return {
    apiGroups: [group],
    // A rule that names versions silently misses kinds whose CRD serves only other versions.
    apiVersions: ['*'],
    operations: ['CREATE', 'UPDATE'],
    resources,
    scope: 'Namespaced',
  }
}
