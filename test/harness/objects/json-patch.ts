import assert from 'node:assert/strict'
import type { Operation } from '../../../src/policy/edit.ts'

/** Applies a JSON Patch of `test`, `add` and `replace` (RFC 6902) to a copy of an object. */
export function applyPatch<T extends object>(object: T, patch: readonly Operation[]): T {
  const copy = structuredClone(object)
  for (const { op, path, value } of patch) {
    const steps = path.slice(1).split('/')
    const last = steps.pop() ?? ''
    const parent = steps.reduce((at, step) => at[step] as Record<string, unknown>, copy as Record<string, unknown>)
    if (op === 'test') assert.deepEqual(parent[last] ?? null, value)
    else if (Array.isArray(parent) && last === '-') parent.push(value)
    else parent[last] = value
  }
  return copy
}
