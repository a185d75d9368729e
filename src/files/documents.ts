import { type Document, isNode, LineCounter, parseAllDocuments } from 'yaml'

/** An object from a YAML or JSON text. Lines are counted from 1. */
export interface ObjectDocument {
  readonly object: Record<string, unknown>
  /** The line where the object begins. */
  readonly line: number
  /** The line of a field, such as `spec.rules[0]`; of what encloses it, where the field itself is not written. */
  lineOf(field: string): number
}

/** A text that is no YAML, or a document that is no object; `line` counts from 1. */
export class DocumentError extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/**
 * The objects of a text, in order: each document of a YAML stream, and each item where a document is a `List`. Empty
 * documents are left out. Anchors, aliases and merge keys (`<<`) mean what they mean to kubectl.
 *
 * @throws DocumentError for the first thing that is wrong
 */
export function parseObjects(text: string): ObjectDocument[] {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, merge: true })
  return documents.flatMap((document) => {
    const [error] = document.errors
    if (error) throw new DocumentError(lines.linePos(error.pos[0]).line, firstLine(error.message))
    const line = lineAt(document, [], lines)
    const value = contentOf(document, line)
    if (value === null || value === undefined) return []
    if (!isObject(value)) throw new DocumentError(line, 'this document is no object')
    return itemsOf(value).map(({ item, path }) => {
      const line = lineAt(document, path, lines)
      if (!isObject(item)) throw new DocumentError(line, 'this item of a list is no object')
      return { object: item, line, lineOf: (field) => lineAt(document, [...path, ...stepsOf(field)], lines) }
    })
  })
}

function contentOf(document: Document, line: number): unknown {
  try {
    return document.toJS()
  } catch (error) {
    // An alias without its anchor, or aliases that multiply without end.
    throw new DocumentError(line, firstLine((error as Error).message))
  }
}

function itemsOf(object: Record<string, unknown>): { item: unknown; path: (string | number)[] }[] {
  const isList = typeof object.kind === 'string' && object.kind.endsWith('List') && Array.isArray(object.items)
  if (!isList) return [{ item: object, path: [] }]
  return (object.items as unknown[]).map((item, index) => ({ item, path: ['items', index] }))
}

/** `spec.rules[0]` as `['spec', 'rules', 0]`. */
function stepsOf(field: string): (string | number)[] {
  return (field.match(/[^.[\]]+|\[\d+\]/g) ?? []).map((step) =>
    step.startsWith('[') ? Number(step.slice(1, -1)) : step,
  )
}

function lineAt(document: Document, path: readonly (string | number)[], lines: LineCounter): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
}
