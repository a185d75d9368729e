import { property } from './property.ts'

/** The labels of an object. */
export type Labels = Readonly<Record<string, unknown>>

/** Returns the labels of an object, or of a Pod template. */
export const labelsOf = (object: unknown): Labels => {
  const labels = property(property(object, 'metadata'), 'labels')
  return typeof labels === 'object' && labels !== null ? (labels as Labels) : {}
}

/**
 * Whether a label selector selects an object with these labels; an empty selector selects every object. An operator that
 * does not exist selects nothing.
 *
 * Source: Kubernetes, API reference, LabelSelector.
 */
export function selects(selector: unknown, labels: Labels): boolean {
  const equal = property(selector, 'matchLabels')
  if (!isMatching(equal, labels)) return false
  const expressions = property(selector, 'matchExpressions')
  return !Array.isArray(expressions) || expressions.every((one) => isFulfilled(one, labels))
}

/**
 * Whether a label selector selects every object that has at least these labels, none of them, or one or the other by a label that
 * is not among them.
 */
export function selectedBy(selector: unknown, known: Labels): 'always' | 'never' | 'depends' {
  const equal = property(selector, 'matchLabels')
  const expressions = property(selector, 'matchExpressions')
  const wanted = [
    ...Object.entries(typeof equal === 'object' && equal !== null ? equal : {}).map(([key, value]) => ({
      ...{ key, operator: 'In', values: [value] },
    })),
    ...(Array.isArray(expressions) ? expressions : []),
  ]
  const isKnown = (one: unknown) => Object.hasOwn(known, String(property(one, 'key'))) || !isOperator(one)
  if (wanted.some((one) => isKnown(one) && !isFulfilled(one, known))) return 'never'
  return wanted.every(isKnown) ? 'always' : 'depends'
}

const isOperator = (one: unknown) =>
  ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(String(property(one, 'operator')))

/** Whether an object has all of these labels. */
export function isMatching(wanted: unknown, labels: Labels): boolean {
  if (typeof wanted !== 'object' || wanted === null) return true
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
}

function isFulfilled(expression: unknown, labels: Labels): boolean {
  const [key, operator, values] = ['key', 'operator', 'values'].map((part) => property(expression, part))
  if (typeof key !== 'string') return false
  const has = Object.hasOwn(labels, key)
  const isListed = has && Array.isArray(values) && values.includes(labels[key])
  switch (operator) {
    case 'In':
      return isListed
    case 'NotIn':
      return !isListed
    case 'Exists':
      return has
    case 'DoesNotExist':
      return !has
    default:
      return false
  }
}
