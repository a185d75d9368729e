import { type GuardedField, guardedFields } from './catalogue.ts'
import type { Coverage } from './coverage.ts'
import { distance } from './distance.ts'
import type { GroupKind } from './reference.ts'

/** A kind with the names of its resource. */
interface NamedKind extends GroupKind {
  readonly plural: string
  /** The short names by which kubectl knows it. */
  readonly shortNames?: readonly string[]
}

/**
 * The most frequent targets of references (Gateway API, godoc of `ReferenceGrantTo`; external-provisioner), and well-known
 * kinds of Kubernetes, to find misspelt kinds and wrong groups.
 */
// biome-ignore format: one kind a line
const WELL_KNOWN: readonly NamedKind[] = [
  { group: '', kind: 'Service', plural: 'services', shortNames: ['svc'] },
  { group: '', kind: 'Secret', plural: 'secrets' },
  { group: '', kind: 'ConfigMap', plural: 'configmaps', shortNames: ['cm'] },
  { group: '', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', shortNames: ['pvc'] },
  { group: '', kind: 'Pod', plural: 'pods', shortNames: ['po'] },
  { group: '', kind: 'ServiceAccount', plural: 'serviceaccounts', shortNames: ['sa'] },
  { group: 'apps', kind: 'DaemonSet', plural: 'daemonsets', shortNames: ['ds'] },
  { group: 'apps', kind: 'Deployment', plural: 'deployments', shortNames: ['deploy'] },
  { group: 'apps', kind: 'StatefulSet', plural: 'statefulsets', shortNames: ['sts'] },
  { group: 'batch', kind: 'CronJob', plural: 'cronjobs', shortNames: ['cj'] },
  { group: 'batch', kind: 'Job', plural: 'jobs' },
  { group: 'discovery.k8s.io', kind: 'EndpointSlice', plural: 'endpointslices' },
  { group: 'networking.k8s.io', kind: 'Ingress', plural: 'ingresses', shortNames: ['ing'] },
  { group: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', plural: 'volumesnapshots', shortNames: ['vs'] },
  { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', plural: 'serviceimports', shortNames: ['svcim', 'svcimport'] },
  { group: 'inference.networking.k8s.io', kind: 'InferencePool', plural: 'inferencepools', shortNames: ['infpool'] },
  { group: 'inference.networking.x-k8s.io', kind: 'InferencePool', plural: 'inferencepools' },
  { group: 'networking.istio.io', kind: 'Gateway', plural: 'gateways' },
]

const GROUPS: ReadonlySet<string> = new Set(
  [...guardedFields.map(({ from }) => from), ...WELL_KNOWN].map(({ group }) => group),
)

/** Kinds that need a grant for something other than a guarded field, such as a selector. */
export const OTHER_REFERRERS: readonly GroupKind[] = [
  // Envoy Gateway v1.9, api/v1alpha1/policy_helpers.go: targetSelectors[].namespaces.
  { group: 'gateway.envoyproxy.io', kind: 'BackendTrafficPolicy' },
]

/** Whether a group has a well-known kind, or is of Kubernetes since it has no dot. */
export function isListedGroup(group: string): boolean {
  return GROUPS.has(group) || !group.includes('.')
}

/**
 * Whether all kinds of a group that have a well-known name are in the list: the group is in the list, or of Kubernetes. Other
 * groups may have such kinds, as Knative has Service. The group of a CustomResourceDefinition has a dot
 * (apiextensions-apiserver, ValidateCustomResourceDefinition), and is in `k8s.io` only by approval (KEP-1111).
 */
function isKnownGroup(group: string): boolean {
  return isListedGroup(group) || group.endsWith('.k8s.io')
}

/** A kind that a grant may name in a wrong way: by its plural or a short name, or in other letters. */
export interface KnownKind extends NamedKind {
  readonly lowerCase: string
}

/** Returns the kinds that are judged, then the well-known ones, then the default targets of rows, whose plurals are not known. */
export function knownKinds(coverage: Coverage): readonly KnownKind[] {
  const known = byCoverage.get(coverage)
  if (known) return known
  const all = distinct([...coverage.referrers(), ...WELL_KNOWN, ...targetsOf(coverage.fields)])
  byCoverage.set(coverage, all)
  return all
}

function distinct(kinds: readonly NamedKind[]): KnownKind[] {
  const byName = new Map<string, NamedKind>()
  // A row of a configuration does not have the short names.
  for (const one of kinds.toReversed())
    byName.set(`${one.group}/${one.kind}`, { ...byName.get(`${one.group}/${one.kind}`), ...one })
  return [...byName.values()].reverse().map(inLowerCase)
}

/** The known kinds of each coverage: many grants are linted with one. */
const byCoverage = new WeakMap<Coverage, readonly KnownKind[]>()

/** Returns the kinds that hold these fields, and those that the fields refer to by default. */
export function kindsIn(fields: readonly GuardedField[]): KnownKind[] {
  return [...fields.map(({ from }) => from), ...targetsOf(fields)].map(inLowerCase)
}

function targetsOf(fields: readonly GuardedField[]): NamedKind[] {
  return fields.flatMap(({ to }) => (to ? { ...to, plural: '' } : []))
}

function inLowerCase(kind: NamedKind): KnownKind {
  return { ...kind, lowerCase: kind.kind.toLowerCase() }
}

/** Returns the kind that a text names exactly, or otherwise in other letters, by its plural or by a short name. */
export function likest(written: string, kinds: readonly KnownKind[]): KnownKind | undefined {
  const lowerCase = written.toLowerCase()
  return (
    kinds.find(({ kind }) => kind === written) ??
    kinds.find((one) => one.lowerCase === lowerCase || one.plural === lowerCase) ??
    kinds.find(({ shortNames = [] }) => shortNames.includes(lowerCase))
  )
}

/**
 * Returns the well-known kind that is meant by a kind and a group as written; undefined if the group may have such a kind that
 * is not well-known.
 *
 * @param group undefined if it cannot be read
 */
export function meantKind(kind: string, group: string | undefined, known: readonly KnownKind[]): KnownKind | undefined {
  const same = known.filter((one) => one.group === group)
  const others =
    group === undefined || isKnownGroup(group) ? known : known.filter((one) => one.group.startsWith(`${group}.`))
  return likest(kind, same) ?? likest(kind, others)
}

/** Whether a group cannot be meant beside a kind, because the well-known kind of this name is in another group. */
export function isMistakenGroup(group: string, { group: right, kind }: GroupKind, known = STANDARD): boolean {
  return group !== right && meantKind(kind, group, known)?.group === right
}

/** Whether a text is a short name of a kind, such as `svc`. */
export function isShortName(text: string, { group, kind }: GroupKind): boolean {
  const known = WELL_KNOWN.find((one) => one.group === group && one.kind === kind)
  return known?.shortNames?.includes(text.toLowerCase()) ?? false
}

/** The well-known kinds, whatever is configured. */
const STANDARD = distinct([...guardedFields.map(({ from }) => from), ...WELL_KNOWN, ...targetsOf(guardedFields)])

/** Returns the kind that a text nearly names; undefined if it names one of the kinds exactly. */
export function nearest(written: string, kinds: readonly KnownKind[]): KnownKind | undefined {
  if (written.length > LONGEST || kinds.some(({ kind }) => kind === written)) return undefined
  return kinds.find(({ kind }) => distance(written, kind) <= (kind.length > 5 ? 2 : 1))
}

/** The longest text that is compared letter by letter, in characters: longer than any known kind. */
const LONGEST = 32
