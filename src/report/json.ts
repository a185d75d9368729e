import { LONGEST_NAME } from '../policy/names.ts'
import { shorten, visibleJson } from '../wording/quote.ts'

/**
 * Yields indented JSON in pieces, since a report may be longer than the longest string. Any iterable becomes a list.
 * Escapes what a terminal would interpret or hide.
 */
export function* toJson(report: object): Generator<string> {
  yield* pieces(report, '\n')
  yield '\n'
}

/** @param line the line break and the indentation of the value */
function* pieces(value: unknown, line: string): Generator<string> {
  if (typeof value !== 'object' || value === null) yield visibleJson(JSON.stringify(value))
  else if (Symbol.iterator in value) yield* enclosed('[]', value as Iterable<unknown>, line, (one) => ['', one])
  else {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined)
    yield* enclosed('{}', fields, line, ([key, field]) => [`${visibleJson(JSON.stringify(key))}: `, field])
  }
}

function* enclosed<T>(
  brackets: string,
  parts: Iterable<T>,
  line: string,
  partOf: (part: T) => readonly [label: string, value: unknown],
): Generator<string> {
  let before = brackets.charAt(0)
  for (const part of parts) {
    const [label, value] = partOf(part)
    yield `${before}${line}  ${label}`
    yield* pieces(value, `${line}  `)
    before = ','
  }
  yield before === ',' ? `${line}${brackets.charAt(1)}` : brackets
}

/**
 * Shortens the parts of an object's name for a report. Names in a cluster are short enough, but a file may hold thousands
 * of references with overlong names.
 */
export function shown<T extends object>(name: T): T {
  const parts = Object.entries(name) as [string, string][]
  return Object.fromEntries(parts.map(([part, text]) => [part, shorten(text, LONGEST_NAME)])) as T
}
