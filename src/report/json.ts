import { LONGEST_NAME } from '../policy/names.ts'
import { shorten, visibleJson } from '../wording/quote.ts'

/**
 * JSON as commands print it, for machines and still to be read by people, in pieces: a report may be longer than a text
 * can be. Any iterable is a list. What a terminal would obey or hide is escaped.
 */
export function* toJson(report: object): Generator<string> {
  yield* pieces(report, '\n')
  yield '\n'
}

/** @param line what a new line begins with, at the level of the value */
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
 * An object's name as reports show it. No object has a name that is too long for that, but a file may give one to
 * thousands of references.
 */
export function shown<T extends object>(name: T): T {
  const parts = Object.entries(name) as [string, string][]
  return Object.fromEntries(parts.map(([part, text]) => [part, shorten(text, LONGEST_NAME)])) as T
}
