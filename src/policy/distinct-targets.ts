import { grantKindFor, resourceOf } from './grant-kinds.ts'
import type { Reference } from './reference.ts'

/** Returns the first reference to each distinct target. */
export function distinctTargets(references: readonly Reference[]): Reference[] {
  const byTarget = new Map<string, Reference>()
  for (const reference of references) {
    const key = targetKey(reference)
    if (!byTarget.has(key)) byTarget.set(key, reference)
  }
  return [...byTarget.values()]
}

/** Returns a key that two references share if the same grant permits both for one referrer. */
export function targetKey(reference: Pick<Reference, 'to' | 'grantKinds'>): string {
  const { group, kind, namespace, name } = reference.to
  return JSON.stringify([group, kind, namespace, name, resourceOf(grantKindFor(reference))])
}
