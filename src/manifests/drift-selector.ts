import { isDeepStrictEqual } from 'node:util'
import type { Difference } from '../wording/drift.ts'

/**
 * The terms that AKS's admissions enforcer adds to the namespaceSelector of every webhook, to exclude the namespaces of
 * AKS itself. Source: https://github.com/openkruise/charts/issues/155,
 * https://github.com/Kong/kong-operator/issues/239.
 */
const AKS = termsOf({
  matchExpressions: [
    { key: 'control-plane', operator: 'NotIn', values: ['true'] },
    { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
  ],
})

/**
 * Returns the difference between label selectors, if they select differently. The order of terms and values does not
 * count.
 */
export function selectorDifferences(wanted: unknown, live: unknown, field: string): Difference[] {
  const [expected, found] = [termsOf(wanted), termsOf(live)]
  if (isDeepStrictEqual(found, expected)) return []
  const byAks = field.endsWith('.namespaceSelector') && isDeepStrictEqual(found, new Set([...expected, ...AKS]))
  return [{ field, wanted, found: live, ...(byAks && { tolerated: "AKS's admissions enforcer" }) }]
}

/** Returns the terms of a selector, each as text. A value that is not a selector is one term. */
function termsOf(selector: unknown): Set<string> {
  if (selector === undefined || selector === null) return new Set()
  const { matchLabels, matchExpressions, ...rest } = Object(selector) as Record<string, unknown>
  if (typeof selector !== 'object' || Object.keys(rest).length > 0) return new Set([JSON.stringify(selector)])
  const expressions = Array.isArray(matchExpressions) ? matchExpressions : [matchExpressions ?? []].flat()
  const labels = Object.entries(Object(matchLabels ?? {})).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }))
  return new Set([...expressions, ...labels].map(termText))
}

function termText(term: unknown): string {
  const { key, operator, values } = Object(term) as { key?: unknown; operator?: unknown; values?: unknown }
  return JSON.stringify([key, operator, Array.isArray(values) ? [...new Set(values)].sort() : (values ?? [])])
}
