import { type GuardedField, guardedFields, type ReferrerKind } from './catalogue.ts'
import type { Coverage } from './coverage.ts'
import { stepsOf } from './field-tree.ts'
import { type GrantKind, REFERENCE_GRANT } from './grant-kinds.ts'
import { GROUP, KIND } from './names.ts'
import type { GroupKind } from './reference.ts'
import { type KnownKind, kindsIn, knownKinds, likest } from './well-known.ts'

/** Cluster-scoped kinds of Gateway API and of Kubernetes that refer to namespaced objects. */
const CLUSTER_SCOPED: readonly GroupKind[] = [
  { group: 'gateway.networking.k8s.io', kind: 'GatewayClass' },
  { group: 'gateway.networking.x-k8s.io', kind: 'XMesh' },
  { group: 'admissionregistration.k8s.io', kind: 'ValidatingWebhookConfiguration' },
  { group: 'admissionregistration.k8s.io', kind: 'MutatingWebhookConfiguration' },
  { group: 'admissionregistration.k8s.io', kind: 'ValidatingAdmissionPolicyBinding' },
  { group: 'admissionregistration.k8s.io', kind: 'MutatingAdmissionPolicyBinding' },
  { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' },
  { group: 'apiregistration.k8s.io', kind: 'APIService' },
  { group: 'flowcontrol.apiserver.k8s.io', kind: 'FlowSchema' },
  { group: 'networking.k8s.io', kind: 'IngressClass' },
  { group: 'networking.k8s.io', kind: 'IPAddress' },
  { group: 'rbac.authorization.k8s.io', kind: 'ClusterRoleBinding' },
  { group: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshotContent' },
  { group: 'storage.k8s.io', kind: 'StorageClass' },
  { group: '', kind: 'Namespace' },
  { group: '', kind: 'PersistentVolume' },
]

/** One step of a path: a field's name, then `[]` for each list that it leads into. */
const STEP = /^[A-Za-z_$][-\w$]*(\[\])*$/

/**
 * The first step of a path, which match conditions use as `object.?root`. Source: the language definition of CEL,
 * "Syntax", SELECTOR.
 */
const CEL_SELECTOR = /^(?!(true|false|null|in)$)[_a-zA-Z][_a-zA-Z0-9]*$/

/** Fields that are strings in every Kubernetes object, and so cannot hold a reference. */
const TEXT = new Set(['apiVersion', 'kind', 'name', 'namespace'])

/** The parts of an object that the webhook does not judge. */
const NOT_JUDGED = new Set(['apiVersion', 'kind', 'metadata', 'status'])

/** Why a row of the configuration, or a kind in it, cannot work. */
export type RowProblem =
  | { readonly code: 'core-group' }
  | { readonly code: 'no-group'; readonly group: string }
  | { readonly code: 'no-kind'; readonly kind: string }
  | { readonly code: 'same-plural'; readonly plural: string; readonly kind: string; readonly known: string }
  | { readonly code: 'group-field'; readonly field: string }
  | { readonly code: 'duplicate-kind'; readonly kind: string }
  | { readonly code: 'kind-spelling'; readonly kind: string; readonly meant: string }
  | { readonly code: 'cluster-scoped'; readonly kind: string }
  | { readonly code: 'no-plural'; readonly plural: string }
  | { readonly code: 'other-plural'; readonly kind: string; readonly plural: string; readonly known: string }
  | { readonly code: 'no-path' | 'text'; readonly path: string }
  | { readonly code: 'never-judged' | 'no-cel-identifier'; readonly path: string; readonly root: string }
  | { readonly code: 'list' | 'no-list'; readonly path: string; readonly list: string }
  | { readonly code: 'unknown-grant-kind'; readonly group: string; readonly kind: string }
  | { readonly code: 'duplicate'; readonly path: string; readonly kind: string }
  | { readonly code: 'too-many-kinds'; readonly kinds: number; readonly most: number }

/**
 * Returns why a row cannot be added to the guarded fields; undefined if it can.
 * Does not check what only a cluster knows, such as the scope of a custom kind.
 *
 * @param coverage the coverage without rows of a configuration
 * @param before the rows of the configuration before this one
 */
export function rowProblem(
  { from, path, to, groupField, grantKind }: GuardedField,
  coverage: Coverage,
  before: readonly GuardedField[],
): RowProblem | undefined {
  const known = [...knownKinds(coverage), ...kindsIn(before)]
  const referrers = [...coverage.referrers(), ...before.map((row) => row.from)]
  return (
    kindProblem(from, known) ??
    (to && kindProblem(to, known)) ??
    scopeProblem(from) ??
    pluralProblem(from, referrers) ??
    pathProblem(path) ??
    (groupField === undefined ? undefined : groupFieldProblem(groupField)) ??
    shapeProblem({ from, path }) ??
    (grantKind && grantKindProblem(grantKind, coverage)) ??
    duplicateProblem({ from, path }, [...coverage.fields, ...before])
  )
}

/**
 * The most kinds in a registration: the API server accepts 64 match conditions in an entry, of which one applies to all
 * kinds (k8s.io/kubernetes/pkg/apis/admissionregistration/validation, validateMatchConditions).
 */
const MOST_KINDS = 63

/** Returns a problem if the rows have too many kinds. */
export function kindsProblem(coverage: Coverage): RowProblem | undefined {
  const kinds = coverage.referrers().length
  return kinds > MOST_KINDS ? { code: 'too-many-kinds', kinds, most: MOST_KINDS } : undefined
}

/** Returns why a kind of the configuration cannot exist; undefined if it may. */
export function kindProblem({ group, kind }: GroupKind, known: readonly KnownKind[]): RowProblem | undefined {
  const ofGroup = known.filter((one) => one.group === group)
  const meant = likest(kind, ofGroup)?.kind ?? kind
  if (meant !== kind) return { code: 'kind-spelling', kind, meant }
  return groupProblem(group) ?? (KIND.test(kind) ? undefined : { code: 'no-kind', kind })
}

function groupProblem(group: string): RowProblem | undefined {
  if (group === 'core') return { code: 'core-group' }
  return GROUP.test(group) && !VERSION.test(group) ? undefined : { code: 'no-group', group }
}

const VERSION = /^v\d+((alpha|beta)\d+)?$/

/** Rejects cluster-scoped referrers: a grant accepts references from a namespace, and these objects have none. */
export function scopeProblem({ group, kind }: GroupKind, clusterScoped = CLUSTER_SCOPED): RowProblem | undefined {
  const found = clusterScoped.some((one) => one.group === group && one.kind === kind)
  return found ? { code: 'cluster-scoped', kind } : undefined
}

function pluralProblem(
  { group, kind, plural }: ReferrerKind,
  referrers: readonly ReferrerKind[],
): RowProblem | undefined {
  if (!PLURAL.test(plural)) return { code: 'no-plural', plural }
  const ofGroup = referrers.filter((one) => one.group === group)
  const same = ofGroup.find((one) => one.plural === plural)
  if (same && same.kind !== kind) return { code: 'same-plural', kind, plural, known: same.kind }
  const known = ofGroup.find((one) => one.kind === kind)?.plural
  return known === undefined || known === plural ? undefined : { code: 'other-plural', kind, plural, known }
}

/** The name of a resource: a DNS label that begins with a letter (apiextensions-apiserver, ValidateCustomResourceDefinition). */
const PLURAL = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/

function groupFieldProblem(field: string): RowProblem | undefined {
  return ['kind', 'name', 'namespace'].includes(field) ? { code: 'group-field', field } : undefined
}

/**
 * Returns why a declared kind cannot count as grants; undefined if it can.
 *
 * @param before the kinds that are declared before it
 */
export function declaredKindProblem(
  declared: GrantKind,
  before: readonly GrantKind[],
  known: readonly KnownKind[],
): RowProblem | undefined {
  const { group, kind, plural } = declared
  const isSame = (one: GrantKind) => one.group === group && (one.kind === kind || one.plural === plural)
  if ([REFERENCE_GRANT, ...before].some(isSame)) return { code: 'duplicate-kind', kind }
  return kindProblem(declared, known) ?? (PLURAL.test(plural) ? undefined : { code: 'no-plural', plural })
}

function pathProblem(path: string): RowProblem | undefined {
  const steps = path.split('.')
  if (!steps.every((step) => STEP.test(step))) return { code: 'no-path', path }
  const root = (steps[0] ?? '').replaceAll('[]', '')
  if (NOT_JUDGED.has(root)) return { code: 'never-judged', path, root }
  if (!CEL_SELECTOR.test(root)) return { code: 'no-cel-identifier', path, root }
  return TEXT.has(steps.at(-1) ?? '') ? { code: 'text', path } : undefined
}

/** Returns why a path contradicts the rows of Gateway API for the same kind. */
function shapeProblem({ from, path }: Pick<GuardedField, 'from' | 'path'>): RowProblem | undefined {
  const steps = stepsOf(path)
  const ofKind = guardedFields.filter((row) => row.from.group === from.group && row.from.kind === from.kind)
  for (const known of ofKind) {
    const theirs = stepsOf(known.path)
    const at = theirs.findIndex((step, index) => step !== steps[index])
    if (at < 0) {
      if (['group', 'kind', 'name', 'namespace'].includes(steps[theirs.length] ?? '')) return { code: 'text', path }
    } else if (theirs[at] === '[]' || steps[at] === '[]') {
      const list = steps.slice(0, at).join('.').replaceAll('.[]', '[]')
      return { code: theirs[at] === '[]' ? 'list' : 'no-list', path, list }
    }
  }
  return undefined
}

function grantKindProblem({ group, kind }: GroupKind, { grantKinds }: Coverage): RowProblem | undefined {
  const known = grantKinds.some((one) => one.group === group && one.kind === kind)
  return known ? undefined : { code: 'unknown-grant-kind', group, kind }
}

function duplicateProblem(
  { from, path }: Pick<GuardedField, 'from' | 'path'>,
  fields: readonly GuardedField[],
): RowProblem | undefined {
  const same = fields.some(
    (field) => field.from.group === from.group && field.from.kind === from.kind && field.path === path,
  )
  return same ? { code: 'duplicate', path, kind: from.kind } : undefined
}
