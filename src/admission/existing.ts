import { isDeepStrictEqual } from 'node:util'
import type { Catalogue } from '../policy/catalogue.ts'
import { crossingReferences, MOST_REFERENCES } from '../policy/crossing.ts'
import { grantKindFor } from '../policy/grant-kinds.ts'
import { judge } from '../policy/judge.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import type { CachedGrants } from './grant-source.ts'
import type { ReviewRequest } from './review.ts'
import type { Settings } from './settings.ts'

/** The references of an object under review, by whether the stored object has them already. */
export interface Change {
  readonly held: readonly Reference[]
  readonly added: readonly Reference[]
  /** Whether the stored object has more references than are judged, so that all of the new one count as held. */
  readonly storedOversized: boolean
}

/**
 * Separates the references that the stored object has already from those that the request adds. Targets are compared,
 * not places: lists are replaced whole, and their elements move.
 *
 * Nothing is held by a stored object that was exempt as a mesh route: its references were never judged, and one more
 * parent would turn them into references of a Gateway's route. Nothing is held, either, where existing violations are
 * denied, unless the object is being deleted or nothing in it changes that is judged.
 *
 * @param references references of the new object into other namespaces
 */
export function compareWithStored(
  request: ReviewRequest,
  settings: Settings,
  object: ObjectName,
  references: readonly Reference[],
): Change {
  if (!countsStored(request, settings)) return { held: [], added: references, storedOversized: false }
  const stored = crossingReferences(settings.catalogue, object, request.oldObject)
  if (stored.count > MOST_REFERENCES) return { held: references, added: [], storedOversized: true }
  const targets = targetsOf(stored.references)
  const { held = [], added = [] } = Object.groupBy(references, (reference) =>
    targets.has(targetKey(reference)) ? 'held' : 'added',
  )
  return { held, added, storedOversized: false }
}

/** Whether the stored object holds a reference already, and that does not count since existing violations are denied. */
export function isDeniedStored(
  request: ReviewRequest,
  { catalogue, existingViolations }: Settings,
  reference: Reference,
): boolean {
  if (request.operation !== 'UPDATE' || existingViolations === 'warn') return false
  const stored = crossingReferences(catalogue, reference.from, request.oldObject)
  return targetsOf(stored.references).has(targetKey(reference))
}

/** Whether what the stored object holds already is let through. */
function countsStored(request: ReviewRequest, { catalogue, existingViolations }: Settings): boolean {
  if (request.operation !== 'UPDATE') return false
  return existingViolations === 'warn' || isBeingDeleted(request.object) || !changesGuarded(request, catalogue)
}

/** Whether an update changes one of the parts of the object, such as `spec`, that guarded fields are in. */
function changesGuarded({ kind, object, oldObject }: ReviewRequest, catalogue: Catalogue): boolean {
  const roots = new Set(catalogue.fieldsOf(kind).map(({ steps: [root = ''] }) => root))
  return [...roots].some((root) => !isDeepStrictEqual(object?.[root], oldObject?.[root]))
}

/**
 * The held references to warn about: no cached grant permits them. None if the cache is stale, and none for an object
 * that is being deleted: it needs its last updates, such as the removal of a finalizer, and nobody will correct it.
 */
export function unpermitted(
  held: readonly Reference[],
  { object }: ReviewRequest,
  { grants, current }: CachedGrants,
): Reference[] {
  if (!current || isBeingDeleted(object)) return []
  return judge(held, grants)
    .filter((verdict) => !verdict.permitted && verdict.known)
    .map(({ reference }) => reference)
}

function isBeingDeleted(object: ReviewRequest['object']): boolean {
  const metadata = object?.metadata as { deletionTimestamp?: unknown } | undefined
  return metadata?.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null
}

const targetsOf = (references: readonly Reference[]): ReadonlySet<string> => new Set(references.map(targetKey))

function targetKey(reference: Reference): string {
  const { group, kind, namespace, name } = reference.to
  return JSON.stringify([group, kind, namespace, name, grantKindFor(reference)])
}
