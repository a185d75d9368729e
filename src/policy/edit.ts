import type { Difference } from './entry-difference.ts'
import { HALVES, type Half } from './entry-fields.ts'
import { entryFrom, entryTo, grantObject } from './grant.ts'
import { grantKindFor, grantKindsFor } from './grant-kinds.ts'
import { ungrantable } from './missing-grant.ts'
import type { NearMiss } from './near-miss.ts'
import { isObject, property } from './property.ts'
import type { Reference } from './reference.ts'
import { refusedField } from './refused-grant.ts'

/** An operation of a JSON Patch (RFC 6902). */
export interface Operation {
  readonly op: 'add' | 'replace' | 'test'
  readonly path: string
  readonly value: unknown
}

/** The differences that no edit corrects: the API server stores no grant with a misspelt field. */
const UNEDITED: readonly Difference['how'][] = ['rejected', 'full', 'misspelt']

/**
 * Returns the JSON Patch that makes a grant permit a reference; undefined if another object is needed, since the kind, the
 * version or the namespace of an object cannot change, if no grant can permit the reference, or if the API server would reject
 * the grant even with the change.
 */
export function editOf(miss: NearMiss, reference: Reference): readonly Operation[] | undefined {
  if (miss.differences.some(({ how }) => UNEDITED.includes(how))) return undefined
  const patch = correctionOf(miss, reference)
  const edited = patch && applied(miss.candidate.object as object, patch)
  const isRefused = edited && grantKindsFor(reference).some((kind) => refusedField(edited, kind) !== undefined)
  return isRefused ? undefined : patch
}

/**
 * Returns the JSON Patch that corrects the differences in `spec`, whatever else is wrong with the grant; undefined if other
 * fields differ, or if no grant can permit the reference.
 *
 * What is only written in a wrong way, or is impossible, is replaced. So is an entry that belongs in the other half, if no
 * other entry needs it. An entry for another kind, namespace or object stays, since others may need it, and the patch adds an
 * entry. `test` makes the patch fail if an entry was changed, added or removed in between: the patch would expose it too.
 */
export function correctionOf(
  { candidate, differences }: NearMiss,
  reference: Reference,
): readonly Operation[] | undefined {
  if (differences.some(({ path }) => !path.startsWith('spec.')) || ungrantable(reference)) return undefined
  const { from, to } = reference
  const whole = { namespace: to.namespace, name: '', from: [entryFrom(from)], to: [entryTo(to)] }
  const { spec } = grantObject(whole, grantKindFor(reference))
  const written = property(candidate.object, 'spec')
  if (!isObject(written))
    return [
      // The API server takes a missing field for null.
      { op: 'test', path: '/spec', value: written ?? null },
      { op: 'add', path: '/spec', value: spec },
    ]
  return [
    ...HALVES.flatMap((half) => unchanged(written, half)),
    ...HALVES.flatMap((half) => changesOf(half, written, spec[half], differences)),
  ]
}

/** Returns the changes of a half, by its differences and the entries that a new grant would have. */
function changesOf(
  half: Half,
  spec: object,
  needed: readonly unknown[],
  differences: readonly Difference[],
): readonly Operation[] {
  const ofHalf = differences.filter(({ path }) => path.startsWith(`spec.${half}`))
  if (ofHalf.length === 0) return []
  const entries = property(spec, half)
  const [entry] = needed
  if (!Array.isArray(entries)) return [{ op: 'add', path: `/spec/${half}`, value: [entry] }]
  const isSwapped = ofHalf.some(({ how }) => how === 'swapped')
  const isReplaced = isSwapped ? isOnly(spec, half) : ofHalf.every(({ how }) => how === 'slip' || how === 'impossible')
  if (!isReplaced) return [{ op: 'add', path: `/spec/${half}/-`, value: entry }]
  const index = Number(/\[(\d+)\]/.exec(ofHalf[0]?.path ?? '')?.[1])
  return isObject(entries[index]) && !isSwapped
    ? ofHalf.map(replacement)
    : [{ op: 'replace', path: `/spec/${half}/${index}`, value: entry }]
}

/** Whether an entry of a half serves only one entry of the other half. */
function isOnly(spec: object, half: Half): boolean {
  const others = property(spec, half === 'from' ? 'to' : 'from')
  return Array.isArray(others) && others.length === 1
}

/** Returns the test that a half is as it was read, if it was there. */
function unchanged(spec: unknown, half: Half): Operation[] {
  const value = property(spec, half)
  return value === undefined ? [] : [{ op: 'test', path: `/spec/${half}`, value }]
}

function replacement({ path, found, wanted }: Difference): Operation {
  const pointer = `/${path.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`
  return { op: found === undefined ? 'add' : 'replace', path: pointer, value: wanted }
}

/** Returns a copy of the object that a patch of `editOf` was made for, with the patch applied. */
export function applied<T extends object>(object: T, patch: readonly Operation[]): T {
  const copy = structuredClone(object)
  for (const { op, path, value } of patch) {
    const steps = path.slice(1).split('/')
    const last = steps.pop() ?? ''
    const parent = steps.reduce((at, step) => at[step] as Fields, copy as Fields)
    if (op === 'test') continue
    if (Array.isArray(parent) && last === '-') parent.push(value)
    else parent[last] = value
  }
  return copy
}

type Fields = Record<string, unknown>
