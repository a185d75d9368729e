import { property } from './property.ts'

/** The labels of an object. */
export type Labels = Readonly<Record<string, unknown>>

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
