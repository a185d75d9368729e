import type { Difference } from '../wording/drift.ts'

/** The fields of a rule of a ClusterRole (rbac.authorization.k8s.io/v1, PolicyRule). Each is a set. */
const PARTS = ['apiGroups', 'resources', 'resourceNames', 'verbs', 'nonResourceURLs'] as const

/**
 * Returns the differences between the rules of ClusterRoles. The order of rules, and of values in a rule, does not
 * count.
 */
export function ruleDifferences(wanted: unknown, live: unknown, field: string): Difference[] {
  const [expected, found] = [rulesOf(wanted), rulesOf(live)]
  return [
    ...[...expected].filter(([text]) => !found.has(text)).map(([, rule]) => ({ field, wanted: rule })),
    ...[...found].filter(([text]) => !expected.has(text)).map(([, rule]) => ({ field, found: rule })),
  ]
}

/** Returns rules by a text of what they permit. */
function rulesOf(rules: unknown): Map<string, unknown> {
  return new Map((Array.isArray(rules) ? rules : []).map((rule: unknown) => [ruleText(rule), rule]))
}

function ruleText(rule: unknown): string {
  const parts = Object(rule) as Record<string, unknown>
  return JSON.stringify(PARTS.map((part) => [...new Set([parts[part] ?? []].flat())].sort()))
}
