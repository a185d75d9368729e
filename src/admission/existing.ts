import { isDeepStrictEqual } from 'node:util'
import type { Coverage } from '../policy/coverage.ts'
import { crossingReferences, crossingTargets } from '../policy/crossing.ts'
import { targetKey } from '../policy/distinct-targets.ts'
import type { Verdict } from '../policy/judge.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import { type ReviewRequest, storedObject } from './review.ts'
import type { Settings } from './settings.ts'

/** The references of an object under review, by whether the stored object already has them. */
export interface Change {
  readonly held: readonly Reference[]
  readonly added: readonly Reference[]
}

/**
 * Separates the references that the stored object already has from those that the request adds. It compares targets and
 * not positions, since updates replace whole lists.
 *
 * A stored object that was exempt as a mesh route holds no references: they were never judged, and another parent would
 * make the object a route of a Gateway. If the settings deny existing violations, the stored object holds references
 * only if the object is being deleted or the update does not change a judged part.
 *
 * @param references the references of the new object to other namespaces
 */
export function compareWithStored(
  request: ReviewRequest,
  settings: Settings,
  object: ObjectName,
  references: readonly Reference[],
): Change {
  const targets = heldTargets(request, settings, object)
  const { held = [], added = [] } = Object.groupBy(references, (reference) =>
    targets.has(targetKey(reference)) ? 'held' : 'added',
  )
  return { held, added }
}

/** Whether the stored object has all references of an object under review, however many. */
export function holdsAll(request: ReviewRequest, settings: Settings, object: ObjectName): boolean {
  const held = heldTargets(request, settings, object)
  return [...crossingTargets(settings.coverage, object, request.object)].every((target) => held.has(target))
}

/** Returns the keys of the targets that an update may keep, of which the stored object may have any number. */
function heldTargets(request: ReviewRequest, settings: Settings, object: ObjectName): ReadonlySet<string> {
  if (!countsStored(request, settings)) return new Set()
  return crossingTargets(settings.coverage, object, storedObject(request))
}

/**
 * Returns whether the stored object already has a reference that is refused because existing violations are denied. The
 * returned function does not keep the objects of the request.
 */
export function deniedStored(
  request: ReviewRequest,
  { coverage, existingViolations }: Settings,
  object: ObjectName,
): (reference: Reference) => boolean {
  if (request.operation !== 'UPDATE' || existingViolations === 'warn') return () => false
  const targets = targetsOf(crossingReferences(coverage, object, storedObject(request)).references)
  return (reference) => targets.has(targetKey(reference))
}

/** Whether references of the stored object are allowed. */
function countsStored(request: ReviewRequest, { coverage, existingViolations }: Settings): boolean {
  if (request.operation !== 'UPDATE') return false
  return existingViolations === 'warn' || isBeingDeleted(request.object) || !changesGuarded(request, coverage)
}

/** Whether an update changes a part of the object that has guarded fields, such as `spec`. */
function changesGuarded(request: ReviewRequest, coverage: Coverage): boolean {
  const [object, stored] = [request.object, storedObject(request)]
  const roots = new Set(coverage.fieldsOf(request.kind).map(({ steps: [root = ''] }) => root))
  return [...roots].some((root) => !isDeepStrictEqual(object?.[root], stored?.[root]))
}

/**
 * Returns the held references that no cached grant permits, to warn about them. Returns none if the object is being
 * deleted: its last updates, such as the removal of a finalizer, need no warning.
 *
 * @param verdicts by cached grants; empty if these are stale
 */
export function unpermitted(
  held: readonly Reference[],
  verdicts: readonly Verdict[],
  { object }: ReviewRequest,
): Reference[] {
  if (isBeingDeleted(object)) return []
  const missing = verdicts.filter((verdict) => !verdict.permitted && verdict.complete)
  const references = new Set(missing.map(({ reference }) => reference))
  return held.filter((reference) => references.has(reference))
}

function isBeingDeleted(object: ReviewRequest['object']): boolean {
  const metadata = object?.metadata as { deletionTimestamp?: unknown } | undefined
  return metadata?.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null
}

const targetsOf = (references: readonly Reference[]): ReadonlySet<string> => new Set(references.map(targetKey))
