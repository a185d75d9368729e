import { HALVES, type Half } from './entry-fields.ts'
import { entryFrom, entryTo, grantObject } from './grant.ts'
import { grantKindFor } from './grant-kinds.ts'
import { ungrantable } from './missing-grant.ts'
import { LONGEST_NAME } from './names.ts'
import type { Difference, NearMiss } from './near-miss.ts'
import { property } from './property.ts'
import type { Reference } from './reference.ts'

/** An operation of a JSON Patch (RFC 6902). */
export interface Operation {
  readonly op: 'add' | 'replace' | 'test'
  readonly path: string
  readonly value: unknown
}

/**
 * Returns the JSON Patch that makes a grant permit a reference; undefined if another object is needed, since the kind, the
 * version or the namespace of an object cannot change, or if no grant can permit the reference.
 *
 * What is only written in a wrong way is replaced. An entry for another kind, namespace or object stays, since others may
 * need it, and the patch adds an entry. `test` makes the patch fail if an entry was changed, added or removed in between: the
 * patch would expose it too.
 */
export function editOf({ candidate, differences }: NearMiss, reference: Reference): readonly Operation[] | undefined {
  if (differences.some(({ path, how }) => how === 'rejected' || !path.startsWith('spec.'))) return undefined
  // The API server would reject the change.
  if (ungrantable(reference) || differences.some(({ found = '' }) => found.length > LONGEST_NAME)) return undefined
  const { from, to } = reference
  const whole = { namespace: to.namespace, name: '', from: [entryFrom(from)], to: [entryTo(to)] }
  const { spec } = grantObject(whole, grantKindFor(reference))
  const written = property(candidate.object, 'spec')
  if (written === undefined || written === null)
    return [
      // The API server takes a missing field for null.
      { op: 'test', path: '/spec', value: null },
      { op: 'add', path: '/spec', value: spec },
    ]
  const changes = HALVES.flatMap((half): Operation[] => {
    const ofHalf = differences.filter(({ path }) => path.startsWith(`spec.${half}`))
    if (ofHalf.length === 0) return []
    if (ofHalf.every(({ how }) => how === 'slip')) return ofHalf.map(replacement)
    const entries = property(written, half)
    const [entry] = spec[half]
    return Array.isArray(entries)
      ? [{ op: 'add', path: `/spec/${half}/-`, value: entry }]
      : [{ op: 'add', path: `/spec/${half}`, value: [entry] }]
  })
  return [...HALVES.flatMap((half) => unchanged(written, half)), ...changes]
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
