/**
 * How much a finding matters: an `error` can never do what its author wants, a `warning` probably not, a `note` is
 * worth knowing.
 */
export type Severity = 'error' | 'warning' | 'note'

/** What can be found. The codes are stable: pipelines name them. Their order is that of the documentation. */
export const SEVERITIES = {
  'not-permitted': 'error',
  'too-many-references': 'error',
  'grant-empty': 'error',
  'grant-incomplete-entry': 'error',
  'grant-empty-name': 'error',
  'grant-wildcard': 'error',
  'grant-core-group': 'error',
  'grant-version-as-group': 'error',
  'grant-wrong-group': 'error',
  'grant-kind-spelling': 'error',
  'grant-unknown-field': 'error',
  'reference-unknown-field': 'error',
  'reference-policy': 'error',
  'field-misfit': 'warning',
  'grant-duplicate': 'warning',
  'grant-parent-reference': 'warning',
  'mesh-parent-core-group': 'warning',
  'grant-own-namespace': 'warning',
  'grant-unknown-referrer': 'warning',
  'grant-every-name': 'note',
} as const satisfies Record<string, Severity>

export type FindingCode = keyof typeof SEVERITIES

/** What can be wrong with one grant by itself. */
export type LintCode = Exclude<Extract<FindingCode, `grant-${string}`>, 'grant-duplicate'>

/** What can be wrong with an object that is not a grant. */
export type ObjectCode = 'reference-unknown-field' | 'reference-policy' | 'field-misfit' | 'mesh-parent-core-group'
