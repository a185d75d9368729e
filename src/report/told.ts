import { createHash } from 'node:crypto'
import type { Change, Finding, Place } from '../policy/finding.ts'
import type { FindingCode, Severity } from '../policy/finding-codes.ts'
import type { GrantName } from '../policy/grant.ts'
import type { ObjectName } from '../policy/reference.ts'
import { findingSentence } from '../wording/finding.ts'
import { shown } from './json.ts'
import { nearMissJson } from './near-miss.ts'

/** A finding as reports print it. */
export interface Told extends Partial<Place> {
  readonly code: FindingCode
  readonly severity: Severity
  readonly message: string
  /** Only with a baseline. */
  readonly change?: Change
  readonly object?: ObjectName
  readonly grant?: GrantName
  /** The field, with list indexes. */
  readonly field?: string
  readonly target?: ObjectName
  readonly nearest?: ReturnType<typeof nearMissJson> | undefined
  readonly references?: number
  readonly other?: Place
}

/** Returns a finding in words, with its place, its subject and its field. */
export function toldOf(finding: Finding): Told {
  const { code, severity, place, change } = finding
  return {
    ...{ code, severity, message: findingSentence(finding), ...place },
    ...(change !== undefined && { change }),
    ...subjectOf(finding),
  }
}

/** Returns the object or grant of a finding, and the field. */
function subjectOf(finding: Finding) {
  switch (finding.code) {
    case 'not-permitted':
      return {
        object: shown(finding.reference.from),
        field: finding.reference.path,
        target: shown(finding.reference.to),
        nearest: finding.nearest && nearMissJson(finding.nearest),
      }
    case 'refused-at-install':
      return {
        object: shown(finding.reference.from),
        field: finding.reference.path,
        target: shown(finding.reference.to),
        grant: shown(finding.grant),
        other: finding.other,
      }
    case 'too-many-references':
      return { object: shown(finding.object), references: finding.references }
    case 'reference-policy':
    case 'reference-unknown-field':
    case 'reference-impossible-value':
    case 'field-misfit':
    case 'mesh-parent-core-group':
      return { object: shown(finding.object), field: finding.path }
    case 'grant-duplicate':
      return { grant: shown(finding.grant), field: finding.path, other: finding.other }
    default:
      return { grant: shown(finding.grant), field: finding.path }
  }
}

/** What identifies a finding. */
type Identified = Pick<Told, 'code' | 'object' | 'grant' | 'target' | 'field'>

/** Returns what identifies a finding, without its message. */
export function identified(finding: Finding): Identified {
  return { code: finding.code, ...subjectOf(finding) }
}

/** Returns a digest of the identity of a finding. Reports that are baselines hold it. */
export function digestOf(finding: Identified): string {
  return createHash('sha256').update(identityOf(finding)).digest('hex').slice(0, DIGITS)
}

/** The hexadecimal digits of a digest: 64 bits, so that two of a million identities are hardly ever taken for one. */
const DIGITS = 16

/**
 * Returns what a finding is about: its code, its subject, its target, and its field without list indexes. It is the same
 * after lines, files or entries of a list have moved.
 */
function identityOf({ code, object, grant, target, field }: Identified): string {
  const { group = '', kind = '' } = object ?? {}
  const { namespace = '', name = '' } = object ?? grant ?? {}
  const to = target && [target.group, target.kind, target.namespace, target.name]
  return JSON.stringify([
    code,
    group,
    kind,
    namespace,
    name,
    to,
    field === undefined ? undefined : withoutIndexes(field),
  ])
}

/** Returns a field without the indexes of its lists: `spec.from[].kind`. */
export const withoutIndexes = (field: string) => field.replaceAll(/\[\d+\]/g, '[]')

/** Returns findings with a digest of each identity, which no other finding has; those of one identity are numbered. */
export function* withDigests(findings: Iterable<Told>): Generator<readonly [told: Told, digest: string]> {
  const counts = new Map<string, number>()
  for (const told of findings) {
    const identity = identityOf(told)
    const count = (counts.get(identity) ?? 0) + 1
    counts.set(identity, count)
    yield [told, createHash('sha256').update(`${identity} ${count}`).digest('hex').slice(0, 32)]
  }
}
