import type { Catalogue, FieldSteps, ReferrerKind } from '../policy/catalogue.ts'

/** A condition that an API server evaluates before it calls a webhook (admissionregistration.k8s.io/v1). */
export interface MatchCondition {
  readonly name: string
  /** CEL. */
  readonly expression: string
}

/** Fields below one another, as a tree; `[]` stands for the elements of a list. */
interface Branch {
  /** Whether a reference is here. */
  guarded: boolean
  readonly below: Map<string, Branch>
}

/** Longest name of a condition without a prefix, in characters (Kubernetes, IsQualifiedName). */
const LONGEST_NAME = 63

/**
 * Elements of lists that the condition of one kind looks at for rows of the admin's own. The API server gives the
 * conditions of an entry 2,500,000 units of cost, of which an element takes about 40, and its time for a list grows with
 * the square of the length: 0.1 s for 5,000 elements, 10 s for 40,000 (measured with Kubernetes 1.36).
 */
const ELEMENTS = 4_096

/**
 * Conditions that are all true only for writes that may add a reference into another namespace.
 *
 * One says that an update changed a part of the object that is judged: labels, finalizers and owner references pass
 * without a call. Then one for each kind says: not this kind, or some guarded field names another namespace. An API
 * server ANDs conditions, and takes an error in one for a failure of the webhook; so every field of Gateway API is
 * optional (`.?`), and types are relied upon only where every release's schema has them. Of a row of the admin's own no
 * schema is known: the type is looked at before each step, and of a list that is too long it is not known what it holds.
 */
export function matchConditions(catalogue: Catalogue): MatchCondition[] {
  return [
    { name: 'changed', expression: changed(catalogue) },
    ...catalogue
      .referrers()
      .map((referrer) => ({ name: conditionName(referrer), expression: crossing(referrer, catalogue) })),
  ]
}

/** Where a name is too long there is room before the slash, where a qualified name has a DNS name. */
function conditionName({ plural, group }: ReferrerKind): string {
  const name = group === '' ? `crossing.${plural}` : `crossing.${plural}.${group}`
  return name.length > LONGEST_NAME ? `${group || 'core'}/${plural}` : name
}

function changed(catalogue: Catalogue): string {
  const roots = [...new Set(catalogue.fields.map(({ path }) => path.split('.')[0]?.replaceAll('[]', '') ?? ''))]
  const differs = roots.map((root) => `object.?${root} != oldObject.?${root}`)
  return `request.operation != "UPDATE" || ${differs.join(' || ')}`
}

function crossing(referrer: ReferrerKind, catalogue: Catalogue): string {
  const { group, kind } = referrer
  const tree: Branch = { guarded: false, below: new Map() }
  const { known = [], own = [] } = Object.groupBy(catalogue.fieldsOf(referrer), ({ own }) => (own ? 'own' : 'known'))
  for (const { steps } of known) grow(tree, steps)
  return [
    `request.kind.group != ${JSON.stringify(group)} || request.kind.kind != ${JSON.stringify(kind)}`,
    ...expressions(tree, 'object', 0),
    ...own.map(({ steps }) => typed(steps, longest(steps, own))),
  ].join(' || ')
}

function grow(branch: Branch, [step, ...rest]: readonly string[]): void {
  if (step === undefined) {
    branch.guarded = true
    return
  }
  const next = branch.below.get(step) ?? { guarded: false, below: new Map() }
  branch.below.set(step, next)
  grow(next, rest)
}

/** Expressions, one of which is true if something at `place` or below it names another namespace. */
function expressions(branch: Branch, place: string, lists: number): string[] {
  const here = branch.guarded ? [`!(${place}.?namespace.orValue("") in ["", request.namespace])`] : []
  const below = [...branch.below].flatMap(([step, next]) => {
    if (step !== '[]') return expressions(next, `${place}.?${step}`, lists)
    const element = `e${lists}`
    return [`${place}.orValue([]).exists(${element}, ${expressions(next, element, lists + 1).join(' || ')})`]
  })
  return [...here, ...below]
}

/** How long each of the lists on the way may be, so that all fields together look at no more elements than they may. */
function longest(steps: readonly string[], fields: readonly FieldSteps[]): number {
  const listed = fields.filter(({ steps }) => steps.includes('[]')).length
  const nested = steps.filter((step) => step === '[]').length
  // 16 to the third is 4,096, but not so in floating point.
  return Math.floor((ELEMENTS / listed) ** (1 / nested) + 1e-9)
}

/**
 * An expression that is true if what the steps lead to names another namespace or a list on the way is too long, and no
 * error whatever is there. Keys are written as text, since a field may be called what CEL takes for a word of its own.
 */
function typed([step, ...rest]: readonly string[], most: number, place = 'object', lists = 0): string {
  if (step === '[]') {
    const element = `e${lists}`
    const some = `${place}.exists(${element}, ${typed(rest, most, element, lists + 1)})`
    return `type(${place}) == list && (size(${place}) > ${most} || ${some})`
  }
  const key = JSON.stringify(step ?? 'namespace')
  const at = `${place}[${key}]`
  // What is written is an object.
  const there = place === 'object' ? `${key} in ${place}` : `type(${place}) == map && ${key} in ${place}`
  const then =
    step === undefined ? `type(${at}) == string && !(${at} in ["", request.namespace])` : typed(rest, most, at, lists)
  return `${there} && ${then}`
}
