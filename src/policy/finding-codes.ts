/**
 * The severity of a finding: an `error` cannot work as its author intends, a `warning` probably does not, and a `note`
 * is worth knowing.
 */
export type Severity = 'error' | 'warning' | 'note'

/** The finding codes with their severities, in the order of the documentation. Codes are stable: pipelines name them. */
export const SEVERITIES = {
  'not-permitted': 'error',
  'too-many-references': 'error',
  'refused-at-install': 'error',
  'grant-unknown-version': 'error',
  'grant-too-many-entries': 'error',
  'grant-empty': 'error',
  'grant-incomplete-entry': 'error',
  'grant-empty-name': 'error',
  'grant-wildcard': 'error',
  'grant-core-group': 'error',
  'grant-version-as-group': 'error',
  'grant-wrong-group': 'error',
  'grant-kind-spelling': 'error',
  'grant-impossible-value': 'error',
  'grant-unknown-field': 'error',
  'reference-unknown-field': 'error',
  'reference-policy': 'error',
  'reference-impossible-value': 'error',
  'field-misfit': 'warning',
  'grant-old-version': 'warning',
  'grant-duplicate': 'warning',
  'grant-parent-reference': 'warning',
  'mesh-parent-core-group': 'warning',
  'grant-own-namespace': 'warning',
  'grant-unknown-referrer': 'warning',
  'grant-misspelt-kind': 'warning',
  'grant-every-name': 'note',
} as const satisfies Record<string, Severity>

export type FindingCode = keyof typeof SEVERITIES

/** Whether a text is the code of a finding. */
export function isFindingCode(text: string): text is FindingCode {
  return Object.hasOwn(SEVERITIES, text)
}

/** The codes for mistakes in a single grant. */
export type LintCode = Exclude<Extract<FindingCode, `grant-${string}`>, 'grant-duplicate'>

/** The codes for mistakes in an object that is not a grant. */
export type ObjectCode =
  | 'reference-unknown-field'
  | 'reference-impossible-value'
  | 'reference-policy'
  | 'field-misfit'
  | 'mesh-parent-core-group'
