import { DocumentError, parseDocuments, type Room, readDocumentsOf, type ValueDocument } from './documents.ts'

/** An object from a YAML or JSON text. Lines are counted from 1. */
export interface ObjectDocument {
  readonly object: Record<string, unknown>
  /** The line where the object begins. */
  readonly line: number
  /** The line of a field, such as `spec.rules[0]`; of what encloses it, where the field itself is not written. */
  lineOf(field: string): number
}

/**
 * The objects of a text, in order: of a list its items. Documents that are no objects of Kubernetes are left out.
 *
 * @throws DocumentError for the first thing that is wrong
 */
export function parseObjects(text: string, room?: Room): ObjectDocument[] {
  return parseDocuments(text, room).flatMap((document) => objectsOf(document) ?? [])
}

/**
 * The same in slices: undefined comes where the caller may do something else before it goes on.
 *
 * @throws DocumentError for the first thing that is wrong
 */
export function* readObjectsOf(text: string, room: Room): Generator<ObjectDocument | undefined> {
  for (const document of readDocumentsOf(text, room)) {
    if (document) yield* objectsOf(document) ?? []
    else yield undefined
  }
}

/**
 * The object that a document is, or the items where it is a list, whatever the list's kind; undefined if it is no object
 * of Kubernetes, which has a kind.
 *
 * Source: k8s.io/apimachinery, pkg/apis/meta/v1/unstructured/helpers.go (decodeToList); k8s.io/cli-runtime,
 * pkg/resource/visitor.go (FlattenListVisitor).
 *
 * @throws DocumentError for an item that is no object
 */
export function objectsOf(document: ValueDocument): ObjectDocument[] | undefined {
  const { value } = document
  if (!isObject(value) || !isText(value.kind)) return undefined
  if (!isList(value)) return [objectAt(document, value, [])]
  const objects: ObjectDocument[] = []
  const inferred = { kind: value.kind.replace(/List$/, ''), apiVersion: value.apiVersion }
  for (const [index, item] of (value.items ?? []).entries()) {
    const named = isObject(item) && !isText(item.kind) && !isText(item.apiVersion) ? { ...item, ...inferred } : item
    addItems(document, named, ['items', index], objects)
  }
  return objects
}

/**
 * The object that a document is, whatever it is an object of.
 *
 * @throws DocumentError for a list or a scalar
 */
export function anyObject(document: ValueDocument): ObjectDocument {
  if (!isObject(document.value)) throw new DocumentError(document.line, 'this document is no object')
  return objectAt(document, document.value, [])
}

function addItems(
  document: ValueDocument,
  item: unknown,
  path: readonly (string | number)[],
  objects: ObjectDocument[],
) {
  if (!isObject(item)) throw new DocumentError(document.lineAt(path), 'this item of a list is no object')
  if (!Array.isArray(item.items)) objects.push(objectAt(document, item, path))
  else for (const [index, one] of item.items.entries()) addItems(document, one, [...path, 'items', index], objects)
}

function objectAt(
  document: ValueDocument,
  object: Record<string, unknown>,
  path: readonly (string | number)[],
): ObjectDocument {
  const lineOf = (field: string) => document.lineAt([...path, ...stepsOf(field)])
  return { object, line: path.length > 0 ? document.lineAt(path) : document.line, lineOf }
}

/** `spec.rules[0]` as `['spec', 'rules', 0]`. */
function stepsOf(field: string): (string | number)[] {
  return (field.match(/[^.[\]]+|\[\d+\]/g) ?? []).map((step) =>
    step.startsWith('[') ? Number(step.slice(1, -1)) : step,
  )
}

/** Whether kubectl takes an object for a list: `items` alone counts. */
function isList(object: Record<string, unknown>): object is { items: unknown[] | null } & Record<string, unknown> {
  return Object.hasOwn(object, 'items') && (object.items === null || Array.isArray(object.items))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
