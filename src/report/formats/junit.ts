import { visible } from '../../wording/quote.ts'
import type { CheckReport } from '../check.ts'
import type { Told } from '../told.ts'
import { countsOf, errorsFirst, type Format } from './format.ts'

/**
 * Prints the report as JUnit, by the schema of Jenkins. A finding that makes the command fail is a failed test, any other
 * finding a passed test with output. What could not be read is an error. A report without findings is one passed test,
 * since Jenkins rejects a file without tests.
 */
export function* checkJunit(report: CheckReport, format: Format): Generator<string> {
  const { problems } = report
  const findings = errorsFirst(report)
  const failures = findings.filter(format.fails).length
  const tests = problems.length + findings.length || 1
  const counts = `tests="${tests}" failures="${failures}" errors="${problems.length}"`
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n  <testsuite name="refgrant check" ${counts}>\n`
  for (const problem of problems) {
    const line = attribute(visible(problem))
    yield testcase('refgrant.unreadable', line, `<error message="${line}"/>`)
  }
  for (const told of findings) yield findingCase(told, format)
  if (problems.length + findings.length === 0) yield testcase('refgrant.check', attribute(countsOf(report)), '')
  yield '  </testsuite>\n</testsuites>\n'
}

function findingCase(told: Told, { fails, pathOf }: Format): string {
  const { code, severity, message, file = '', line } = told
  const place = `${pathOf(file)}:${line}`
  const text = attribute(`${visible(place)}: ${severity}: ${message}`)
  const outcome = fails(told)
    ? `<failure type="${code}" message="${attribute(message)}">${text}</failure>`
    : `<system-out>${text}</system-out>`
  return testcase(`refgrant.${code}`, attribute(`${visible(pathOf(file))}: ${subjectOf(told)}`), outcome)
}

/** Returns what a finding is about, without its line, so that a test keeps its name when the line moves. */
function subjectOf({ object, grant, field = '', target }: Told): string {
  const { namespace, name } = object ?? grant ?? {}
  const to = target ? ` to ${target.kind} ${target.namespace}/${target.name}` : ''
  return visible(`${object?.kind ?? 'grant'} ${namespace}/${name} ${field}${to}`)
}

/** @param name escaped */
function testcase(classname: string, name: string, content: string): string {
  return `    <testcase classname="${classname}" name="${name}">${content}</testcase>\n`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Escapes a text on one line for an attribute or an element. Characters that XML does not allow are already escaped. */
function attribute(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
