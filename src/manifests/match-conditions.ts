import type { Catalogue, GuardedField, ReferrerKind } from '../policy/catalogue.ts'

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

/**
 * Conditions that are all true only for writes that may add a reference into another namespace.
 *
 * One says that an update changed a part of the object that is judged: labels, finalizers and owner references pass
 * without a call. Then one for each kind says: not this kind, or some guarded field names another namespace. An API
 * server ANDs conditions, and takes an error in one for a failure of the webhook; so every field is optional (`.?`),
 * and types are relied upon only where every release's schema has them.
 *
 * Kinds with a row of somebody's own get no condition on their fields, since nothing is known of their schema.
 *
 * @param own rows that are not Gateway API's
 */
export function matchConditions(catalogue: Catalogue, own: readonly GuardedField[]): MatchCondition[] {
  const isOwn = ({ group, kind }: ReferrerKind) => own.some(({ from }) => from.group === group && from.kind === kind)
  return [
    { name: 'changed', expression: changed(catalogue) },
    ...catalogue
      .referrers()
      .filter((referrer) => !isOwn(referrer))
      .map((referrer) => ({ name: conditionName(referrer), expression: crossing(referrer, catalogue) })),
  ]
}

function conditionName({ plural, group }: ReferrerKind): string {
  return `crossing.${plural}.${group}`
}

function changed(catalogue: Catalogue): string {
  const roots = [...new Set(catalogue.fields.map(({ path }) => path.split('.')[0]?.replaceAll('[]', '') ?? ''))]
  const differs = roots.map((root) => `object.?${root} != oldObject.?${root}`)
  return `request.operation != "UPDATE" || ${differs.join(' || ')}`
}

function crossing(referrer: ReferrerKind, catalogue: Catalogue): string {
  const tree: Branch = { guarded: false, below: new Map() }
  for (const { steps } of catalogue.fieldsOf(referrer)) grow(tree, steps)
  const { group, kind } = referrer
  const other = `request.kind.group != ${JSON.stringify(group)} || request.kind.kind != ${JSON.stringify(kind)}`
  return `${other} || ${expressions(tree, 'object', 0).join(' || ')}`
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
