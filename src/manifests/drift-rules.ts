import type { Difference } from './drift.ts'

/** What a rule of a ClusterRole consists of (rbac.authorization.k8s.io/v1, PolicyRule), each a set. */
const PARTS = ['apiGroups', 'resources', 'resourceNames', 'verbs', 'nonResourceURLs'] as const

/** Where the rights of a live ClusterRole differ. The order of rules, and within a rule, has no meaning. */
export function ruleDifferences(wanted: unknown, live: unknown, field: string): Difference[] {
  const [expected, found] = [rulesOf(wanted), rulesOf(live)]
  return [
    ...[...expected].filter(([text]) => !found.has(text)).map(([, rule]) => ({ field, wanted: rule })),
    ...[...found].filter(([text]) => !expected.has(text)).map(([, rule]) => ({ field, found: rule })),
  ]
}

/** Rules by what they permit, as text. */
function rulesOf(rules: unknown): Map<string, unknown> {
  return new Map((Array.isArray(rules) ? rules : []).map((rule: unknown) => [ruleText(rule), rule]))
}

function ruleText(rule: unknown): string {
  const parts = Object(rule) as Record<string, unknown>
  return JSON.stringify(PARTS.map((part) => [...new Set([parts[part] ?? []].flat())].sort()))
}
