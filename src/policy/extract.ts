import type { Coverage, FieldSteps } from './coverage.ts'
import { REFERENCE_GRANT } from './grant-kinds.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'

/** Replaces a part of a reference that is not a string. Every schema of Gateway API rejects such a part. */
const NOT_TEXT = '<not text>'

/** Callbacks of an extraction. */
export interface Extraction {
  /** Called with each target before its reference is kept; false leaves the reference out. */
  readonly take?: (to: ObjectName) => boolean
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
  const references: Reference[] = []
  for (const field of coverage.fieldsOf(from)) {
    const indexes: number[] = []
    const governed = isUsual(field) ? {} : { grantKinds: field.grantKinds }
    const found = (value: object) => {
      const to = target(value, field, from)
      if (field.own && !isSound(to, from)) misfit(field)
      else if (take(to)) references.push({ from, to, path: pathOf(field, indexes), ...governed })
    }
    const other = () => {
      if (field.own) misfit(field)
    }
    walk(object, field, 0, indexes, { found, other })
  }
  return references
}

/**
 * Visits each object in a guarded field, as it is written.
 *
 * @param found called with the object, and with a function that returns its path
 */
export function eachGuarded(
  coverage: Coverage,
  from: GroupKind,
  object: unknown,
  found: (value: object, path: () => string) => void,
): void {
  for (const field of coverage.fieldsOf(from)) {
    const indexes: number[] = []
    const tell = (value: object) => found(value, () => pathOf(field, indexes))
    walk(object, field, 0, indexes, { found: tell, other: () => {} })
  }
}

/** Whether only ReferenceGrants count for a field, which is the default. */
function isUsual({ grantKinds }: FieldSteps): boolean {
  return grantKinds.length === 1 && grantKinds[0] === REFERENCE_GRANT
}

/** Whether a target stays in the object's namespace, or has every part that a grant needs to name it. */
function isSound({ group, kind, namespace, name }: ObjectName, from: ObjectName): boolean {
  if (namespace === from.namespace) return true
  return kind !== '' && name !== '' && ![group, kind, namespace, name].includes(NOT_TEXT)
}

/** Called with the object at the end of a path, or where the object's shape does not match the path. */
interface Met {
  readonly found: (value: object) => void
  readonly other: () => void
}

/** @param indexes the current index in each list on the path; changed during the walk */
function walk(value: unknown, field: FieldSteps, depth: number, indexes: number[], met: Met): void {
  const step = field.steps[depth]
  if (value === undefined || value === null) return
  if (step === '[]' && Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      indexes.push(index)
      walk(element, field, depth + 1, indexes, met)
      indexes.pop()
    }
  } else if (step === '[]' || !isRecord(value)) {
    met.other()
  } else if (step === undefined) {
    met.found(value)
  } else if (Object.hasOwn(value, step)) {
    walk(value[step], field, depth + 1, indexes, met)
  }
}

/** Returns a path with its indexes: `spec.rules[0].backendRefs[1]`. */
function pathOf({ pieces }: FieldSteps, indexes: readonly number[]): string {
  return pieces.reduce((path, piece, list) => `${path}[${indexes[list - 1]}]${piece}`)
}

/** Returns the object that a reference names, with the API's defaults for absent parts. */
function target(value: object, { groupField, to }: FieldSteps, from: ObjectName): ObjectName {
  return {
    group: text(value, groupField, to?.group ?? ''),
    kind: text(value, 'kind', to?.kind ?? ''),
    // Every CRD of Gateway API rejects an empty namespace; in other CRDs it means the same as an absent one.
    namespace: text(value, 'namespace', from.namespace) || from.namespace,
    name: text(value, 'name', ''),
  }
}

function text(value: object, property: string, absent: string): string {
  const found: unknown = Object.hasOwn(value, property) ? (value as Record<string, unknown>)[property] : undefined
  if (found === undefined || found === null) return absent
  return typeof found === 'string' ? found : NOT_TEXT
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
