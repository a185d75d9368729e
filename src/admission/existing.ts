import { isDeepStrictEqual } from 'node:util'
import type { Catalogue } from '../policy/catalogue.ts'
import { crossingReferences } from '../policy/crossing.ts'
import { judge } from '../policy/judge.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import type { GrantSource } from './grant-source.ts'
import type { ReviewRequest } from './review.ts'
import type { Settings } from './settings.ts'

/** The references of an object under review, by whether the stored object has them already. */
export interface Change {
  readonly held: readonly Reference[]
  readonly added: readonly Reference[]
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
  { catalogue, existingViolations }: Settings,
  object: ObjectName,
  references: readonly Reference[],
): Change {
  const counts =
    request.operation === 'UPDATE' &&
    (existingViolations === 'warn' || isBeingDeleted(request.object) || !changesGuarded(request, catalogue))
  const stored = counts ? crossingReferences(catalogue, object, request.oldObject).references : []
  const targets = new Set(stored.map(targetKey))
  const { held = [], added = [] } = Object.groupBy(references, (reference) =>
    targets.has(targetKey(reference)) ? 'held' : 'added',
  )
  return { held, added }
}

/** Whether an update changes one of the parts of the object, such as `spec`, that guarded fields are in. */
function changesGuarded({ kind, object, oldObject }: ReviewRequest, catalogue: Catalogue): boolean {
  const roots = new Set(catalogue.fieldsOf(kind).map(({ steps: [root = ''] }) => root))
  return [...roots].some((root) => !isDeepStrictEqual(object?.[root], oldObject?.[root]))
}

/**
 * The held references to warn about: no grant permits them, as far as is known now. None for an object that is being
 * deleted: it needs its last updates, such as the removal of a finalizer, and nobody will mend it.
 */
export function heldUnpermitted(
  held: readonly Reference[],
  { object }: ReviewRequest,
  source: GrantSource,
): Reference[] {
  const { grants, current } = source.cached()
  if (!current || isBeingDeleted(object)) return []
  return held.filter((reference) => !judge(reference, grants).permitted)
}

function isBeingDeleted(object: ReviewRequest['object']): boolean {
  const metadata = object?.metadata as { deletionTimestamp?: unknown } | undefined
  return metadata?.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null
}

function targetKey({ to }: Reference): string {
  return JSON.stringify([to.group, to.kind, to.namespace, to.name])
}
