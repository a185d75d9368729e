import type { Catalogue } from './catalogue.ts'
import type { GroupKind } from './reference.ts'

/**
 * How much a finding matters: an `error` can never do what its author wants, a `warning` probably not, a `note` is
 * worth knowing.
 */
export type Severity = 'error' | 'warning' | 'note'

/** What can be wrong with a ReferenceGrant. The codes are stable: pipelines name them. */
export type LintCode = keyof typeof SEVERITIES

const SEVERITIES = {
  'grant-empty': 'error',
  'grant-incomplete-entry': 'error',
  'grant-empty-name': 'error',
  'grant-wildcard': 'error',
  'grant-core-group': 'error',
  'grant-version-as-group': 'error',
  'grant-wrong-group': 'error',
  'grant-kind-spelling': 'error',
  'grant-own-namespace': 'warning',
  'grant-unknown-referrer': 'warning',
  'grant-every-name': 'note',
} as const satisfies Record<string, Severity>

/** One thing that is wrong with a ReferenceGrant, or that its author may not have meant. */
export interface LintFinding {
  readonly code: LintCode
  readonly severity: Severity
  /** The field, such as `spec.from[0].kind`. */
  readonly path: string
  /** What the field says; absent where it says nothing. */
  readonly value?: string
  /** What would work in its place, where that is known. */
  readonly meant?: string
}

/** The kinds that references name most often (Gateway API, godoc of `ReferenceGrantTo`), for spelling. */
const TARGETS: readonly (GroupKind & { readonly plural: string })[] = [
  { group: '', kind: 'Service', plural: 'services' },
  { group: '', kind: 'Secret', plural: 'secrets' },
  { group: '', kind: 'ConfigMap', plural: 'configmaps' },
  { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', plural: 'serviceimports' },
  { group: 'inference.networking.k8s.io', kind: 'InferencePool', plural: 'inferencepools' },
  { group: 'inference.networking.x-k8s.io', kind: 'InferencePool', plural: 'inferencepools' },
]

/**
 * What is wrong with a ReferenceGrant: entries that can never match, though the schema takes them, and entries that
 * cover more than they seem to. Any shape is taken.
 *
 * @param object the grant, as parsed from JSON or YAML
 * @param namespace the grant's namespace
 */
export function lintGrant(object: unknown, namespace: string, catalogue: Catalogue): LintFinding[] {
  const spec = property(object, 'spec')
  const known = [...catalogue.referrers(), ...TARGETS]
  return [
    ...eachEntry(
      spec,
      'from',
      (entry, path) => lintEntry(entry, path, ['group', 'kind', 'namespace'], known),
      (entry, path) => lintFrom(entry, path, namespace, catalogue),
    ),
    ...eachEntry(spec, 'to', (entry, path) => lintEntry(entry, path, ['group', 'kind'], known), lintTo),
  ]
}

type LintEntry = (entry: unknown, path: string) => LintFinding[]

/** Lints each entry of a half; what only one half has is looked at where the rest of the entry can match. */
function eachEntry(spec: unknown, half: string, both: LintEntry, ofHalf: LintEntry): LintFinding[] {
  const entries = property(spec, half)
  const path = `spec.${half}`
  if (!Array.isArray(entries) || entries.length === 0) return [finding('grant-empty', path)]
  return entries.flatMap((entry, index) => {
    const place = `${path}[${index}]`
    const findings = both(entry, place)
    return findings.length > 0 ? findings : ofHalf(entry, place)
  })
}

function lintEntry(
  entry: unknown,
  path: string,
  required: readonly string[],
  known: readonly (GroupKind & { plural: string })[],
): LintFinding[] {
  const missing = required.filter((name) => typeof property(entry, name) !== 'string')
  if (missing.length > 0) return missing.map((name) => finding('grant-incomplete-entry', `${path}.${name}`))
  const { group, kind, namespace, name } = entry as Record<string, string | undefined>
  const wild = Object.entries({ group, kind, namespace, name }).filter(([, value]) => value === '*')
  if (wild.length > 0) return wild.map(([part, value]) => finding('grant-wildcard', `${path}.${part}`, value))
  return [
    ...lintGroup(group as string, path),
    ...lintKind({ group: group as string, kind: kind as string }, path, known),
  ]
}

function lintGroup(group: string, path: string): LintFinding[] {
  const at = `${path}.group`
  if (group === 'core') return [finding('grant-core-group', at, group, '')]
  if (/(^|\/)v\d+((alpha|beta)\d+)?$/.test(group))
    return [finding('grant-version-as-group', at, group, group.replace(/(^|\/)v\d+((alpha|beta)\d+)?$/, ''))]
  return []
}

/** A kind that is misspelt, or well-known under another of the well-known groups. */
function lintKind(
  { group, kind }: GroupKind,
  path: string,
  known: readonly (GroupKind & { plural: string })[],
): LintFinding[] {
  if (known.some((one) => one.group === group && one.kind === kind)) return []
  const spelling = known.find((one) => one.group === group && sameLetters(one, kind))
  if (spelling) return [finding('grant-kind-spelling', `${path}.kind`, kind, spelling.kind)]
  // Others may define a kind of the same name in a group of their own, as Knative does with Service.
  const ours = known.some((one) => one.group === group)
  const elsewhere = ours ? known.find((one) => one.kind === kind) : undefined
  return elsewhere ? [finding('grant-wrong-group', `${path}.group`, group, elsewhere.group)] : []
}

function sameLetters({ kind, plural }: { kind: string; plural: string }, written: string): boolean {
  return [kind.toLowerCase(), plural].includes(written.toLowerCase())
}

function lintFrom(entry: unknown, path: string, namespace: string, catalogue: Catalogue): LintFinding[] {
  const { group, kind, namespace: accepted } = entry as GroupKind & { namespace: string }
  if (accepted === namespace) return [finding('grant-own-namespace', `${path}.namespace`, accepted)]
  return catalogue.referrer({ group, kind }) ? [] : [finding('grant-unknown-referrer', `${path}.kind`, kind)]
}

function lintTo(entry: unknown, path: string): LintFinding[] {
  const name = property(entry, 'name')
  if (name === '') return [finding('grant-empty-name', `${path}.name`, name)]
  return name === undefined || name === null ? [finding('grant-every-name', `${path}.name`)] : []
}

function finding(code: LintCode, path: string, value?: string, meant?: string): LintFinding {
  return {
    code,
    severity: SEVERITIES[code],
    path,
    ...(value !== undefined && { value }),
    ...(meant !== undefined && { meant }),
  }
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
