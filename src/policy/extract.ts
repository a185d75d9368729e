import type { Catalogue, FieldSteps } from './catalogue.ts'
import { REFERENCE_GRANT } from './grant-kinds.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'

/** Stands where a reference holds something that is no text, which no schema of Gateway API takes. */
const NOT_TEXT = '<not text>'

/** Called while references are extracted. */
export interface Extraction {
  /** Asked about each target before anything is kept of it; false leaves the reference out. */
  readonly take?: (to: ObjectName) => boolean
  /** Told each time that a row of the admin's own meets what is no reference. */
  readonly misfit?: (field: FieldSteps) => void
}

/**
 * The references that an object holds in the guarded fields of its kind: field after field in catalogue order, each in
 * document order.
 *
 * A field is found by being there, never by a discriminator such as a filter's `type`: stored objects and older CRDs
 * hold payloads under another type. Any shape is taken; where a path meets something else than it expects, there is no
 * reference. A row from the configuration that finds another namespace without a kind and a name does not yield a
 * reference either: no grant could permit it, and the row may be wrong.
 *
 * @param from the object's own kind and name; its namespace is what an absent `namespace` means
 * @param object the whole object, as parsed from JSON or YAML
 */
export function extract(
  catalogue: Catalogue,
  from: ObjectName,
  object: unknown,
  { take = () => true, misfit = () => {} }: Extraction = {},
): Reference[] {
  const references: Reference[] = []
  for (const field of catalogue.fieldsOf(from)) {
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
 * Tells of each object that is in a guarded field, as it is written.
 *
 * @param found is told the object, and how to get its path
 */
export function eachGuarded(
  catalogue: Catalogue,
  from: GroupKind,
  object: unknown,
  found: (value: object, path: () => string) => void,
): void {
  for (const field of catalogue.fieldsOf(from)) {
    const indexes: number[] = []
    const tell = (value: object) => found(value, () => pathOf(field, indexes))
    walk(object, field, 0, indexes, { found: tell, other: () => {} })
  }
}

/** Whether ReferenceGrants alone count for a field, as they do without a word about it. */
function isUsual({ grantKinds }: FieldSteps): boolean {
  return grantKinds.length === 1 && grantKinds[0] === REFERENCE_GRANT
}

/** Whether a target stays in the namespace of the object, or has all that a grant could name. */
function isSound({ group, kind, namespace, name }: ObjectName, from: ObjectName): boolean {
  if (namespace === from.namespace) return true
  return kind !== '' && name !== '' && ![group, kind, namespace, name].includes(NOT_TEXT)
}

/** What is at the end of a path, and that there is something else than the path expects. */
interface Met {
  readonly found: (value: object) => void
  readonly other: () => void
}

/** @param indexes where in each list on the way the walk is */
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

/** A path with its indexes: `spec.rules[0].backendRefs[1]`. */
function pathOf({ steps }: FieldSteps, indexes: readonly number[]): string {
  let list = 0
  return steps.reduce((path, step) => {
    if (step === '[]') return `${path}[${indexes[list++]}]`
    return path === '' ? step : `${path}.${step}`
  }, '')
}

/** The object that a reference names, with what the API fills in for absent parts. */
function target(value: object, { groupField, to }: FieldSteps, from: ObjectName): ObjectName {
  return {
    group: text(value, groupField, to?.group ?? ''),
    kind: text(value, 'kind', to?.kind ?? ''),
    // An empty namespace is refused by every CRD of Gateway API; elsewhere it means what an absent one means.
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
