import type { Catalogue } from './catalogue.ts'
import { type LintCode, SEVERITIES, type Severity } from './finding-codes.ts'
import { type Grant, plainFrom, plainTo } from './grant.ts'
import { type GrantKind, REFERENCE_GRANT } from './grant-kinds.ts'
import { step } from './path.ts'
import { property } from './property.ts'
import type { GroupKind } from './reference.ts'
import { isKnownGroup, type KnownKind, knownKinds, likest } from './well-known.ts'

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

/** What is wrong with grants: how many findings there are, and the first of them. */
export interface LintResult {
  readonly findings: readonly LintFinding[]
  readonly counts: Readonly<Record<Severity, number>>
}

/**
 * What is wrong with a ReferenceGrant: entries that can never match, though the schema takes them, and entries that
 * cover more than they seem to. Any shape is taken.
 *
 * @param object the grant, as parsed from JSON or YAML
 * @param namespace the grant's namespace
 * @param grantKind the kind of the grant
 * @param most how many findings are made; the others are only counted, since each entry of a grant may have several
 */
export function lintGrant(
  object: unknown,
  namespace: string,
  catalogue: Catalogue,
  most: number,
  grantKind = REFERENCE_GRANT,
): LintResult {
  const spec = property(object, 'spec')
  const findings = new Findings(most)
  const isStandard = grantKind === REFERENCE_GRANT
  const hasRoutes = fromRoutes(spec, catalogue)
  const known = knownKinds(catalogue)
  eachEntry(spec, 'from', findings, (written) => {
    if (isStandard) lintFields(written, FROM, findings)
    const entry = plainFrom(written, grantKind)
    const isSound = lintEntry(entry, FROM, known, findings)
    if (property(entry, 'namespace') === namespace) findings.add('grant-own-namespace', 'namespace', namespace)
    else if (isSound) lintReferrer(entry as GroupKind, catalogue, findings, grantKind)
  })
  eachEntry(spec, 'to', findings, (written) => {
    if (isStandard) lintFields(written, [...TO, 'name'], findings)
    if (hasRoutes) lintParent(written, findings)
    const entry = plainTo(written, grantKind)
    const isSound = lintEntry(entry, TO, known, findings)
    const name = property(entry, 'name')
    if (name === '') findings.add('grant-empty-name', 'name', name)
    else if (isSound && (name === undefined || name === null)) findings.add('grant-every-name', 'name')
  })
  return findings
}

/** What an entry of each half has to have. */
const FROM = ['group', 'kind', 'namespace']
const TO = ['group', 'kind']

/**
 * A grant without the entries that permit nothing: those in which there is an error, and those that accept the grant's own
 * namespace. One half without entries means that the grant permits nothing.
 */
export function effectivePart(grant: Grant, catalogue: Catalogue): Grant {
  const known = knownKinds(catalogue)
  const isSound = (entry: unknown, half: readonly string[]) => lintEntry(entry, half, known, new Findings(0))
  const from = grant.from.filter((entry) => entry.namespace !== grant.namespace && isSound(entry, FROM))
  return { ...grant, from, to: grant.to.filter((entry) => isSound(entry, TO)) }
}

/** Counts findings, and makes the first of them. */
class Findings implements LintResult {
  readonly findings: LintFinding[] = []
  readonly counts = { error: 0, warning: 0, note: 0 }
  readonly #most: number
  #half = ''
  #index = 0

  constructor(most: number) {
    this.#most = most
  }

  /** What is found from now on is about this entry. */
  at(half: string, index: number): void {
    this.#half = half
    this.#index = index
  }

  /** Something about a part of the entry. */
  add(code: LintCode, part: string, value?: string, meant?: string): void {
    this.#add(code, () => `spec.${this.#half}[${this.#index}].${part}`, value, meant)
  }

  /** Something about a whole half. */
  addHalf(code: LintCode, half: string): void {
    this.#add(code, () => `spec.${half}`)
  }

  #add(code: LintCode, path: () => string, value?: string, meant?: string): void {
    const severity = SEVERITIES[code]
    this.counts[severity] += 1
    if (this.findings.length >= this.#most) return
    const said = { ...(value !== undefined && { value }), ...(meant !== undefined && { meant }) }
    this.findings.push({ code, severity, path: path(), ...said })
  }
}

function eachEntry(spec: unknown, half: string, findings: Findings, lint: (entry: unknown) => void): void {
  const entries = property(spec, half)
  if (!Array.isArray(entries) || entries.length === 0) {
    findings.addHalf('grant-empty', half)
    return
  }
  for (const [index, entry] of entries.entries()) {
    findings.at(half, index)
    lint(entry)
  }
}

/** Lints what both halves have. False if there is an error, so that the entry matches nothing. */
function lintEntry(
  entry: unknown,
  required: readonly string[],
  known: readonly KnownKind[],
  findings: Findings,
): boolean {
  const before = findings.counts.error
  const written = (part: string) => {
    const value = property(entry, part)
    const isMissing = typeof value !== 'string' || (value === '' && part !== 'group')
    if (isMissing && required.includes(part)) findings.add('grant-incomplete-entry', part)
    if (isMissing) return undefined
    if (!value.includes('*')) return value
    findings.add('grant-wildcard', part, value)
    return undefined
  }
  const [group, kind] = ['group', 'kind', 'namespace', 'name'].map(written)
  const meant = group === undefined ? undefined : lintGroup(group, findings)
  if (kind !== undefined) lintKind({ group, meant, kind }, known, findings)
  return findings.counts.error === before
}

/** The group that is meant, which is the one that is written if nothing is wrong with it. */
function lintGroup(group: string, findings: Findings): string {
  const version = /(^|\/)v\d+((alpha|beta)\d+)?$/
  const meant = group === 'core' ? '' : group.replace(version, '')
  if (group === 'core') findings.add('grant-core-group', 'group', group, meant)
  else if (meant !== group) findings.add('grant-version-as-group', 'group', group, meant)
  return meant
}

/** A kind as it is written, with its group where that can be read. */
interface WrittenKind {
  readonly group: string | undefined
  /** The group that is meant. */
  readonly meant: string | undefined
  readonly kind: string
}

/** A kind that is misspelt, or well-known under another of the well-known groups, or both. */
function lintKind({ group, meant, kind }: WrittenKind, known: readonly KnownKind[], findings: Findings): void {
  const same = known.filter((one) => one.group === meant)
  const others =
    meant === undefined || isKnownGroup(meant) ? known : known.filter((one) => one.group.startsWith(`${meant}.`))
  const found = likest(kind, same) ?? likest(kind, others)
  if (!found) return
  if (found.kind !== kind) findings.add('grant-kind-spelling', 'kind', kind, found.kind)
  if (found.group !== group && meant === group && group !== undefined)
    findings.add('grant-wrong-group', 'group', group, found.group)
}

/** The API server drops other fields, and an entry without them matches more than its author wrote. */
function lintFields(entry: unknown, fields: readonly string[], findings: Findings): void {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return
  for (const field of Object.keys(entry))
    if (!fields.includes(field)) findings.add('grant-unknown-field', step(field), field)
}

const PARENTS: readonly GroupKind[] = [
  { group: 'gateway.networking.k8s.io', kind: 'Gateway' },
  { group: 'gateway.networking.k8s.io', kind: 'ListenerSet' },
  { group: 'gateway.networking.x-k8s.io', kind: 'XListenerSet' },
]

/** Whether a grant accepts routes of Gateway API, and nothing else. */
function fromRoutes(spec: unknown, catalogue: Catalogue): boolean {
  const from = property(spec, 'from')
  return Array.isArray(from) && from.length > 0 && from.every((entry) => isRoute(entry, catalogue))
}

function isRoute(entry: unknown, catalogue: Catalogue): boolean {
  const [group, kind] = [property(entry, 'group'), property(entry, 'kind')]
  return typeof group === 'string' && typeof kind === 'string' && catalogue.referrer({ group, kind })?.route === true
}

/** A Gateway decides by `allowedRoutes` which routes may name it as their parent (godoc of `ParentReference`). */
function lintParent(entry: unknown, findings: Findings): void {
  const [group, kind] = [property(entry, 'group'), property(entry, 'kind')]
  const parent = PARENTS.find((one) => one.group === group && one.kind === kind)
  if (parent) findings.add('grant-parent-reference', 'kind', parent.kind)
}

function lintReferrer(kind: GroupKind, catalogue: Catalogue, findings: Findings, grantKind: GrantKind): void {
  if (!catalogue.fieldsOf(kind).some(({ grantKinds }) => grantKinds?.includes(grantKind) ?? true))
    findings.add('grant-unknown-referrer', 'kind', kind.kind)
}
