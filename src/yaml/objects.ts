import type { Span } from '../policy/finding.ts'
import { DocumentError, parseDocuments, type Room, readDocumentsOf, type ValueDocument } from './documents.ts'

/** An object from a YAML or JSON text. Lines are counted from 1. */
export interface ObjectDocument {
  readonly object: Record<string, unknown>
  /** The first line of the object. */
  readonly line: number
  /** Returns the first line of what `spanOf` returns. */
  lineOf(field: string): number
  /** Returns where a field such as `spec.rules[0]` is; where the nearest enclosing field is if it is absent. */
  spanOf(field: string): Span
}

/**
 * Returns the objects of a text, in order, and the items of a list in its place. Leaves out documents that are not
 * Kubernetes objects.
 *
 * @throws DocumentError for the first error
 */
export function parseObjects(text: string, room?: Room): ObjectDocument[] {
  return parseDocuments(text, room).flatMap((document) => objectsOf(document) ?? [])
}

/**
 * Does the same in slices: yields undefined where the caller may pause.
 *
 * @throws DocumentError for the first error
 */
export function* readObjectsOf(text: string, room: Room): Generator<ObjectDocument | undefined> {
  for (const document of readDocumentsOf(text, room)) {
    if (document) yield* objectsOf(document) ?? []
    else yield undefined
  }
}

/**
 * Returns the object of a document, or the items of a list of any kind; undefined if the document is not a Kubernetes
 * object, since it has no kind.
 *
 * Source: k8s.io/apimachinery, pkg/apis/meta/v1/unstructured/helpers.go (decodeToList); k8s.io/cli-runtime,
 * pkg/resource/visitor.go (FlattenListVisitor).
 *
 * @throws DocumentError if an item is not an object, or a list itself
 */
export function objectsOf(document: ValueDocument): ObjectDocument[] | undefined {
  const { value } = document
  if (!isObject(value) || !isText(value.kind)) return undefined
  if (!isList(value)) return [objectAt(document, value, [])]
  const inferred = { kind: value.kind.replace(/List$/, ''), apiVersion: value.apiVersion }
  return (value.items ?? []).map((item, index) => {
    const named = isObject(item) && !isText(item.kind) && !isText(item.apiVersion) ? { ...item, ...inferred } : item
    return itemOf(document, named, ['items', index])
  })
}

/**
 * Returns the object of a document, with or without a kind.
 *
 * @throws DocumentError if the document is a list or a scalar
 */
export function anyObject(document: ValueDocument): ObjectDocument {
  if (!isObject(document.value)) throw new DocumentError(document.spanAt([]).line, 'this document is not an object')
  return objectAt(document, document.value, [])
}

/** @throws DocumentError if an item is not an object, or a list itself */
function itemOf(document: ValueDocument, item: unknown, path: readonly (string | number)[]): ObjectDocument {
  if (!isObject(item)) throw new DocumentError(document.spanAt(path).line, 'this item of a list is not an object')
  if (Array.isArray(item.items))
    throw new DocumentError(
      document.spanAt(path).line,
      'kubectl refuses a list in a list: write its items in the outer list',
    )
  return objectAt(document, item, path)
}

function objectAt(
  document: ValueDocument,
  object: Record<string, unknown>,
  path: readonly (string | number)[],
): ObjectDocument {
  const spanOf = (field: string) => document.spanAt([...path, ...stepsOf(field)])
  return { object, line: document.spanAt(path).line, lineOf: (field) => spanOf(field).line, spanOf }
}

/** Splits `spec.rules[0]` into `['spec', 'rules', 0]`. */
function stepsOf(field: string): (string | number)[] {
  return (field.match(/[^.[\]]+|\[\d+\]/g) ?? []).map((step) =>
    step.startsWith('[') ? Number(step.slice(1, -1)) : step,
  )
}

/** Whether kubectl treats an object as a list, for which only `items` counts. */
function isList(object: Record<string, unknown>): object is { items: unknown[] | null } & Record<string, unknown> {
  return Object.hasOwn(object, 'items') && (object.items === null || Array.isArray(object.items))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
