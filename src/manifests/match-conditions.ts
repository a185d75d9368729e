import type { ReferrerKind } from '../policy/catalogue.ts'
import type { Coverage } from '../policy/coverage.ts'
import type { FieldSteps } from '../policy/field-tree.ts'

/** A condition that an API server evaluates before it calls a webhook (admissionregistration.k8s.io/v1). */
export interface MatchCondition {
  readonly name: string
  /** CEL. */
  readonly expression: string
}

/** A tree of fields; `[]` stands for the elements of a list. */
interface Branch {
  /** Whether a guarded field is here. */
  guarded: boolean
  readonly below: Map<string, Branch>
}

/** The longest name of a condition without a prefix, in characters (Kubernetes, IsQualifiedName). */
const LONGEST_CONDITION_NAME = 63

/**
 * How many list elements the condition of one kind evaluates for guarded fields of the configuration. The API server
 * limits the conditions of an entry to 2,500,000 units of cost, and an element costs about 40. Its time for a list
 * grows with the square of the length: 0.1 s for 5,000 elements, 10 s for 40,000 (measured with Kubernetes 1.36).
 */
const ELEMENTS = 4_096

/**
 * Returns conditions that are all true only for writes that may add a reference to another namespace.
 *
 * The first is false for an update that does not change a judged part of the object, such as an update of labels or
 * finalizers. One condition for each kind is true for other kinds, or if a guarded field names
 * another namespace. The API server combines conditions by AND, and treats an error in one as a failure of the webhook.
 * So every field of Gateway API is optional (`.?`), and conditions rely only on types that every release's schema has.
 * The schema for a guarded field of the configuration is unknown: its expression checks the type before each step, and
 * is true for a list that is too long.
 */
export function matchConditions(coverage: Coverage): MatchCondition[] {
  return [
    { name: 'changed', expression: changed(coverage) },
    ...coverage
      .referrers()
      .map((referrer) => ({ name: conditionName(referrer), expression: crossing(referrer, coverage) })),
  ]
}

/** Returns the name of a kind's condition. If it is too long, the group becomes the prefix, which may be longer. */
function conditionName({ plural, group }: ReferrerKind): string {
  const name = group === '' ? `crossing.${plural}` : `crossing.${plural}.${group}`
  return name.length > LONGEST_CONDITION_NAME ? `${group || 'core'}/${plural}` : name
}

function changed(coverage: Coverage): string {
  const roots = [...new Set(coverage.fields.map(({ path }) => path.split('.')[0]?.replaceAll('[]', '') ?? ''))]
  const differs = roots.map((root) => `object.?${root} != oldObject.?${root}`)
  return `request.operation != "UPDATE" || ${differs.join(' || ')}`
}

function crossing(referrer: ReferrerKind, coverage: Coverage): string {
  const { group, kind } = referrer
  const tree: Branch = { guarded: false, below: new Map() }
  const { known = [], own = [] } = Object.groupBy(coverage.fieldsOf(referrer), ({ own }) => (own ? 'own' : 'known'))
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

/** Returns expressions, one of which is true if a reference at `place` or below it names another namespace. */
function expressions(branch: Branch, place: string, lists: number): string[] {
  const here = branch.guarded ? [`!(${place}.?namespace.orValue("") in ["", request.namespace])`] : []
  const below = [...branch.below].flatMap(([step, next]) => {
    if (step !== '[]') return expressions(next, `${place}.?${step}`, lists)
    const element = `e${lists}`
    return [`${place}.orValue([]).exists(${element}, ${expressions(next, element, lists + 1).join(' || ')})`]
  })
  return [...here, ...below]
}

/**
 * Returns the longest list on the path of a field, such that all fields together evaluate at most ELEMENTS elements.
 */
function longest(steps: readonly string[], fields: readonly FieldSteps[]): number {
  const listed = fields.filter(({ steps }) => steps.includes('[]')).length
  const nested = steps.filter((step) => step === '[]').length
  // In floating point, the third root of 4,096 is less than 16.
  return Math.floor((ELEMENTS / listed) ** (1 / nested) + 1e-9)
}

/**
 * Returns an expression that is true if a reference at the end of the steps names another namespace, or if a list on
 * the path is too long. It is never an error, whatever the object has. Keys are strings, since a field name may be a
 * reserved word of CEL.
 */
function typed([step, ...rest]: readonly string[], most: number, place = 'object', lists = 0): string {
  if (step === '[]') {
    const element = `e${lists}`
    const some = `${place}.exists(${element}, ${typed(rest, most, element, lists + 1)})`
    return `type(${place}) == list && (size(${place}) > ${most} || ${some})`
  }
  const key = JSON.stringify(step ?? 'namespace')
  const at = `${place}[${key}]`
  // The root is always an object.
  const there = place === 'object' ? `${key} in ${place}` : `type(${place}) == map && ${key} in ${place}`
  const then =
    step === undefined ? `type(${at}) == string && !(${at} in ["", request.namespace])` : typed(rest, most, at, lists)
  return `${there} && ${then}`
}
