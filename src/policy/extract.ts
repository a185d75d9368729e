import type { Coverage } from './coverage.ts'
import type { FieldSteps, FieldTree, PlacedField } from './field-tree.ts'
import { type GrantKind, REFERENCE_GRANT } from './grant-kinds.ts'
import { isObject } from './property.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'

/** Replaces a part of a reference that is not a string. Every schema of Gateway API rejects such a part. */
const NOT_TEXT = '<not text>'

/** Callbacks of an extraction. */
export interface Extraction {
  /** Called with each target before its reference is kept; false leaves the reference out. */
  readonly take?: (to: ObjectName, field: FieldSteps) => boolean
  /** Called each time a row from the configuration leads to something that is not a reference. */
  readonly misfit?: (field: FieldSteps) => void
}

/**
 * Returns the references in the guarded fields of an object: the fields in catalogue order, and the references of one
 * field in document order.
 *
 * Extraction looks for the field itself and ignores discriminators such as a filter's `type`: stored objects and older
 * CRDs hold payloads under another type. The object may have any shape; a path that does not match the object's shape
 * yields no reference. A row from the configuration that leads to another namespace, but lacks a kind or a name, yields
 * no reference either: a grant could not permit it, and the row may be wrong.
 *
 * @param from the object's own kind and name; its namespace is the default of an absent `namespace`
 * @param object the whole object, as parsed from JSON or YAML
 */
export function extract(
  coverage: Coverage,
  from: ObjectName,
  object: unknown,
  { take = () => true, misfit = () => {} }: Extraction = {},
): Reference[] {
  const byPlace: Reference[][] = coverage.fieldsOf(from).map(() => [])
  const found = (value: object, field: PlacedField, path: string) => {
    const to = target(value, field, from)
    if (field.own && !isSound(to, from)) misfit(field)
    else if (take(to, field)) byPlace[field.place]?.push(referenceOf(from, to, path, field))
  }
  walk(object, coverage.treeOf(from), '', { found, other: misfit })
  return ([] as Reference[]).concat(...byPlace)
}

/**
 * Visits each object in a guarded field, as it is written, in document order.
 *
 * @param found called with the object and its path
 */
export function eachGuarded(
  coverage: Coverage,
  from: GroupKind,
  object: unknown,
  found: (value: object, path: string) => void,
): void {
  walk(object, coverage.treeOf(from), '', { found: (value, _field, path) => found(value, path), other: () => {} })
}

function referenceOf(from: ObjectName, to: ObjectName, path: string, { grantKinds }: FieldSteps): Reference {
  return isUsual(grantKinds) ? { from, to, path } : { from, to, path, grantKinds }
}

/** Whether only ReferenceGrants count for a field, which is the default. */
function isUsual(grantKinds: readonly GrantKind[]): boolean {
  return grantKinds.length === 1 && grantKinds[0] === REFERENCE_GRANT
}

/** Whether a target stays in the object's namespace, or has every part that a grant needs to name it. */
function isSound({ group, kind, namespace, name }: ObjectName, from: ObjectName): boolean {
  if (namespace === from.namespace) return true
  return kind !== '' && name !== '' && ![group, kind, namespace, name].includes(NOT_TEXT)
}

interface Met {
  /** Called with the object at the end of a field. */
  readonly found: (value: object, field: PlacedField, path: string) => void
  /** Called for a row from the configuration if the object has another shape. */
  readonly other: (field: FieldSteps) => void
}

/**
 * Visits all fields of a tree at once. A value that does not have the shape that a step needs ends the fields beyond it.
 *
 * @param path the path of the value, with its indexes: `spec.rules[0].backendRefs`
 */
function walk(value: unknown, tree: FieldTree | undefined, path: string, met: Met): void {
  if (value === undefined || value === null || !tree) return
  for (const field of tree.ending) {
    if (isObject(value)) met.found(value, field, path)
    else if (field.own) met.other(field)
  }
  for (const next of tree.next) {
    if (next.step === '[]' && Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) walk(value[index], next, `${path}[${index}]`, met)
    } else if (next.step === '[]' || !isObject(value)) {
      next.own.forEach(met.other)
    } else if (Object.hasOwn(value, next.step)) {
      walk(value[next.step], next, path + next.suffix, met)
    }
  }
}

/** Returns the object that a reference names, with the API's defaults for absent parts. */
function target(value: object, { groupField, to, own }: FieldSteps, from: ObjectName): ObjectName {
  const kind = text(value, 'kind', to?.kind ?? '')
  return {
    group: text(value, groupField, to?.group ?? ''),
    // Every CRD of Gateway API rejects an empty kind or namespace; in other CRDs it means the same as an absent one.
    kind: kind === '' && own ? (to?.kind ?? '') : kind,
    namespace: text(value, 'namespace', '') || from.namespace,
    name: text(value, 'name', ''),
  }
}

function text(value: object, property: string, absent: string): string {
  const found: unknown = Object.hasOwn(value, property) ? (value as Record<string, unknown>)[property] : undefined
  if (found === undefined || found === null) return absent
  return typeof found === 'string' ? found : NOT_TEXT
}
