import { type Catalogue, type GuardedField, guardedFields, stepsOf } from './catalogue.ts'
import { quote } from './quote.ts'
import type { GroupKind } from './reference.ts'
import { knownKinds, likest } from './well-known.ts'

/** Kinds of Gateway API and of Kubernetes that belong to no namespace and refer to objects that do. */
const CLUSTER_SCOPED: readonly GroupKind[] = [
  { group: 'gateway.networking.k8s.io', kind: 'GatewayClass' },
  { group: 'gateway.networking.x-k8s.io', kind: 'XMesh' },
  { group: 'admissionregistration.k8s.io', kind: 'ValidatingWebhookConfiguration' },
  { group: 'admissionregistration.k8s.io', kind: 'MutatingWebhookConfiguration' },
  { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' },
  { group: 'apiregistration.k8s.io', kind: 'APIService' },
  { group: 'networking.k8s.io', kind: 'IngressClass' },
  { group: 'rbac.authorization.k8s.io', kind: 'ClusterRoleBinding' },
  { group: 'storage.k8s.io', kind: 'StorageClass' },
  { group: '', kind: 'Namespace' },
  { group: '', kind: 'PersistentVolume' },
]

/** One step of a path: a field's name, then `[]` for each list that it leads into. */
const STEP = /^[A-Za-z_$][-\w$]*(\[\])*$/

/**
 * What stands in match conditions as `object.?root`, as CEL takes it. Source: the language definition of CEL, "Syntax",
 * SELECTOR.
 */
const CEL_SELECTOR = /^(?!(true|false|null|in)$)[_a-zA-Z][_a-zA-Z0-9]*$/

/** Fields that hold text wherever Kubernetes has them; of a reference, its parts. */
const TEXT = new Set(['apiVersion', 'kind', 'name', 'namespace'])

/** Parts of an object that no admission request for it carries a decision about. */
const NOT_JUDGED = new Set(['apiVersion', 'kind', 'metadata', 'status'])

/**
 * Why a row that somebody wants to add to the catalogue cannot work, in words that continue its name; undefined if it
 * can. What only a cluster knows, such as the scope of a kind of its own, is not looked at.
 */
export function rowProblem({ from, path, to, grantKind }: GuardedField, catalogue: Catalogue): string | undefined {
  return (
    kindProblem(from, catalogue) ??
    (to && kindProblem(to, catalogue)) ??
    scopeProblem(from) ??
    pluralProblem(from, catalogue) ??
    pathProblem(path) ??
    shapeProblem({ from, path }) ??
    (grantKind && grantKindProblem(grantKind, catalogue)) ??
    duplicateProblem({ from, path }, catalogue)
  )
}

/**
 * Kinds that a registration has room for: the API server takes 64 match conditions for an entry, of which one is about
 * every kind (k8s.io/kubernetes/pkg/apis/admissionregistration/validation, validateMatchConditions).
 */
const MOST_KINDS = 63

/** Why these rows are too many, in words that continue `guardedFields`; undefined if they are not. */
export function kindsProblem(catalogue: Catalogue): string | undefined {
  const kinds = catalogue.referrers().length
  return kinds > MOST_KINDS
    ? `makes ${kinds} kinds with those of Gateway API, and a registration has room for ${MOST_KINDS}`
    : undefined
}

/** Why no object can be of a kind that somebody names, in words that continue its field; undefined if some may be. */
export function kindProblem({ group, kind }: GroupKind, catalogue: Catalogue): string | undefined {
  const known = knownKinds(catalogue).filter((one) => one.group === group)
  const spelt = likest(kind, known)?.kind ?? kind
  if (spelt !== kind) return `names the kind ${quote(kind)}: kinds are compared exactly, write ${quote(spelt)}`
  return groupProblem(group)
}

function groupProblem(group: string): string | undefined {
  if (group === 'core') return 'names the group "core": the core group is ""'
  return /^[-a-z0-9.]*$/.test(group)
    ? undefined
    : `names the group ${quote(group)}, which is none: a version never counts`
}

/** A grant says which namespace it accepts references from, so it can accept none from an object without one. */
export function scopeProblem({ group, kind }: GroupKind, clusterScoped = CLUSTER_SCOPED): string | undefined {
  const found = clusterScoped.some((one) => one.group === group && one.kind === kind)
  return found
    ? `is about ${quote(kind)}, which belongs to no namespace: no ReferenceGrant can ever accept it`
    : undefined
}

function pluralProblem(from: GuardedField['from'], catalogue: Catalogue): string | undefined {
  if (!/^[a-z][-a-z0-9]*$/.test(from.plural))
    return `has the plural ${quote(from.plural)}: write the resource's name in lower case`
  const known = catalogue.referrer(from)?.plural
  if (known === undefined || known === from.plural) return undefined
  return `calls ${quote(from.kind)} ${quote(from.plural)}, and another row ${quote(known)}`
}

function pathProblem(path: string): string | undefined {
  const steps = path.split('.')
  if (!steps.every((step) => STEP.test(step)))
    return `has the path ${quote(path)}: write names separated by dots, with [] after each list, such as spec.rules[].backendRefs[]`
  const [root = ''] = steps
  const name = root.replaceAll('[]', '')
  if (NOT_JUDGED.has(name)) return `has the path ${quote(path)}, and ${name} is never judged`
  if (!CEL_SELECTOR.test(name))
    return `has the path ${quote(path)}, which no match condition can begin with: ${quote(name)} is no identifier in CEL`
  return TEXT.has(steps.at(-1) ?? '') ? textProblem(path) : undefined
}

function textProblem(path: string): string {
  return `has the path ${quote(path)}, which leads to text: name the object that holds the name and the namespace`
}

/** Why a path cannot be, by what the rows of Gateway API say of the same kind. */
function shapeProblem({ from, path }: Pick<GuardedField, 'from' | 'path'>): string | undefined {
  const steps = stepsOf(path)
  const ofKind = guardedFields.filter((row) => row.from.group === from.group && row.from.kind === from.kind)
  for (const known of ofKind) {
    const theirs = stepsOf(known.path)
    const at = theirs.findIndex((step, index) => step !== steps[index])
    if (at < 0) {
      if (['group', 'kind', 'name', 'namespace'].includes(steps[theirs.length] ?? '')) return textProblem(path)
    } else if (theirs[at] === '[]' || steps[at] === '[]') {
      const list = steps.slice(0, at).join('.').replaceAll('.[]', '[]')
      return `has the path ${quote(path)}: ${list} ${theirs[at] === '[]' ? 'is a list, write [] after it' : 'is no list'}`
    }
  }
  return undefined
}

function grantKindProblem({ group, kind }: GroupKind, { grantKinds }: Catalogue): string | undefined {
  const known = grantKinds.some((one) => one.group === group && one.kind === kind)
  return known ? undefined : `names the grant kind ${quote(kind)} of group ${quote(group)}, which is none of grantKinds`
}

function duplicateProblem(
  { from, path }: Pick<GuardedField, 'from' | 'path'>,
  catalogue: Catalogue,
): string | undefined {
  const same = catalogue.fields.some(
    (field) => field.from.group === from.group && field.from.kind === from.kind && field.path === path,
  )
  return same ? `repeats a row: ${quote(path)} of ${quote(from.kind)} is guarded already` : undefined
}
