import { type GuardedField, guardedFields } from './catalogue.ts'
import type { Coverage } from './coverage.ts'
import { distance } from './distance.ts'
import type { GroupKind } from './reference.ts'

/**
 * The kinds that references name most often (Gateway API, godoc of `ReferenceGrantTo`; external-provisioner), and those of
 * Kubernetes that are best known: for spelling, and for the group that each is of.
 */
// biome-ignore format: one kind a line
const WELL_KNOWN: readonly (GroupKind & { readonly plural: string })[] = [
  { group: '', kind: 'Service', plural: 'services' },
  { group: '', kind: 'Secret', plural: 'secrets' },
  { group: '', kind: 'ConfigMap', plural: 'configmaps' },
  { group: '', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims' },
  { group: '', kind: 'Pod', plural: 'pods' },
  { group: '', kind: 'ServiceAccount', plural: 'serviceaccounts' },
  { group: 'apps', kind: 'DaemonSet', plural: 'daemonsets' },
  { group: 'apps', kind: 'Deployment', plural: 'deployments' },
  { group: 'apps', kind: 'StatefulSet', plural: 'statefulsets' },
  { group: 'batch', kind: 'CronJob', plural: 'cronjobs' },
  { group: 'batch', kind: 'Job', plural: 'jobs' },
  { group: 'discovery.k8s.io', kind: 'EndpointSlice', plural: 'endpointslices' },
  { group: 'networking.k8s.io', kind: 'Ingress', plural: 'ingresses' },
  { group: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', plural: 'volumesnapshots' },
  { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', plural: 'serviceimports' },
  { group: 'inference.networking.k8s.io', kind: 'InferencePool', plural: 'inferencepools' },
  { group: 'inference.networking.x-k8s.io', kind: 'InferencePool', plural: 'inferencepools' },
  { group: 'networking.istio.io', kind: 'Gateway', plural: 'gateways' },
]

const GROUPS: ReadonlySet<string> = new Set(
  [...guardedFields.map(({ from }) => from), ...WELL_KNOWN].map(({ group }) => group),
)

/** Kinds that refer by other means than a guarded field, such as selectors, and ask a grant for it. */
export const OTHER_REFERRERS: readonly GroupKind[] = [
  // Envoy Gateway v1.9, api/v1alpha1/policy_helpers.go: targetSelectors[].namespaces.
  { group: 'gateway.envoyproxy.io', kind: 'BackendTrafficPolicy' },
]

/**
 * Whether a group has no kind of a well-known name but those that are known here: it is one of theirs, or of Kubernetes.
 * Others may have them in groups of their own, as Knative has Service. Source: a CustomResourceDefinition's group has a dot
 * (apiextensions-apiserver, ValidateCustomResourceDefinition), and is in `k8s.io` only by approval (KEP-1111).
 */
export function isKnownGroup(group: string): boolean {
  return GROUPS.has(group) || !group.includes('.') || group.endsWith('.k8s.io')
}

/** A kind that a grant may name in another way than it is to be written. */
export interface KnownKind extends GroupKind {
  readonly plural: string
  readonly lowerCase: string
}

/** The kinds that are judged, then the well-known ones, then what rows refer to, of which no plural is known. */
export function knownKinds(coverage: Coverage): readonly KnownKind[] {
  const known = byCoverage.get(coverage)
  if (known) return known
  const kinds = [...coverage.referrers(), ...WELL_KNOWN, ...targetsOf(coverage.fields)]
  const distinct = new Map(kinds.toReversed().map((one) => [`${one.group}/${one.kind}`, one]))
  const all = [...distinct.values()].reverse().map(inLowerCase)
  byCoverage.set(coverage, all)
  return all
}

/** The known kinds of each coverage: many grants are linted with one. */
const byCoverage = new WeakMap<Coverage, readonly KnownKind[]>()

/** Returns the kinds that hold these fields, and those that the fields refer to by default. */
export function kindsIn(fields: readonly GuardedField[]): KnownKind[] {
  return [...fields.map(({ from }) => from), ...targetsOf(fields)].map(inLowerCase)
}

function targetsOf(fields: readonly GuardedField[]): Omit<KnownKind, 'lowerCase'>[] {
  return fields.flatMap(({ to }) => (to ? { ...to, plural: '' } : []))
}

function inLowerCase(kind: Omit<KnownKind, 'lowerCase'>): KnownKind {
  return { ...kind, lowerCase: kind.kind.toLowerCase() }
}

/** The one of these that a text names as it is to be written, or else in other letters or by its plural. */
export function likest(written: string, kinds: readonly KnownKind[]): KnownKind | undefined {
  const lowerCase = written.toLowerCase()
  return (
    kinds.find(({ kind }) => kind === written) ??
    kinds.find((one) => one.lowerCase === lowerCase || one.plural === lowerCase)
  )
}

/** The one of these that a text is nearly, and nothing else of them exactly. */
export function nearest(written: string, kinds: readonly KnownKind[]): KnownKind | undefined {
  if (written.length > LONGEST || kinds.some(({ kind }) => kind === written)) return undefined
  return kinds.find(({ kind }) => distance(written, kind) <= (kind.length > 5 ? 2 : 1))
}

/** Longest text that is compared letter by letter, in characters: more than the longest kind that is known. */
const LONGEST = 32
