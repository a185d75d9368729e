import { distance } from './distance.ts'
import type { Grant } from './grant.ts'
import { grantKindFor, resourceOf } from './grant-kinds.ts'
import type { Reference } from './reference.ts'

/** A namespace that is nearly one from which a grant permits the same reference. */
export interface NearMiss {
  readonly reference: Reference
  readonly grant: Grant
  /** The namespace in the grant. */
  readonly meant: string
}

/** The references that are compared with grants; a typing error shows in the first ones. */
const COMPARED = 20

/** Returns a near miss for each namespace of referrers that is probably misspelt. */
export function misspeltNamespaces(references: readonly Reference[], grants: readonly Grant[]): NearMiss[] {
  const byNamespace = Map.groupBy(grants, ({ namespace }) => namespace)
  const found = new Map<string, NearMiss>()
  for (const reference of references.slice(0, COMPARED)) {
    const { from, to } = reference
    if (found.has(from.namespace)) continue
    for (const grant of byNamespace.get(to.namespace) ?? []) {
      const meant = exposes(grant, reference) && likest(grant, reference)
      if (meant) found.set(from.namespace, { reference, grant, meant })
    }
  }
  return [...found.values()]
}

function exposes({ to, resource }: Grant, reference: Reference): boolean {
  const { group, kind, name } = reference.to
  if (resource !== resourceOf(grantKindFor(reference))) return false
  return to.some((one) => one.group === group && one.kind === kind && (one.name ?? name) === name)
}

function likest(grant: Grant, { from }: Reference): string | undefined {
  return grant.from.find(
    ({ group, kind, namespace }) => group === from.group && kind === from.kind && isTypo(namespace, from.namespace),
  )?.namespace
}

/** The shortest part of a name between two dashes that is compared: `team-a` and `team-b` are two teams. */
const SHORTEST = 3

/** Whether one name is probably the other with a typing error: one letter more, fewer or other, or two turned round. */
function isTypo(a: string, b: string): boolean {
  const [ours, theirs] = [a.split('-'), b.split('-')]
  const at = ours.findIndex((part, index) => part !== theirs[index])
  const [one = '', other = ''] = [ours[at], theirs[at]]
  const isOnly = ours.length === theirs.length && ours.every((part, index) => index === at || part === theirs[index])
  // Names that differ in their numbers are counted on purpose.
  if (!isOnly || Math.min(one.length, other.length) < SHORTEST || letters(one) === letters(other)) return false
  return (
    distance(one, other) === 1 || ([...one].sort().join() === [...other].sort().join() && distance(one, other) === 2)
  )
}

const letters = (text: string) => text.replaceAll(/\d/g, '')
