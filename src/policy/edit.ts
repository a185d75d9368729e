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
 * need it, and the patch adds an entry. `test` makes the patch fail if the grant was changed in between.
 */
export function editOf({ candidate, differences }: NearMiss, reference: Reference): readonly Operation[] | undefined {
  if (differences.some(({ path, how }) => how === 'rejected' || !path.startsWith('spec.'))) return undefined
  // The API server would reject the change.
  if (ungrantable(reference) || differences.some(({ found = '' }) => found.length > LONGEST_NAME)) return undefined
  const { from, to } = reference
  const whole = { namespace: to.namespace, name: '', from: [entryFrom(from)], to: [entryTo(to)] }
  const { spec } = grantObject(whole, grantKindFor(reference))
  const written = property(candidate.object, 'spec')
  if (written === undefined || written === null) return [{ op: 'add', path: '/spec', value: spec }]
  return (['from', 'to'] as const).flatMap((half) => {
    const ofHalf = differences.filter(({ path }) => path.startsWith(`spec.${half}`))
    if (ofHalf.length === 0) return []
    if (ofHalf.every(({ how }) => how === 'slip')) return ofHalf.flatMap(replacement)
    const entries = property(written, half)
    const [entry] = spec[half]
    return Array.isArray(entries)
      ? [{ op: 'add', path: `/spec/${half}/-`, value: entry }]
      : [{ op: 'add', path: `/spec/${half}`, value: [entry] }]
  })
}

function replacement({ path, found, wanted }: Difference): Operation[] {
  const pointer = `/${path.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`
  if (found === undefined) return [{ op: 'add', path: pointer, value: wanted }]
  return [
    { op: 'test', path: pointer, value: found },
    { op: 'replace', path: pointer, value: wanted },
  ]
}

/**
 * Returns a copy of an object with a patch of `editOf` applied.
 *
 * @throws Error if a `test` fails
 */
export function applied<T extends object>(object: T, patch: readonly Operation[]): T {
  const copy = structuredClone(object)
  for (const { op, path, value } of patch) {
    const steps = path.slice(1).split('/')
    const last = steps.pop() ?? ''
    const parent = steps.reduce((at, step) => at[step] as Fields, copy as Fields)
    if (op === 'test' && parent[last] !== value) throw new Error(`${path} was changed`)
    if (op === 'test') continue
    if (Array.isArray(parent) && last === '-') parent.push(value)
    else parent[last] = value
  }
  return copy
}

type Fields = Record<string, unknown>
