import { MOST_REFERENCES } from '../policy/crossing.ts'
import { objectTitle, sentence } from '../policy/explain.ts'
import { objectFlawSentence } from '../policy/lint-object.ts'
import { lintSentence } from '../policy/lint-sentence.ts'
import { LONGEST_NAME } from '../policy/missing-grant.ts'
import { bare, quote, shorten, visibleJson } from '../policy/quote.ts'
import type { ObjectName } from '../policy/reference.ts'
import type { Finding } from './finding.ts'

/** A finding in words, without its place. */
export function findingSentence(finding: Finding): string {
  if (finding.code === 'not-permitted') return `${objectTitle(finding.reference.from)}: ${sentence(finding.reference)}`
  if (finding.code === 'too-many-references') return tooLargeSentence(finding.object, finding.references)
  if (!('grant' in finding)) return objectFlawSentence(finding)
  const { namespace, name } = finding.grant
  const title = `${bare(finding.grantKind)} ${quote(name)} in namespace ${quote(namespace)}`
  if (finding.code !== 'grant-duplicate') return `${title}: ${lintSentence(finding)}`
  return `${title} is also at ${bare(finding.other.file)}:${finding.other.line}, with another content: of the two, the last that is applied counts`
}

/** What is wrong with an object that has more references than are judged. */
export function tooLargeSentence(object: ObjectName, references: number): string {
  return `${objectTitle(object)} has ${references} references to other namespaces, and at most ${MOST_REFERENCES} are judged: split it into several objects.`
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

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
