import type { Difference } from '../wording/drift.ts'
import { quote, visible } from '../wording/quote.ts'

/** The fields of a rule of a ClusterRole (rbac.authorization.k8s.io/v1, PolicyRule). Each is a set. */
const PARTS = ['apiGroups', 'resources', 'resourceNames', 'verbs', 'nonResourceURLs'] as const

/**
 * Returns the differences between the rules of ClusterRoles. The order of rules, and of values in a rule, does not
 * count.
 */
export function ruleDifferences(wanted: unknown, live: unknown, field: string): Difference[] {
  const [expected, found] = [rulesOf(wanted), rulesOf(live)]
  return [
    ...[...expected]
      .filter(([text]) => !found.has(text))
      .map(([, rule]) => ({ field, wanted: rule, problem: `lack ${titleOf(rule)}` })),
    ...[...found]
      .filter(([text]) => !expected.has(text))
      .map(([, rule]) => ({
        field,
        found: rule,
        problem: `have ${titleOf(rule)}, which the configuration does not have`,
      })),
  ]
}

/** Returns a rule in short: `list,watch referencegrants.gateway.networking.k8s.io`, `get secrets "ca"`, `get /metrics`. */
function titleOf(rule: unknown): string {
  const values = (part: (typeof PARTS)[number]) => valuesOf(rule, part)
  const targets = values('apiGroups').flatMap((group) =>
    values('resources').map((one) => (group === '' ? one : `${one}.${group}`)),
  )
  const parts = [values('verbs'), [...targets, ...values('nonResourceURLs')], values('resourceNames').map(quote)]
  return visible(parts.flatMap((part) => part.join(',') || []).join(' '))
}

/** Returns rules by a text of what they permit. */
function rulesOf(rules: unknown): Map<string, unknown> {
  return new Map((Array.isArray(rules) ? rules : []).map((rule: unknown) => [ruleText(rule), rule]))
}

function ruleText(rule: unknown): string {
  return JSON.stringify(PARTS.map((part) => [...new Set(valuesOf(rule, part))].sort()))
}

function valuesOf(rule: unknown, part: (typeof PARTS)[number]): string[] {
  return [(Object(rule) as Record<string, unknown>)[part] ?? []].flat().map(String)
}
