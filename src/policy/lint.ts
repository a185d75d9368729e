import type { Coverage } from './coverage.ts'
import { ENTRY_FIELDS, HALVES, likestField } from './entry-fields.ts'
import { type LintCode, SEVERITIES, type Severity } from './finding-codes.ts'
import { type Grant, plainFrom, plainTo } from './grant.ts'
import { apiVersionOf, type GrantKind, REFERENCE_GRANT } from './grant-kinds.ts'
import { withoutVersion } from './likeness.ts'
import { isPossibleName, MOST_ENTRIES, VALID } from './names.ts'
import { fromChildren, parentIn } from './parents.ts'
import { step } from './path.ts'
import { property } from './property.ts'
import type { GroupKind } from './reference.ts'
import { hasKnownVersion, hasOldVersion, hasPossibleName } from './refused-grant.ts'
import { type KnownKind, knownKinds, meantKind, nearest, OTHER_REFERRERS } from './well-known.ts'

/** A mistake in a grant, or something that its author may not have intended. */
export interface LintFinding {
  readonly code: LintCode
  readonly severity: Severity
  /** The field, such as `spec.from[0].kind`. */
  readonly path: string
  /** The value of the field, if it has one. */
  readonly value?: string
  /** The correct value, if it is known. */
  readonly meant?: string
}

/** The findings on a grant: their number, and the first of them. */
export interface LintResult {
  readonly findings: readonly LintFinding[]
  readonly counts: Readonly<Record<Severity, number>>
}

/**
 * Finds mistakes in a grant: entries that never match, although the schema accepts them, and entries that permit more than
 * they seem to. The grant may have any shape.
 *
 * @param object the grant, as parsed from JSON or YAML
 * @param namespace the grant's namespace
 * @param grantKind the kind of the grant
 * @param most the most findings to return; the others are only counted, since each entry of a grant may have several
 * @param rest is called for each of the others
 */
export function lintGrant(
  object: unknown,
  namespace: string,
  coverage: Coverage,
  most: number,
  grantKind = REFERENCE_GRANT,
  rest?: (code: LintCode, path: string) => void,
): LintResult {
  const spec = property(object, 'spec')
  const findings = new Findings(most, rest)
  const isStandard = grantKind === REFERENCE_GRANT
  const hasParents = fromChildren(spec, coverage)
  const known = knownKinds(coverage)
  if (isStandard && !hasKnownVersion(object))
    findings.addField('grant-unknown-version', 'apiVersion', property(object, 'apiVersion'), apiVersionOf(grantKind))
  else if (isStandard && hasOldVersion(object))
    findings.addField('grant-old-version', 'apiVersion', property(object, 'apiVersion'), apiVersionOf(grantKind))
  if (!hasPossibleName(object))
    findings.addField('grant-impossible-value', 'metadata.name', property(property(object, 'metadata'), 'name'))
  if (isStandard)
    for (const [field, meant] of strange(spec, HALVES))
      findings.addField('grant-unknown-field', `spec.${step(field)}`, field, meant)
  eachEntry(spec, 'from', isStandard, findings, (written) => {
    if (isStandard) lintFields(written, FROM, findings)
    const entry = plainFrom(written, grantKind)
    const isSound = lintEntry(entry, FROM, known, findings)
    if (property(entry, 'namespace') === namespace) findings.add('grant-own-namespace', 'namespace', namespace)
    else if (isSound) lintReferrer(entry as GroupKind, coverage, findings, grantKind)
  })
  eachEntry(spec, 'to', isStandard, findings, (written) => {
    if (isStandard) lintFields(written, TO, findings)
    const parent = hasParents && parentIn(written)
    if (parent) findings.add('grant-parent-reference', 'kind', parent.kind)
    const entry = plainTo(written, grantKind)
    const isSound = lintEntry(entry, TO, known, findings)
    const name = property(entry, 'name')
    if (isSound) lintMisspelling(entry as GroupKind, known, findings)
    if (isSound && (name === undefined || name === null)) findings.add('grant-every-name', 'name')
  })
  return findings
}

const { from: FROM, to: TO } = ENTRY_FIELDS
type Part = (typeof FROM | typeof TO)[number]

/**
 * Returns a grant without the entries that permit nothing: those with an error, and those that accept the grant's own
 * namespace. If one half has no entries left, the grant permits nothing.
 */
export function effectivePart(grant: Grant, coverage: Coverage): Grant {
  const known = knownKinds(coverage)
  const isSound = (entry: unknown, half: readonly Part[]) => lintEntry(entry, half, known, new Findings(0))
  const from = grant.from.filter((entry) => entry.namespace !== grant.namespace && isSound(entry, FROM))
  return { ...grant, from, to: grant.to.filter((entry) => isSound(entry, TO)) }
}

/** Counts findings, and collects the first of them. */
class Findings implements LintResult {
  readonly findings: LintFinding[] = []
  readonly counts = { error: 0, warning: 0, note: 0 }
  readonly #most: number
  readonly #rest: ((code: LintCode, path: string) => void) | undefined
  #half = ''
  #index = 0

  constructor(most: number, rest?: (code: LintCode, path: string) => void) {
    this.#most = most
    this.#rest = rest
  }

  /** Sets the entry that the next findings are about. */
  at(half: string, index: number): void {
    this.#half = half
    this.#index = index
  }

  /** Adds a finding on a part of the entry. */
  add(code: LintCode, part: string, value?: string, meant?: string): void {
    this.#add(code, () => `spec.${this.#half}[${this.#index}].${part}`, value, meant)
  }

  /** Adds a finding on a field outside of entries. */
  addField(code: LintCode, field: string, value?: unknown, meant?: string): void {
    this.#add(code, () => field, typeof value === 'string' ? value : undefined, meant)
  }

  #add(code: LintCode, path: () => string, value?: string, meant?: string): void {
    const severity = SEVERITIES[code]
    this.counts[severity] += 1
    if (this.findings.length >= this.#most) {
      this.#rest?.(code, path())
      return
    }
    const said = { ...(value !== undefined && { value }), ...(meant !== undefined && { meant }) }
    this.findings.push({ code, severity, path: path(), ...said })
  }
}

function eachEntry(
  spec: unknown,
  half: string,
  isStandard: boolean,
  findings: Findings,
  lint: (entry: unknown) => void,
): void {
  const entries = property(spec, half)
  if (!Array.isArray(entries) || entries.length === 0) {
    findings.addField('grant-empty', `spec.${half}`)
    return
  }
  if (isStandard && entries.length > MOST_ENTRIES) findings.addField('grant-too-many-entries', `spec.${half}`)
  for (const [index, entry] of entries.entries()) {
    findings.at(half, index)
    lint(entry)
  }
}

/** Lints each part of an entry. Returns false if there is an error, so that the entry matches nothing. */
function lintEntry(entry: unknown, parts: readonly Part[], known: readonly KnownKind[], findings: Findings): boolean {
  const before = findings.counts.error
  const [group, kind, name] = parts.map((part) => lintPart(entry, part, known, findings))
  if (name !== undefined && parts === TO && !isPossibleName({ group: group ?? '', kind: kind ?? '' }, name))
    findings.add('grant-impossible-value', 'name', name)
  const meant = group === undefined ? undefined : lintGroup(group, findings)
  if (kind !== undefined) lintKind({ group, meant, kind }, known, findings)
  return findings.counts.error === before
}

/** Lints a part. Returns its text if an object can have it; a group may also name a version. */
function lintPart(entry: unknown, part: Part, known: readonly KnownKind[], findings: Findings): string | undefined {
  const value = property(entry, part)
  if (part === 'name' && (value === undefined || value === null)) return undefined
  const code = partCode(value, part)
  if (code === undefined) return value as string
  const kind = property(entry, 'kind')
  const isMissing = code === 'grant-incomplete-entry' && part === 'group' && typeof kind === 'string'
  const meant = isMissing ? meantKind(kind, undefined, known)?.group : undefined
  findings.add(code, part, typeof value === 'string' ? value : undefined, meant)
  return undefined
}

function partCode(value: unknown, part: Part): LintCode | undefined {
  if (part === 'name' && value === '') return 'grant-empty-name'
  if (typeof value !== 'string' || (value === '' && part !== 'group')) return 'grant-incomplete-entry'
  if (value.includes('*')) return 'grant-wildcard'
  return VALID[part].test(part === 'group' ? withoutVersion(value) : value) ? undefined : 'grant-impossible-value'
}

/** Lints a group. Returns the group that its author meant: the same one if it is correct. */
function lintGroup(group: string, findings: Findings): string {
  const meant = group === 'core' ? '' : withoutVersion(group)
  if (group === 'core') findings.add('grant-core-group', 'group', group, meant)
  else if (meant !== group) findings.add('grant-version-as-group', 'group', group, meant)
  return meant
}

/** A kind as written, with its group if that can be read. */
interface WrittenKind {
  readonly group: string | undefined
  /** The group that the author meant. */
  readonly meant: string | undefined
  readonly kind: string
}

/** Reports a kind that is misspelt, or that belongs to another well-known group, or both. */
function lintKind({ group, meant, kind }: WrittenKind, known: readonly KnownKind[], findings: Findings): void {
  const found = meantKind(kind, meant, known)
  if (!found) return
  if (found.kind !== kind) findings.add('grant-kind-spelling', 'kind', kind, found.kind)
  if (found.group !== group && meant === group && group !== undefined)
    findings.add('grant-wrong-group', 'group', group, found.group)
}

/** Reports a kind that is nearly one of the well-known kinds of its group. */
function lintMisspelling({ group, kind }: GroupKind, known: readonly KnownKind[], findings: Findings): void {
  const meant = nearest(
    kind,
    known.filter((one) => one.group === group),
  )
  if (meant) findings.add('grant-misspelt-kind', 'kind', kind, meant.kind)
}

/** Reports other fields: the API server drops them, and without them the entry matches more, or nothing. */
function lintFields(entry: unknown, fields: readonly string[], findings: Findings): void {
  for (const [field, meant] of strange(entry, fields)) findings.add('grant-unknown-field', step(field), field, meant)
}

/** Returns the fields of an object that it cannot have, each with the one that is missing and was probably meant. */
function strange(object: unknown, fields: readonly string[]): [field: string, meant: string | undefined][] {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return []
  const missing = fields.filter((one) => !Object.hasOwn(object, one))
  return Object.keys(object)
    .filter((field) => !fields.includes(field))
    .map((field) => [field, likestField(field, missing)])
}

function lintReferrer(kind: GroupKind, coverage: Coverage, findings: Findings, grantKind: GrantKind): void {
  if (OTHER_REFERRERS.some((one) => one.group === kind.group && one.kind === kind.kind)) return
  if (!coverage.fieldsOf(kind).some(({ grantKinds }) => grantKinds?.includes(grantKind) ?? true))
    findings.add('grant-unknown-referrer', 'kind', kind.kind)
}
