import { LineCounter, parseAllDocuments } from 'yaml'

/** An object from a YAML or JSON text, and the line where it begins, counted from 1. */
export interface ObjectDocument {
  readonly object: Record<string, unknown>
  readonly line: number
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
 * documents are left out.
 *
 * @throws DocumentError for the first thing that is wrong
 */
export function parseObjects(text: string): ObjectDocument[] {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true })
  return documents.flatMap((document) => {
    const [error] = document.errors
    if (error) throw new DocumentError(lines.linePos(error.pos[0]).line, firstLine(error.message))
    const value: unknown = document.toJS()
    if (value === null || value === undefined) return []
    const line = lines.linePos(document.contents?.range?.[0] ?? 0).line
    if (!isObject(value)) throw new DocumentError(line, 'this document is no object')
    return itemsOf(value).map((object) => ({ object, line }))
  })
}

function itemsOf(object: Record<string, unknown>): Record<string, unknown>[] {
  const isList = typeof object.kind === 'string' && object.kind.endsWith('List') && Array.isArray(object.items)
  return isList ? (object.items as unknown[]).filter(isObject) : [object]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
}
