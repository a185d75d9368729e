import type { Catalogue, FieldSteps } from './catalogue.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'

/** Stands where a reference holds something that is no text, which no schema of Gateway API takes. */
const NOT_TEXT = '<not text>'

/**
 * The references that an object holds in the guarded fields of its kind: field after field in catalogue order, each in
 * document order.
 *
 * A field is found by being there, never by a discriminator such as a filter's `type`: stored objects and older CRDs
 * hold payloads under another type. Any shape is taken; where a path meets something else than it expects, there is no
 * reference.
 *
 * @param from the object's own kind and name; its namespace is what an absent `namespace` means
 * @param object the whole object, as parsed from JSON or YAML
 * @param take called with each target before anything is kept of it; false leaves the reference out
 */
export function extract(
  catalogue: Catalogue,
  from: ObjectName,
  object: unknown,
  take: (to: ObjectName) => boolean = () => true,
): Reference[] {
  const references: Reference[] = []
  for (const field of catalogue.fieldsOf(from)) {
    const indexes: number[] = []
    walk(object, field, 0, indexes, (value) => {
      const to = target(value, field.to, from)
      if (take(to)) references.push({ from, to, path: pathOf(field, indexes) })
    })
  }
  return references
}

/** @param indexes where in each list on the way the walk is */
function walk(
  value: unknown,
  field: FieldSteps,
  depth: number,
  indexes: number[],
  found: (value: object) => void,
): void {
  const step = field.steps[depth]
  if (step === undefined) {
    if (isRecord(value)) found(value)
  } else if (step === '[]') {
    if (!Array.isArray(value)) return
    for (const [index, element] of value.entries()) {
      indexes.push(index)
      walk(element, field, depth + 1, indexes, found)
      indexes.pop()
    }
  } else if (isRecord(value) && Object.hasOwn(value, step)) {
    walk(value[step], field, depth + 1, indexes, found)
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
function target(value: object, fallback: GroupKind | undefined, from: ObjectName): ObjectName {
  return {
    group: text(value, 'group', fallback?.group ?? ''),
    kind: text(value, 'kind', fallback?.kind ?? ''),
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
